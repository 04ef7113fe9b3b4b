import type { Timestamp } from '../../../base/time.ts'
import { CodedError } from '../../../base/errors.ts'
import { type EscrowState, isTerminal } from '../../../core/escrow/escrow-state.ts'
import type { ContractId } from '../../../core/evidence/names.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { ContractEvidence, NotaryClient } from '../../../ports/notary-client.ts'
import type { Timers } from '../../../ports/timers.ts'
import type { VerifyBytes } from '../../../wire/v1/authenticate.ts'
import { ContractReplay, type ReplayFault } from './contract-replay.ts'

export type FollowerComponents = {
  readonly notary: Pick<NotaryClient, 'set' | 'contract' | 'evidence'>
  readonly clock: Pick<Clock, 'now'>
  readonly timers: Timers
  readonly verify: VerifyBytes
}

export type FollowInit = {
  readonly contract: ContractId
  readonly signal: AbortSignal
  /** From then on the contract cannot begin any more: it ends here where the set does not know it. Absent: it is waited for. */
  readonly lapsesAt?: Timestamp
  /** Longest wait of one question; absent: 10 s. */
  readonly waitMs?: number
}

const WAIT_MS = 10_000
/** Pause before a contract that the set does not know, or a set that does not answer, is asked for again. */
const PAUSE_MS = 250
const PAUSE_MS_MAX = 5_000

/** A contract that is followed: what its evidence gives, checked. */
export type FollowedContract = {
  readonly state: EscrowState
  readonly replay: ContractReplay
}

/**
 * Every state of a contract that can be seen, from now until it ends: asks the set, waits there for the next transition, checks what comes and runs the state table on
 * it. Nothing that the set merely says is believed. Ends after a terminal state, when the set has forgotten the contract, or when one that it never knew has lapsed.
 *
 * Throws `NOTARY_ANSWER_WRONG` for evidence that is wrong, and the signal's reason; what cannot be reached is tried again.
 */
export async function* followContract(
  { notary, clock, timers, verify }: FollowerComponents,
  { contract, signal, lapsesAt, waitMs = WAIT_MS }: FollowInit,
): AsyncGenerator<FollowedContract> {
  const replay = new ContractReplay({ set: notary.set, contract, verify })
  let pauseMs = PAUSE_MS
  for (;;) {
    signal.throwIfAborted()
    const isKnown = replay.steps.length > 0
    try {
      const view = await notary.contract(contract, { afterSeq: replay.steps.length - 1, waitMs, signal })
      if (view === undefined && (isKnown || (lapsesAt !== undefined && clock.now() >= lapsesAt))) return
      if (view !== undefined && view.transitions.length > 0) {
        const newest = view.transitions.at(-1)?.seq ?? 0
        const judge = (evidence: readonly ContractEvidence[]): void => takeAll(replay, { evidence, newest })
        judge(await notary.evidence(contract, { judge, signal }))
        pauseMs = PAUSE_MS
        if (replay.state !== undefined) yield { state: replay.state, replay }
        if (replay.state !== undefined && isTerminal(replay.state)) return
        continue
      }
      if (view !== undefined) continue
    } catch (error: unknown) {
      if (signal.aborted || !CodedError.is(error) || !error.isRetryable || error.code === 'NOTARY_ANSWER_WRONG')
        throw error
    }
    await pause(timers, pauseMs, signal)
    pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)
  }
}

/** Takes what is new, up to the newest transition that the set has told of at least. What was taken before is not looked at again. */
function takeAll(
  replay: ContractReplay,
  { evidence, newest }: { readonly evidence: readonly ContractEvidence[]; readonly newest: number },
): void {
  for (const piece of evidence.slice(replay.steps.length)) {
    const fault = replay.take(piece)
    if (fault !== undefined) throw wrongEvidence(replay, fault)
  }
  if (replay.steps.length <= newest) throw wrongEvidence(replay, 'REPLAY_SEQUENCE_WRONG')
}

function wrongEvidence({ steps }: ContractReplay, fault: ReplayFault): CodedError {
  return new CodedError('NOTARY_ANSWER_WRONG', { message: `step ${steps.length}: ${fault}`, details: { fault } })
}

/** Waits; ends early when the signal does. */
export async function pause(timers: Timers, pauseMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const waiting = Promise.withResolvers<void>()
  const end = (): void => waiting.resolve()
  const timer = timers.schedule(pauseMs, end)
  signal.addEventListener('abort', end, { once: true })
  await waiting.promise
  signal.removeEventListener('abort', end)
  timer.cancel()
}
