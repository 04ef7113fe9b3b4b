import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { HOUR_MS } from '../../base/time.ts'
import { commitmentOf } from '../../core/disputes/commitment.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import type { MessageBody } from '../../wire/v1/message-types.ts'
import { contractIdOf, termsOfBody } from '../../wire/v1/escrow-terms.ts'
import { closedDispute } from './closed-dispute.ts'
import { pause } from '../parties/contracts/contract-follower.ts'
import { declined, type MarketAnswer, type MarketQuestion } from '../parties/market-door.ts'
import type { Party } from '../parties/party.ts'
import type { KeptEnvelope } from '../parties/journal/party-record.ts'
import { StandingOffers } from '../parties/selling/standing-offers.ts'
import type { TaskRunner } from '../parties/selling/task-runner.ts'
import { headOfArtifact, readArtifact } from '../parties/artifacts/artifact-files.ts'
import { fetchPieces } from '../parties/artifacts/fetch-pieces.ts'
import { inputNameOf, taskHashOf } from '../parties/contracts/task-package.ts'
import { isInPieces } from '../../wire/v1/piece-list.ts'
import { nonceOf } from '../parties/accounts/wallet.ts'

/** Who runs tasks of disputed contracts again, and for which skills and arbiters. */
export type ReplicaComponents = {
  readonly party: Party
  /** The same that does the work of contracts. */
  readonly runner: TaskRunner
  /** Skills whose tasks are run again for arbiters, without pay. */
  readonly isOffered: (skill: string) => boolean
  /** Whether this party has named an arbiter for its own contracts of a skill. Others have the task run only where the contract is worth what this party asks for the work. */
  readonly isArbiterNamed: (skill: string, arbiter: Did) => boolean
}

/** Runs that are under way at once. */
const RUNS_MAX = 4
/** Longest wait of an answer; whoever asks again finds the run where it is. */
const ANSWER_MS = 2_000
/** A run ends within an hour of its call. */
const SPAN_MS_MAX: number = HOUR_MS
/** Topic of notes on runs, by `CONTRACT/ROUND`. */
const RUNS = 'replica'
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

type RunNote = { readonly salt: string; readonly result: Hash; readonly from: Did }
type Call = MessageBody<'replica-call'>

/**
 * Runs tasks of disputed contracts again for their arbiters, while the notary set has them as DISPUTED with a closed record. It commits to its result before
 * anybody can ask for it, and shows it to the one who called. Salt and result are in the journal before the commitment leaves, so that a run has one result, whatever happens.
 */
export class Replica {
  private readonly components: ReplicaComponents
  private readonly party: Party
  private readonly running = new Map<string, Promise<KeptEnvelope | undefined>>()

  constructor(components: ReplicaComponents) {
    this.components = components
    this.party = components.party
  }

  /** Answers from now on. */
  start(): void {
    this.party.serveOnce('replica', {
      'replica-wanted': async (question) => await this.commit(question),
      'replica-reveal-wanted': async (question) => await this.reveal(question),
    })
  }

  private async commit({ from, frame, bytes }: MarketQuestion<'replica-wanted'>): Promise<MarketAnswer> {
    const { party } = this
    const read = party.read(frame.envelope, 'replica-call')
    if (read === undefined) return declined('MARKET_ENVELOPE_REFUSED')
    const call = read.envelope.body
    const code = this.refuse(read.envelope.head.iss, call, bytes)
    if (code !== undefined) return declined(code)
    const { contract, round } = call
    const key = `${contract}/${round}`
    const act = actOf('commit', { contract, round })
    // Terms are made up by anybody; what the set has certified is not.
    const isBegun = this.running.has(key) || party.wallet.said(act) !== undefined
    if (!isBegun && !(await this.isDisputed(contract))) return declined('MARKET_CONTRACT_UNKNOWN')
    const said = party.wallet.said(act)
    if (said !== undefined) return saidAnswer(said)
    if (!this.running.has(key) && this.running.size >= RUNS_MAX) return declined('MARKET_BUSY')
    const run = this.running.get(key) ?? this.begin(key, { from, call, input: bytes })
    const waited = pause(party.components.timers, ANSWER_MS, party.signal).then(() => undefined)
    const kept = await Promise.race([run, waited])
    return kept === undefined ? declined('MARKET_BUSY') : saidAnswer(kept)
  }

  /** A set that cannot be asked now has certified nothing here. */
  private async isDisputed(contract: ContractId): Promise<boolean> {
    try {
      return (await closedDispute(this.party, contract)) !== undefined
    } catch (error: unknown) {
      if (!CodedError.is(error) || this.party.isStopped) throw error
      return false
    }
  }

  /** Whether an arbiter of the contract asks for a task of it that this party has no part in. */
  private refuse(
    iss: Did,
    { contract, terms: body, task, commitBy, revealBy }: Call,
    input: Uint8Array,
  ):
    | 'MARKET_ENVELOPE_REFUSED'
    | 'MARKET_TASK_WRONG'
    | 'MARKET_SKILL_UNKNOWN'
    | 'MARKET_PRICE_LOW'
    | 'MARKET_LIMIT_PASSED'
    | undefined {
    const terms = termsOfBody(body)
    const { did } = this.party
    const isParty = terms.payer === did || terms.worker === did
    if (contractIdOf(terms) !== contract || !terms.arbiters.members.includes(iss) || isParty)
      return 'MARKET_ENVELOPE_REFUSED'
    const isTask =
      taskHashOf(task) === terms.taskHash &&
      headOfArtifact(input, inputNameOf(task)) !== undefined &&
      task.inputBytes <= this.party.journal.limits.artifactBytesMax
    if (!isTask) return 'MARKET_TASK_WRONG'
    if (!this.components.isOffered(task.skill)) return 'MARKET_SKILL_UNKNOWN'
    // Payer, worker and arbiter may be three keys of one, and their price as small as they like.
    const offer = new StandingOffers(this.party).cheapestFor(task.skill, terms.currency)
    const isWorth = offer !== undefined && terms.maxNanos >= offer.priceNanos
    if (!isWorth && !this.components.isArbiterNamed(task.skill, iss)) return 'MARKET_PRICE_LOW'
    const now = this.party.components.clock.now()
    return now < commitBy && commitBy < revealBy && revealBy <= now + SPAN_MS_MAX ? undefined : 'MARKET_LIMIT_PASSED'
  }

  private begin(key: string, asked: Asked): Promise<KeptEnvelope | undefined> {
    const run = this.run(asked)
      // A task that fails here says nothing about the delivery.
      .catch(() => undefined)
      .finally(() => this.running.delete(key))
    this.running.set(key, run)
    this.party.begin(async () => void (await run))
    return run
  }

  /** The input, where it is behind the call or its pieces come from the node that called. */
  private async inputOf({ from, call, input }: Asked, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { journal } = this.party
    const { contract, round, task } = call
    const name = inputNameOf(task)
    const head = headOfArtifact(input, name)
    if (head?.kind !== 'list') return input
    const subject = `replica/${contract}/${round}`
    try {
      await journal.keepFile(subject, input)
      const isHere = await fetchPieces(this.party, { contract, list: head.list, subject, nodes: [from] }, { signal })
      return isHere ? await readArtifact(journal, name) : undefined
    } finally {
      await journal.dropFiles(subject)
    }
  }

  private async run(asked: Asked): Promise<KeptEnvelope> {
    const { from, call } = asked
    const { party, components } = this
    const { contract, round, task, commitBy } = call
    const late = party.components.clock.timeoutSignal(Math.max(1, commitBy - party.components.clock.now()))
    const signal = AbortSignal.any([party.signal, late])
    const reached = async (): Promise<void> => await Promise.resolve()
    const input = await this.inputOf(asked, signal)
    if (input === undefined) throw new CodedError('NETWORK_UNREACHABLE', { message: 'The input has not come' })
    const work = components.runner.run({ contract, skill: task.skill, input }, { signal, reached })
    const { result } = await Promise.race([work, aborted(signal)])
    // Predicates that ask for another run look into what it gave, and nobody looks into so much.
    if (isInPieces(result.byteLength))
      throw new CodedError('EVIDENCE_FILE_LARGE', { message: `The run gave ${result.byteLength} bytes` })
    const hash = await party.journal.keepFile(contract, result)
    const salt = nonceOf(party.components.random.bytes(16))
    await party.keep(RUNS, `${contract}/${round}`, { salt, result: hash, from } satisfies RunNote)
    const value: JsonValue = hash
    const commitment = commitmentOf({ domain: 'replica', contract, round, iss: party.did, salt, value })
    const body = { contract, round, commitment }
    const act = actOf('commit', { contract, round })
    return await party.wallet.say({ act, type: 'replica-commit', body, aud: '*', subject: contract })
  }

  private async reveal({ from, frame }: MarketQuestion<'replica-reveal-wanted'>): Promise<MarketAnswer> {
    const { party } = this
    const { contract, round } = frame
    const note = party.noteOf<RunNote>(RUNS, `${contract}/${round}`)
    const result = note === undefined ? undefined : await party.journal.file(note.result)
    const isCommitted = party.wallet.said(actOf('commit', { contract, round })) !== undefined
    if (note === undefined || result === undefined || note.from !== from || !isCommitted)
      return declined('MARKET_CONTRACT_UNKNOWN')
    const body = { contract, round, result: note.result, salt: note.salt }
    const act = actOf('reveal', { contract, round })
    const said = await party.wallet.say({ act, type: 'replica-reveal', body, aud: '*', subject: contract })
    return { ...saidAnswer(said), bytes: result }
  }
}

type Asked = { readonly from: Did; readonly call: Call; readonly input: Uint8Array }

function actOf(
  step: 'commit' | 'reveal',
  { contract, round }: { readonly contract: ContractId; readonly round: number },
): string {
  return `${contract}/replica-${step}/${round}`
}

function saidAnswer({ bytes }: KeptEnvelope): MarketAnswer {
  return { frame: { type: 'said', envelope: DECODER.decode(bytes) } }
}

async function aborted(signal: AbortSignal): Promise<never> {
  return await new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
