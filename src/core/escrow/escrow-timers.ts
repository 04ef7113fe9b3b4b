import { type DurationMs, type Timestamp, addDuration } from '../../base/time.ts'
import { type EscrowState, isTerminal } from './escrow-state.ts'
import { BEATS_MISSED_MAX, type EscrowTerms, SIGN_SPAN_MAX } from './escrow-terms.ts'

export const ESCROW_TIMER_NAMES = [
  'offer',
  'hold',
  'start',
  'beat',
  'deliver',
  'accept',
  'evidence',
  'rule',
  'refund',
  'retain',
  'retry',
] as const
export type EscrowTimerName = (typeof ESCROW_TIMER_NAMES)[number]

export type EscrowTimer = { readonly name: EscrowTimerName; readonly firesAt: Timestamp }

/** How long the ledger's answer is waited for before the same orders are sent again. */
export const RETRY_MS: DurationMs = 1_000 as DurationMs

/** The timers that run in a state, in the order of `ESCROW_TIMER_NAMES`. Their deadlines are the state's, so nothing can be forgotten or left behind. */
export function timersOf(state: EscrowState): readonly EscrowTimer[] {
  switch (state.kind) {
    case 'DRAFT':
      return []
    case 'OFFERED':
      return [{ name: 'offer', firesAt: state.offerBy }]
    case 'AGREED':
      return [{ name: 'hold', firesAt: state.holdBy }]
    case 'HELD':
      return [{ name: 'start', firesAt: state.startBy }]
    case 'WORKING':
      return [...optionalTimer('beat', state.beatBy), { name: 'deliver', firesAt: state.deliverBy }]
    case 'DELIVERED':
      if (state.rejecting !== undefined) return [{ name: 'retry', firesAt: state.rejecting.retryAt }]
      return [{ name: 'accept', firesAt: state.acceptBy }]
    case 'DISPUTED':
      return [...optionalTimer('evidence', state.evidenceBy), { name: 'rule', firesAt: state.ruleBy }]
    case 'FROZEN':
      return [{ name: 'rule', firesAt: state.ruleBy }]
    case 'CAPTURING':
      return [{ name: 'retry', firesAt: state.retryAt }]
    case 'SETTLED':
      if (state.refunding !== undefined) return [{ name: 'retry', firesAt: state.refunding.retryAt }]
      return [{ name: 'refund', firesAt: state.refundBy }]
    case 'ABORTED':
    case 'VOIDED':
    case 'EXPIRED':
    case 'FINAL':
    case 'REFUNDED':
      return [{ name: 'retain', firesAt: state.retainUntil }]
  }
}

function optionalTimer(name: EscrowTimerName, firesAt: Timestamp | undefined): readonly EscrowTimer[] {
  return firesAt === undefined ? [] : [{ name, firesAt }]
}

/** When the timer fires; `undefined` when it does not run. */
export function firesAtOf(state: EscrowState, name: EscrowTimerName): Timestamp | undefined {
  return timersOf(state).find((timer) => timer.name === name)?.firesAt
}

/** The deadline that messages are held against; `undefined` when it has passed for good. It stands while the ledger's answer is waited for, though its timer does not run. */
export function deadlineOf(state: EscrowState, name: EscrowTimerName): Timestamp | undefined {
  if (state.kind === 'DELIVERED' && name === 'accept') return state.acceptBy
  if (state.kind === 'SETTLED' && name === 'refund') return state.refundBy
  return firesAtOf(state, name)
}

/** The instant until which a worker is waited for, from a voucher, a beat or the start. */
export function beatDeadline(terms: EscrowTerms, at: Timestamp): Timestamp {
  return addDuration(at, (BEATS_MISSED_MAX * terms.timers.beatMs) as DurationMs)
}

/** Until when an ended contract is kept: for T_retain, and for as long as its terms could be offered again. */
export function retainedUntil({ timers, signBy }: EscrowTerms, at: Timestamp): Timestamp {
  return laterOf(addDuration(at, timers.retainMs), signBy)
}

/** The same of a contract that was never held: nobody paid for its place, so it is kept no longer than whoever asked needs to hear of its end. */
export function abortedUntil({ timers, signBy }: EscrowTerms, at: Timestamp): Timestamp {
  const span = timers.retainMs < SIGN_SPAN_MAX ? timers.retainMs : SIGN_SPAN_MAX
  return laterOf(addDuration(at, span), signBy)
}

function laterOf(one: Timestamp, other: Timestamp): Timestamp {
  return one > other ? one : other
}

/** A contract that lost all its timers would hold money for ever; a draft and a terminal state hold none. */
export function hasTimer(state: EscrowState): boolean {
  return state.kind === 'DRAFT' || isTerminal(state) || timersOf(state).length > 0
}
