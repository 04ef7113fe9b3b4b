import { type Amount, ZERO_AMOUNT } from '../../../base/money.ts'
import { addDuration } from '../../../base/time.ts'
import type { EscrowEvent, EscrowMessageEvent } from '../escrow-event.ts'
import { type Move, refuse } from '../escrow-move.ts'
import type { HeldState, LastVoucher, WorkingState } from '../escrow-state.ts'
import { beatDeadline } from '../escrow-timers.ts'
import { type SettlementInit, leastOf } from '../settlement.ts'
import { enterCapturing } from './capture-edges.ts'

type VoucherSigned = Extract<EscrowMessageEvent, { type: 'voucher-signed' }>
type Cancelled = Extract<EscrowMessageEvent, { type: 'cancelled' }>
type Delivered = Extract<EscrowMessageEvent, { type: 'delivered' }>

/** Before the first voucher. */
export const NO_VOUCHER: LastVoucher = { number: 0, amountNanos: ZERO_AMOUNT, meter: undefined }

/** The money is held and the worker has not begun. */
export function moveHeld(state: HeldState, event: EscrowEvent): Move {
  const { contract, terms, heard, holdAttempt, deliverBy } = state
  switch (event.type) {
    case 'started':
      return {
        edge: 'start',
        state: {
          kind: 'WORKING',
          contract,
          terms,
          heard,
          holdAttempt,
          beatBy: beatDeadline(terms, event.at),
          deliverBy,
          voucher: NO_VOUCHER,
        },
      }
    case 'cancelled':
      if (event.signers.length < 2) return refuse('ESCROW_SIGNERS_MISSING')
      if (event.amountNanos > terms.maxNanos) return refuse('ESCROW_CANCEL_AMOUNT')
      return enterCapturing(state, 'held-cancel', { at: event.at, ...cancelledAt(event.amountNanos, ZERO_AMOUNT) })
    case 'timer-fired':
      return enterCapturing(state, 'start-expired', {
        at: event.at,
        cause: 'not-started',
        capturedNanos: ZERO_AMOUNT,
        voucherNanos: ZERO_AMOUNT,
        fault: 'worker',
        workerSlashedNanos: leastOf(terms.penalties.p1Nanos, terms.bonds.workerNanos),
      })
    default:
      return refuse('ESCROW_STATE_WRONG')
  }
}

/** The worker works; vouchers say what it has earned so far. */
export function moveWorking(state: WorkingState, event: EscrowEvent): Move {
  switch (event.type) {
    case 'voucher-signed':
      return takeVoucher(state, event)
    case 'beat-sent':
      return { edge: 'beat', state: { ...state, beatBy: beatDeadline(state.terms, event.at) } }
    case 'delivered':
      return deliver(state, event)
    case 'cancelled':
      return cancel(state, event)
    case 'timer-fired':
      if (event.name === 'beat') return { edge: 'beat-missed', state: { ...state, beatBy: undefined } }
      return enterCapturing(state, 'deliver-expired', {
        at: event.at,
        cause: 'expired',
        capturedNanos: state.voucher.amountNanos,
        voucherNanos: state.voucher.amountNanos,
        fault: 'worker',
        workerSlashedNanos: leastOf(state.terms.penalties.p2Nanos, state.terms.bonds.workerNanos),
      })
    default:
      return refuse('ESCROW_STATE_WRONG')
  }
}

function takeVoucher(state: WorkingState, event: VoucherSigned): Move {
  const { milestonesNanos, maxNanos } = state.terms
  const { number, amountNanos, meter } = event
  if (!Number.isSafeInteger(number) || number <= state.voucher.number) return refuse('ESCROW_VOUCHER_NUMBER')
  const mostNanos = milestonesNanos.length === 0 ? maxNanos : milestonesNanos[number - 1]
  if (mostNanos === undefined) return refuse('ESCROW_VOUCHER_NUMBER')
  if (amountNanos < state.voucher.amountNanos || amountNanos > mostNanos) return refuse('ESCROW_VOUCHER_AMOUNT')
  const beatBy = beatDeadline(state.terms, event.at)
  return { edge: 'voucher', state: { ...state, beatBy, voucher: { number, amountNanos, meter } } }
}

function deliver(state: WorkingState, event: Delivered): Move {
  const { contract, terms, heard, holdAttempt, voucher } = state
  const { result, manifest, meter, verdict, claimNanos } = event
  if (claimNanos < voucher.amountNanos || claimNanos > terms.maxNanos) return refuse('ESCROW_CLAIM_AMOUNT')
  return {
    edge: 'deliver',
    state: {
      kind: 'DELIVERED',
      contract,
      terms,
      heard,
      holdAttempt,
      acceptBy: addDuration(event.at, terms.timers.acceptMs),
      voucher,
      delivery: { result, manifest, meter, verdict, claimNanos },
      disputeAttempts: 0,
      rejecting: undefined,
    },
  }
}

/** With both signatures at what they agreed on; after three missed beats the payer ends it alone, at what is vouched for. */
function cancel(state: WorkingState, event: Cancelled): Move {
  const { voucher, terms, beatBy } = state
  if (event.signers.length >= 2) {
    if (event.amountNanos < voucher.amountNanos || event.amountNanos > terms.maxNanos)
      return refuse('ESCROW_CANCEL_AMOUNT')
    return enterCapturing(state, 'working-cancel', {
      at: event.at,
      ...cancelledAt(event.amountNanos, voucher.amountNanos),
    })
  }
  if (beatBy !== undefined && event.at < beatBy) return refuse('ESCROW_NOT_STALLED')
  if (event.amountNanos !== voucher.amountNanos) return refuse('ESCROW_CANCEL_AMOUNT')
  return enterCapturing(state, 'stalled-cancel', {
    at: event.at,
    cause: 'stalled',
    capturedNanos: voucher.amountNanos,
    voucherNanos: voucher.amountNanos,
    fault: 'worker',
  })
}

function cancelledAt(capturedNanos: Amount, voucherNanos: Amount): SettlementInit {
  return { cause: 'cancelled', capturedNanos, voucherNanos, fault: 'none' }
}
