import { ZERO_AMOUNT, subtractAmounts } from '../../base/money.ts'
import type { Hash } from '../evidence/names.ts'
import type { EscrowEdgeName } from './escrow-edges.ts'
import type { EscrowEffect, EscrowReceipt, ReceiptKind } from './escrow-effect.ts'
import { type EscrowEvent, isMessageEvent } from './escrow-event.ts'
import type { EscrowState } from './escrow-state.ts'
import { evidenceRootOf } from './evidence-root.ts'

/** Edges after which somebody needs the notary set's word. */
const RECEIPTS: Readonly<Partial<Record<EscrowEdgeName, ReceiptKind>>> = {
  withdraw: 'abort',
  'agreement-withdraw': 'abort',
  'offer-expired': 'abort',
  'offer-equivocation': 'abort',
  'hold-late': 'abort',
  'hold-expired': 'abort',
  'agreement-equivocation': 'abort',
  hold: 'hold',
  start: 'start',
  deliver: 'delivery',
  reject: 'dispute',
  dispute: 'dispute',
  'record-closed': 'record',
  'held-freeze': 'freeze',
  'working-freeze': 'freeze',
  'delivered-freeze': 'freeze',
  'disputed-freeze': 'freeze',
  'frozen-again': 'freeze',
  'frozen-deliver': 'freeze',
  settle: 'settle',
  void: 'void',
  expire: 'expire',
  'refund-part': 'refund',
  'refund-last': 'refund',
  'refund-full': 'refund',
  finish: 'final',
}

/** The receipt of an edge; `undefined` where none is given. */
export function receiptOf(edge: EscrowEdgeName, next: EscrowState, event: EscrowEvent): EscrowReceipt | undefined {
  const kind = RECEIPTS[edge]
  if (kind === undefined) return undefined
  const hasOutcome = 'capturedNanos' in next
  return {
    kind,
    contract: next.contract,
    at: event.at,
    envelope: isMessageEvent(event) ? event.envelope : undefined,
    currency: next.terms.currency,
    capturedNanos: hasOutcome ? next.capturedNanos : ZERO_AMOUNT,
    feeNanos: hasOutcome ? next.feeNanos : ZERO_AMOUNT,
    refundedNanos: hasOutcome ? next.refundedNanos : ZERO_AMOUNT,
    subject: subjectOf(next),
  }
}

function subjectOf(state: EscrowState): Hash | undefined {
  if (state.kind === 'DELIVERED') return state.delivery.result
  if (state.kind === 'DISPUTED') return evidenceRootOf(state.contract, state.evidence)
  return state.kind === 'FROZEN' ? state.evidenceRoot : undefined
}

/** The one update of a contract that was held, when it reaches its end. */
export function reputationOf(before: EscrowState, next: EscrowState): readonly EscrowEffect[] {
  if (next.kind === before.kind) return []
  if (next.kind !== 'VOIDED' && next.kind !== 'EXPIRED' && next.kind !== 'FINAL' && next.kind !== 'REFUNDED') return []
  const { contract, terms, cause, fault } = next
  const valueNanos = subtractAmounts(next.capturedNanos, next.refundedNanos) ?? ZERO_AMOUNT
  const { payer, worker, currency } = terms
  return [{ type: 'reputation-update', contract, payer, worker, currency, cause, fault, valueNanos }]
}
