import { CodedError } from '../../base/errors.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { addDuration, type DurationMs, type Timestamp, timestampFromMs } from '../../base/time.ts'
import { nextReplicaScore, replicaWeight, REPLICAS_MAX } from '../../core/disputes/credibility.ts'
import {
  areReplicationTermsSound,
  REPLICATION_MACHINE,
  type ReplicationEvent,
  type ReplicationState,
  type ReplicationTerms,
} from '../../core/disputes/replication-machine.ts'
import type { EscrowTerms } from '../../core/escrow/escrow-terms.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import { readDisputeMessage } from '../../wire/v1/dispute-events.ts'
import { bodyOfTerms, ESCROW_TERMS } from '../../wire/v1/escrow-terms.ts'
import type { MarketPost, MarketTask } from '../../wire/v1/market-frames.ts'
import { attestedOf } from '../parties/attestations.ts'
import { pause } from '../parties/contracts/contract-follower.ts'
import { askOffers } from '../parties/buying/find-sellers.ts'
import type { MarketAnswer } from '../parties/market-door.ts'
import type { Party } from '../parties/party.ts'
import { listOfArtifact } from '../parties/artifacts/artifact-files.ts'
import { type ArtifactName, hashOfBytes, type ShownArtifact } from '../parties/contracts/task-package.ts'
import { nonceOf } from '../parties/accounts/wallet.ts'

/** What `market attest` says of a seller to have its runs believed from the start. */
export const REPLICA_CAPABILITY = 'replica'

/**
 * How an arbiter has a task run again: sellers commit to a result within `commitMs` of the call, and show it within `revealMs` after that. With fewer of
 * them than `quorum` nobody is asked.
 */
export type ReplicationPolicy = {
  /** Sellers that are asked, 1 to 32. */
  readonly replicasMax: number
  /** How many must say the same at least. */
  readonly quorum: number
  /** The threshold is `1 - 1 / trust`; two newcomers that agree reach 4 / 5. */
  readonly trust: bigint
  readonly commitMs: DurationMs
  readonly revealMs: DurationMs
}

/** Three sellers; two newcomers that agree are believed. One minute to commit to a result, 20 seconds to show it. */
export const REPLICATION_POLICY_DEFAULT: ReplicationPolicy = {
  replicasMax: 3,
  quorum: 2,
  trust: 5n,
  commitMs: 60_000 as DurationMs,
  revealMs: 20_000 as DurationMs,
}

export type ReplicationQuestion = {
  readonly contract: ContractId
  readonly terms: EscrowTerms
  /** Of the closed record. */
  readonly root: Hash
  readonly task: MarketTask
  /** As one file, or in pieces under the subject of the case. */
  readonly input: ShownArtifact
  /** Nodes at which sellers of the skill may be. */
  readonly peers: readonly Did[]
  /** Whose runs are believed besides those that this party attests, or whose runs were right before; absent: nobody's. Keys cost nothing, and many of them agree with each other. */
  readonly isKnown?: ((seller: Did) => boolean) | undefined
}

/** What replicas came to. All of it is signed by them and in the journal. */
export type ReplicationOutcome = {
  /** `undefined`: nobody could be asked, or no result is credible enough. */
  readonly result: Hash | undefined
  readonly bytes: Uint8Array | undefined
  readonly agreed: readonly Did[]
  readonly dissented: readonly Did[]
  readonly silent: readonly Did[]
}

type ReplicationNote = {
  readonly result?: Hash | undefined
  readonly agreed: readonly Did[]
  readonly dissented: readonly Did[]
  readonly silent: readonly Did[]
}

/** Topics of notes: outcomes by `CONTRACT/ROOT`, scores by replica. */
const OUTCOMES = 'replication'
const SCORES = 'replica-score'
const AGAIN_MS = 250
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

/**
 * Has the task of a dispute run again by others: all commit, then all reveal. Whoever is asked is drawn by lot from known sellers of the skill, one of each node and
 * neither party among them. It happens once for each record; asked again it is what was found.
 */
export async function replicate(
  party: Party,
  question: ReplicationQuestion,
  policy: ReplicationPolicy = REPLICATION_POLICY_DEFAULT,
): Promise<ReplicationOutcome> {
  const key = `${question.contract}/${question.root}`
  const known = party.noteOf<ReplicationNote>(OUTCOMES, key)
  if (known !== undefined)
    return { ...known, result: known.result, bytes: known.result && (await party.journal.file(known.result)) }
  const nodes = await chooseReplicas(party, question, policy.replicasMax)
  if (nodes.size === 0) return { result: undefined, bytes: undefined, agreed: [], dissented: [], silent: [] }
  const outcome = await new ReplicationRun(party, { question, policy, nodes }).run()
  const { result, agreed, dissented, silent } = outcome
  await party.keep(OUTCOMES, key, { agreed, dissented, silent, ...(result !== undefined && { result }) })
  if (outcome.result !== undefined) await score(party, outcome)
  return outcome
}

/**
 * Known sellers of the skill with the nodes at which they are, one of each node, in the order of the draw. The lot is drawn when the list is there, so that nobody makes a key
 * that comes first.
 */
async function chooseReplicas(
  party: Party,
  { contract, terms, root, task, peers, isKnown }: ReplicationQuestion,
  max: number,
): Promise<ReadonlyMap<Did, Did>> {
  const answers = await Promise.all(peers.map(async (peer) => await askOffers(party, peer, task.skill)))
  const parties = new Set([terms.payer, terms.worker, ...party.keys])
  const nodeOf = new Map<Did, Did>()
  for (const { envelope } of answers.flat()) {
    const { iss } = envelope.head
    const isTrusted = isAttested(party, iss) || scoreOf(party, iss) > 0 || isKnown?.(iss) === true
    if (isTrusted && !parties.has(iss)) nodeOf.set(iss, envelope.body.node)
  }
  const lot = nonceOf(party.components.random.bytes(16))
  const draw = (did: Did): string => sha256Hex([lot, contract, root, did].join('\u0000'))
  const drawn = [...nodeOf].toSorted(([left], [right]) => (draw(left) < draw(right) ? -1 : 1))
  const nodes = new Set<Did>()
  const each = drawn.filter(([, node]) => !nodes.has(node) && nodes.add(node))
  return new Map(each.slice(0, Math.min(max, REPLICAS_MAX)))
}

function isAttested(party: Party, seller: Did): boolean {
  return attestedOf(party, seller).includes(REPLICA_CAPABILITY)
}

/** A valid result is worth one more; a wrong one costs a third. Silence costs nothing: a replica may be away. */
async function score(party: Party, { agreed, dissented }: ReplicationOutcome): Promise<void> {
  for (const did of [...agreed, ...dissented])
    await party.keep(SCORES, did, { score: nextReplicaScore(scoreOf(party, did), agreed.includes(did)) })
}

function scoreOf(party: Party, did: Did): number {
  return party.noteOf<{ readonly score: number }>(SCORES, did)?.score ?? 0
}

type RunInit = {
  readonly question: ReplicationQuestion
  readonly policy: ReplicationPolicy
  readonly nodes: ReadonlyMap<Did, Did>
}

class ReplicationRun {
  private readonly party: Party
  private readonly init: RunInit
  private readonly results = new Map<Hash, Uint8Array>()
  private readonly terms: ReplicationTerms
  private state: ReplicationState
  private readonly at: Timestamp

  constructor(party: Party, init: RunInit) {
    this.party = party
    this.init = init
    const { question, policy, nodes } = init
    this.at = party.components.clock.now()
    const commitBy = addDuration(this.at, policy.commitMs)
    this.terms = {
      contract: question.contract,
      // Arbiters run the task apart, each under its own number, so that no result of one opens in another.
      round: Math.max(0, question.terms.arbiters.members.indexOf(party.did)),
      replicas: [...nodes.keys()].map((did) => ({ did, weight: replicaWeight(scoreOf(party, did)) })),
      trust: policy.trust,
      quorum: Math.min(policy.quorum, nodes.size),
      commitBy,
      revealBy: addDuration(commitBy, policy.revealMs),
    }
    this.state = REPLICATION_MACHINE.initial({ terms: this.terms, at: this.at })
  }

  async run(): Promise<ReplicationOutcome> {
    const nothing = { result: undefined, bytes: undefined, agreed: [], dissented: [], silent: [] }
    // One replica alone is nobody's witness.
    if (!areReplicationTermsSound(this.terms) || this.terms.replicas.length < this.init.policy.quorum) return nothing
    const envelope = await this.call()
    const { input } = this.init.question
    const { contract, round } = this.terms
    const bytes = input.bytes ?? (await this.party.journal.file(input.hash))
    if (bytes === undefined) return nothing
    const takeBack = await this.lendPieces(input)
    try {
      const call = { frame: { type: 'replica-wanted', envelope } as const, bytes }
      await this.askAll(call, { type: 'replica-commit', until: this.terms.commitBy })
    } finally {
      takeBack()
    }
    this.fire('commit', this.terms.commitBy)
    const reveal = { frame: { type: 'replica-reveal-wanted', contract, round } as const }
    await this.askAll(reveal, { type: 'replica-reveal', until: this.terms.revealBy })
    this.fire('reveal', this.terms.revealBy)
    return this.outcome ?? nothing
  }

  /** Whoever is called may have the pieces of the input. @returns Ends it. */
  private async lendPieces(input: ArtifactName): Promise<() => void> {
    const { party, init, terms } = this
    const list = await listOfArtifact(party.journal, input)
    if (list === undefined) return () => undefined
    const nodes = new Set(init.nodes.values())
    return party.loans.lend({ contract: terms.contract, nodes, hashes: new Set(list.pieces) })
  }

  private outcome: ReplicationOutcome | undefined

  private async call(): Promise<string> {
    const { party, init, terms } = this
    const { question } = init
    const { contract, round, commitBy, revealBy } = terms
    const body = {
      contract,
      round,
      terms: ESCROW_TERMS.parse(bodyOfTerms(question.terms)),
      task: question.task,
      commitBy,
      revealBy,
    }
    const act = `${contract}/replica-call/${question.root}/${this.at}`
    const kept = await party.wallet.say({ act, type: 'replica-call', body, aud: '*', subject: contract })
    return DECODER.decode(kept.bytes)
  }

  private async askAll(
    question: MarketAnswer,
    { type, until }: { readonly type: 'replica-commit' | 'replica-reveal'; readonly until: Timestamp },
  ): Promise<void> {
    const asked = [...this.init.nodes].map(async ([did, node]) => {
      while (!this.party.isStopped && this.party.components.clock.now() < until) {
        const answer = await this.ask(node, question)
        if (answer !== undefined && (await this.take(did, type, answer))) return
        await pause(this.party.components.timers, AGAIN_MS, this.party.signal)
      }
    })
    await Promise.all(asked)
  }

  private async ask(node: Did, question: MarketAnswer): Promise<MarketPost | undefined> {
    try {
      return await this.party.components.door.ask(node, question, { signal: this.party.signal })
    } catch (error: unknown) {
      if (!CodedError.is(error)) throw error
      return undefined
    }
  }

  /** @returns Whether nothing more is expected of this replica in this phase. */
  private async take(
    did: Did,
    type: 'replica-commit' | 'replica-reveal',
    { frame, bytes }: MarketPost,
  ): Promise<boolean> {
    // It declined for good, or is still running the task.
    if (frame.type !== 'said') return frame.type !== 'declined' || frame.code !== 'MARKET_BUSY'
    const read = this.party.read(frame.envelope, type)
    if (read === undefined || read.envelope.head.iss !== did) return true
    const { contract, round } = this.terms
    const { currency } = this.init.question.terms
    const nothing = (): undefined => undefined
    const init = { contract, currency, round, sizeOf: nothing, heldBy: nothing }
    const reading = readDisputeMessage(read.message, init)
    if (reading.kind !== 'replication-event') return true
    const { event } = reading
    if (event.type === 'result-revealed' && hashOfBytes(bytes) !== event.result) return true
    await this.party.hear(read)
    if (event.type === 'result-revealed') this.results.set(event.result, bytes)
    await this.apply(event)
    return true
  }

  private fire(name: 'commit' | 'reveal', deadline: Timestamp): void {
    const isDue = name === 'commit' ? this.state.kind === 'committing' : this.state.kind === 'revealing'
    if (isDue) this.step({ type: 'timer-fired', name, at: this.stamp(deadline) })
  }

  private async apply(event: ReplicationEvent): Promise<void> {
    this.step({ ...event, at: this.stamp(0) })
    const { result } = this.outcome ?? {}
    const bytes = result === undefined ? undefined : this.results.get(result)
    if (bytes !== undefined) await this.party.journal.keepFile(this.terms.contract, bytes)
  }

  private step(event: ReplicationEvent): void {
    const { state, effects } = REPLICATION_MACHINE.transition(this.state, event)
    this.state = state
    for (const effect of effects)
      if (effect.type === 'replication-ended') {
        const { result, agreed, dissented, silent } = effect
        this.outcome = { result, bytes: result && this.results.get(result), agreed, dissented, silent }
      }
  }

  /** Never backward, also where the clock is. */
  private stamp(least: number): Timestamp {
    return timestampFromMs(Math.max(this.party.components.clock.now(), this.state.at, least))
  }
}
