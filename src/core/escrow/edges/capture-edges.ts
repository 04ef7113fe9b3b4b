import { addAmounts, subtractAmounts, ZERO_AMOUNT } from '../../../base/money.ts'
import { type Timestamp, addDuration } from '../../../base/time.ts'
import type { EscrowEdgeName } from '../escrow-edges.ts'
import type { EscrowEffect } from '../escrow-effect.ts'
import type { EscrowEvent, EscrowMessageEvent, TransfersAnsweredEvent } from '../escrow-event.ts'
import { captureOrders, refundOrders } from '../escrow-money.ts'
import { type Move, refuse } from '../escrow-move.ts'
import {
  ATTEMPTS_MAX,
  type CapturingState,
  type DeliveredState,
  type DisputedState,
  type EndedState,
  type FrozenState,
  type HeldState,
  type SettledState,
  type WorkingState,
} from '../escrow-state.ts'
import type { EscrowParty } from '../escrow-terms.ts'
import { RETRY_MS, retainedUntil } from '../escrow-timers.ts'
import { type SettlementInit, addFault, settlementOf } from '../settlement.ts'

type FundedState = HeldState | WorkingState | DeliveredState | DisputedState | FrozenState
type RefundRequested = Extract<EscrowMessageEvent, { type: 'refund-requested' }>

/** Decides the money and sends it: from here on nothing but the ledger's answer is missing, and it is asked until it comes. */
export function enterCapturing(
  state: FundedState,
  edge: EscrowEdgeName,
  init: SettlementInit & { readonly at: Timestamp },
): Move {
  const { contract, terms, heard, holdAttempt } = state
  const capturing: CapturingState = {
    kind: 'CAPTURING',
    contract,
    terms,
    heard,
    holdAttempt,
    settlement: settlementOf(terms, init),
    attempt: 1,
    retryAt: addDuration(init.at, RETRY_MS),
  }
  return { edge, state: capturing, money: [captureOf(capturing)] }
}

function captureOf(state: CapturingState): EscrowEffect {
  const { settlement, attempt } = state
  return { type: 'post-transfers', money: 'capture', attempt, orders: captureOrders(state, settlement, attempt) }
}

/** The holds end. */
export function moveCapturing(state: CapturingState, event: EscrowEvent): Move {
  switch (event.type) {
    case 'transfers-answered':
      return answerCapture(state, event)
    case 'settle-requested':
      return { edge: 'ask-settle', state, money: [captureOf(state)] }
    case 'timer-fired':
      return {
        edge: 'capture-retry',
        state: { ...state, retryAt: addDuration(event.at, RETRY_MS) },
        money: [captureOf(state)],
      }
    default:
      return refuse('ESCROW_STATE_WRONG')
  }
}

/** An id that the ledger refused stays refused, so the next try has new ones. */
function answerCapture(state: CapturingState, event: TransfersAnsweredEvent): Move {
  if (event.money !== 'capture' || event.attempt !== state.attempt) return refuse('ESCROW_ANSWER_STALE')
  if (!event.isApplied) {
    const retryAt = addDuration(event.at, RETRY_MS)
    return { edge: 'capture-refused', state: { ...state, attempt: state.attempt + 1, retryAt } }
  }
  const { contract, terms, heard, settlement } = state
  const { cause, capturedNanos, feeNanos, fault } = settlement
  const outcome = { contract, terms, heard, cause, capturedNanos, feeNanos, fault, refundedNanos: ZERO_AMOUNT }
  if (settlement.ending === 'SETTLED') {
    const refundBy = addDuration(event.at, terms.timers.refundMs)
    return { edge: 'settle', state: { kind: 'SETTLED', ...outcome, refundBy, refundAttempts: 0, refunding: undefined } }
  }
  const retainUntil = retainedUntil(terms, event.at)
  return {
    edge: settlement.ending === 'VOIDED' ? 'void' : 'expire',
    state: { kind: settlement.ending, ...outcome, retainUntil },
  }
}

/** The worker may give back until T_refund. */
export function moveSettled(state: SettledState, event: EscrowEvent): Move {
  switch (event.type) {
    case 'refund-requested':
      return askRefund(state, event)
    case 'transfers-answered':
      return answerRefund(state, event)
    case 'timer-fired':
      if (event.name === 'refund') return { edge: 'finish', state: endOf(state, 'FINAL', event.at) }
      return retryRefund(state, event.at)
    default:
      return refuse('ESCROW_STATE_WRONG')
  }
}

function askRefund(state: SettledState, event: RefundRequested): Move {
  if (state.refunding !== undefined) return refuse('ESCROW_REFUND_PENDING')
  if (state.refundAttempts >= ATTEMPTS_MAX) return refuse('ESCROW_ATTEMPTS_FULL')
  const leftNanos = subtractAmounts(state.capturedNanos, state.refundedNanos) ?? ZERO_AMOUNT
  const { amountNanos } = event
  if (amountNanos === ZERO_AMOUNT || amountNanos > leftNanos) return refuse('ESCROW_REFUND_AMOUNT')
  const refunding = { amountNanos, retryAt: addDuration(event.at, RETRY_MS) }
  const asked: SettledState = { ...state, refundAttempts: state.refundAttempts + 1, refunding }
  return { edge: 'ask-refund', state: asked, money: refundOf(asked) }
}

function refundOf({ contract, terms, refundAttempts: attempt, refunding }: SettledState): readonly EscrowEffect[] {
  if (refunding === undefined) return []
  const orders = refundOrders(contract, terms, { attempt, amountNanos: refunding.amountNanos })
  return [{ type: 'post-transfers', money: 'refund', attempt, orders }]
}

function retryRefund(state: SettledState, at: Timestamp): Move {
  if (state.refunding === undefined) return refuse('ESCROW_TIMER_IDLE')
  const refunding = { ...state.refunding, retryAt: addDuration(at, RETRY_MS) }
  return { edge: 'refund-retry', state: { ...state, refunding }, money: refundOf(state) }
}

function answerRefund(state: SettledState, event: TransfersAnsweredEvent): Move {
  const { refunding } = state
  if (refunding === undefined || event.money !== 'refund' || event.attempt !== state.refundAttempts)
    return refuse('ESCROW_ANSWER_STALE')
  if (!event.isApplied) return { edge: 'refund-refused', state: { ...state, refunding: undefined } }
  const refundedNanos = addAmounts(state.refundedNanos, refunding.amountNanos)
  const refunded: SettledState = { ...state, refundedNanos, refunding: undefined }
  if (refundedNanos === state.capturedNanos)
    return { edge: 'refund-full', state: endOf(refunded, 'REFUNDED', event.at) }
  if (event.at >= state.refundBy) return { edge: 'refund-last', state: endOf(refunded, 'FINAL', event.at) }
  return { edge: 'refund-part', state: refunded }
}

function endOf(state: SettledState, kind: 'FINAL' | 'REFUNDED', at: Timestamp): EndedState {
  const { contract, terms, heard, cause, capturedNanos, feeNanos, fault, refundedNanos } = state
  const retainUntil = retainedUntil(terms, at)
  return { kind, contract, terms, heard, cause, capturedNanos, feeNanos, fault, refundedNanos, retainUntil }
}

/** The money has left or is leaving; what remains to be said is who lied. */
export function proveAfterCapture(state: CapturingState | SettledState, party: EscrowParty): Move {
  if (state.kind === 'SETTLED') {
    const fault = addFault(state.fault, party)
    return fault === state.fault ? { exists: true } : { edge: 'settled-equivocation', state: { ...state, fault } }
  }
  const fault = addFault(state.settlement.fault, party)
  if (fault === state.settlement.fault) return { exists: true }
  return { edge: 'capturing-equivocation', state: { ...state, settlement: { ...state.settlement, fault } } }
}
