import type { Amount } from '../../../base/money.ts'
import { CodedError } from '../../../base/errors.ts'
import { addDuration, type Timestamp } from '../../../base/time.ts'
import { type EscrowState, isTerminal } from '../../../core/escrow/escrow-state.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import type { ContractId } from '../../../core/evidence/names.ts'
import { isInPieces } from '../../../wire/v1/piece-list.ts'
import { CreditAccounts } from '../accounts/credit-accounts.ts'
import {
  inputSubject,
  isArtifactHere,
  keepArtifact,
  named,
  readArtifact,
  showArtifact,
} from '../artifacts/artifact-files.ts'
import { fetchArtifact } from '../artifacts/fetch-artifact.ts'
import { CONTRACTS, type ContractNote, LAPSED, readTerms } from '../contracts/contract-notes.ts'
import { type FollowedContract, pause } from '../contracts/contract-follower.ts'
import { CLOCK_SKEW_MS } from '../market-door.ts'
import type { Party } from '../party.ts'
import { shownMeter, type TaskCounts } from './read-meter.ts'
import { SignsOfWork } from './signs-of-work.ts'
import type { SellerPolicy } from './seller-policy.ts'
import type { TaskQueue } from './task-queue.ts'
import { ProgressFeed } from '../progress/progress-feed.ts'
import type { WorkProgress } from '../progress/progress-board.ts'
import { untilAborted } from './until-aborted.ts'
import { inputNameOf, judgeResult, manifestHashOf, readPredicate, verdictHashOf } from '../contracts/task-package.ts'
import { rememberLapse } from './lapsers.ts'

export type WorkComponents = {
  readonly party: Party
  readonly runner: Pick<TaskQueue, 'run' | 'used'>
  readonly isDoubtful: SellerPolicy['isDoubtful']
}

/** From the hold to the end of it. */
const HELD_STATES: ReadonlySet<EscrowState['kind']> = new Set([
  'HELD',
  'WORKING',
  'DELIVERED',
  'DISPUTED',
  'FROZEN',
  'CAPTURING',
  'SETTLED',
])
/** Pause before a result, a voucher or a beat is tried again. */
const AGAIN_MS = 1_000

/**
 * A worker's side of one contract, from the signature to its end: starts when the hold is certified, works, looks at what the acceptance predicate says, delivers,
 * hands the result out once the delivery is certified, and answers a rejection. Every step follows from the certified state and the journal, so that after a crash it goes on from there.
 */
export async function workOnContract(components: WorkComponents, contract: ContractId): Promise<void> {
  const { party } = components
  const work = new ContractWork(components, contract)
  let last: FollowedContract | undefined
  for await (const followed of party.follow(contract, lapseOf(party, contract))) {
    last = followed
    await work.see(followed.state)
  }
  if (last !== undefined && isTerminal(last.state)) await new CreditAccounts(party).settle(last)
  await work.end()
}

/** From then on a contract that never reached the set cannot run any more, and the place that it takes is free. */
function lapseOf(party: Party, contract: ContractId): Timestamp | undefined {
  const note = party.noteOf<ContractNote>(CONTRACTS, contract)
  return note && addDuration(readTerms(note.terms).signBy, CLOCK_SKEW_MS)
}

function inputGone(contract: ContractId): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `The input of ${contract} is gone` })
}

/** What a contract that has ended in this state has cost its payer. */
function paidIn(state: EscrowState | undefined): bigint {
  return state === undefined || !('capturedNanos' in state) ? 0n : state.capturedNanos - state.refundedNanos
}

class ContractWork {
  private readonly party: Party
  private readonly components: WorkComponents
  private readonly contract: ContractId
  private readonly stopping = new AbortController()
  private current: EscrowState | undefined
  private task: Promise<void> | undefined
  private isResultSent = false
  private isFetching = false

  constructor(components: WorkComponents, contract: ContractId) {
    this.components = components
    this.party = components.party
    this.contract = contract
  }

  async see(state: EscrowState): Promise<void> {
    this.current = state
    if (HELD_STATES.has(state.kind) && this.noted.isHeld !== true) await this.note({ isHeld: true })
    if (!this.party.signsFor(this.contract, state.terms.worker)) return
    switch (state.kind) {
      case 'HELD':
        await this.startWithInput()
        return
      case 'WORKING':
        if (this.task === undefined) this.startTask(state.terms, state.deliverBy)
        return
      case 'DELIVERED':
        this.sendResult()
        return
      case 'FROZEN':
        this.seeFrozen(state)
        return
      case 'DISPUTED':
        await this.answerRejection(state.terms, state.rejection.concededNanos)
        return
      default:
        if (isTerminal(state)) this.stopping.abort()
    }
  }

  /** A payer that lies takes nothing away: the work goes on, is delivered all the same, and is paid as claimed. */
  private seeFrozen({ terms, equivocators, claimNanos }: Extract<EscrowState, { kind: 'FROZEN' }>): void {
    if (equivocators.worker) this.stopping.abort()
    else if (claimNanos !== undefined) this.sendResult()
    else if (this.task === undefined) this.startTask(terms)
  }

  async end(): Promise<void> {
    this.stopping.abort()
    await this.task
    if (this.noted.isHeld !== true) await rememberLapse(this.party, this.noted.other)
    await this.party.journal.dropFiles(inputSubject(this.contract))
    await this.note({ ended: this.current?.kind ?? LAPSED, paidNanos: paidIn(this.current).toString() })
  }

  private get noted(): ContractNote {
    const note = this.party.noteOf<ContractNote>(CONTRACTS, this.contract)
    if (note === undefined) throw new CodedError('STORE_CORRUPTED', { message: `There is no note on ${this.contract}` })
    return note
  }

  private async note(changes: Partial<ContractNote>): Promise<void> {
    await this.party.keep(CONTRACTS, this.contract, { ...this.noted, ...changes })
  }

  /** Nothing is promised that cannot be done: without its input the task does not begin. */
  private async startWithInput(): Promise<void> {
    const { party, contract } = this
    const name = inputNameOf(this.noted.task)
    if (await isArtifactHere(party.journal, inputSubject(contract), name))
      await party.tellNotary(contract, { act: 'start', type: 'escrow-start', body: {} })
    else if (isInPieces(name.sizeBytes)) this.fetchInput()
  }

  /** An input in pieces is fetched once the price is held, so that nobody fills this disk for nothing. */
  private fetchInput(): void {
    if (this.isFetching) return
    this.isFetching = true
    const { party, contract } = this
    party.begin(async () => {
      const signal = AbortSignal.any([party.signal, this.stopping.signal])
      const name = inputNameOf(this.noted.task)
      const wanted = { contract, subject: inputSubject(contract), name, node: this.noted.peer }
      while (this.current?.kind === 'HELD' && !signal.aborted) {
        if (await fetchArtifact(party, wanted, { signal })) {
          await this.startWithInput()
          return
        }
        await pause(party.components.timers, AGAIN_MS, signal)
      }
    })
  }

  private startTask(terms: EscrowTerms, dueAt?: Timestamp): void {
    const done = this.runTask(terms, dueAt)
    this.task = done.catch(() => undefined)
    this.party.begin(async () => {
      try {
        await done
      } catch (cause: unknown) {
        // A contract that ended stops its task; everything else is a failure of the work, and T_deliver ends the contract.
        if (!this.stopping.signal.aborted) throw cause
      }
    })
  }

  private async readInput(): Promise<Uint8Array> {
    const input = await readArtifact(this.party.journal, inputNameOf(this.noted.task))
    if (input === undefined) throw inputGone(this.contract)
    return input
  }

  private async runTask(terms: EscrowTerms, dueAt: Timestamp | undefined): Promise<void> {
    const { party, contract, noted } = this
    const signal = AbortSignal.any([party.signal, this.stopping.signal])
    if (noted.result === undefined) {
      const signs = new SignsOfWork(party, {
        contract,
        payer: noted.other,
        peer: noted.peer,
        used: () => this.components.runner.used?.(contract) ?? new Map(),
      })
      const stopBeats = signs.beat(terms, signal)
      try {
        const reached = async (milestone: number, counts: TaskCounts): Promise<void> =>
          await signs.vouch(terms, milestone, counts)
        const init = {
          contract,
          skill: noted.task.skill,
          readInput: async () => await this.readInput(),
          ...(dueAt && { dueAt }),
        }
        const feed = new ProgressFeed(party, { contract, payer: noted.peer, signal })
        const controls = { signal, reached, progress: (made: WorkProgress) => feed.say(made) }
        const { result, counts } = await untilAborted(this.components.runner.run(init, controls), signal)
        signal.throwIfAborted()
        const meter = await signs.readMeter('last', counts)
        const made = await keepArtifact(party.journal, contract, result)
        const predicate = readPredicate(noted.predicate, terms.predicateHash)
        if (predicate === undefined)
          throw new CodedError('STORE_CORRUPTED', { message: 'The predicate is another one' })
        // Seen before anything is delivered: a rejection of what failed is not contested.
        const input = await showArtifact(party.journal, inputSubject(contract), inputNameOf(noted.task))
        if (input === undefined) throw inputGone(contract)
        const judged = judgeResult(predicate, { input, result: named(made, result) })
        const inPieces = isInPieces(made.sizeBytes) ? { resultBytes: made.sizeBytes } : {}
        const verdict = verdictHashOf(judged)
        await this.note({ result: made.hash, ...inPieces, verdict, outcome: judged.outcome, meter })
      } finally {
        stopBeats()
      }
    }
    await this.deliver(terms)
  }

  /**
   * Whatever the predicate says: it is the payer's, and may be one that no work meets. The verdict is in the delivery, and whoever has worked in time is not silent. The
   * result leaves when the set has certified the delivery, so that nobody has it and may still end the contract without paying.
   */
  private async deliver(terms: EscrowTerms): Promise<void> {
    const { result: hash, resultBytes, verdict, meter } = this.noted
    const file = hash === undefined ? undefined : await this.party.journal.file(hash)
    if (hash === undefined || file === undefined || verdict === undefined || meter === undefined) return
    const body = {
      result: hash,
      manifest: manifestHashOf({ hash, sizeBytes: resultBytes ?? file.byteLength }),
      meter,
      verdict,
      claimNanos: terms.maxNanos,
      currency: terms.currency,
    }
    await this.party.tellNotary(this.contract, { act: 'deliver', type: 'escrow-delivery', body })
  }

  /** To the payer directly, again and again while it can still be accepted; of a result in pieces the list, whose pieces the payer fetches. */
  private sendResult(): void {
    const { party, contract } = this
    const { result: hash, peer } = this.noted
    if (this.isResultSent || hash === undefined) return
    this.isResultSent = true
    party.begin(async () => {
      const bytes = await party.journal.file(hash)
      if (bytes === undefined) return
      const signal = AbortSignal.any([party.signal, this.stopping.signal])
      while (!signal.aborted) {
        try {
          const { frame } = await party.components.door.ask(
            peer,
            { frame: { type: 'result', contract, hash, ...shownMeter(party, contract, this.noted.meter) }, bytes },
            { signal },
          )
          if (frame.type === 'taken') return
        } catch (error: unknown) {
          // A contract that ends ends the sending, too.
          if (!CodedError.is(error) && !signal.aborted) throw error
        }
        await pause(party.components.timers, AGAIN_MS, signal)
      }
    })
  }

  /** Insists on what the predicate passed or leaves to others, and gives in where it failed: but for the share that the contract gives where nobody rules. */
  private async answerRejection(terms: EscrowTerms, concededNanos: Amount): Promise<void> {
    const { party, contract, noted } = this
    const { currency } = terms
    const evidence = noted.result ?? noted.input
    const isRuled = terms.arbiters.k > 0 && this.components.isDoubtful?.(noted.other) !== true
    if (noted.outcome === 'failed' && (isRuled || terms.fallbackPerMillion === 0)) {
      const body = { evidence, claimNanos: concededNanos, currency }
      await party.tellNotary(contract, { act: 'concede', type: 'escrow-dispute', body })
      return
    }
    await party.tellNotary(contract, { act: 'evidence', type: 'escrow-evidence', body: { evidence } })
  }
}
