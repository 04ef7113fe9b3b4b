import { contractOf } from '../../../core/books/books-machine.ts'
import type { GovernedBooksEffect } from '../../../core/books/governed-books.ts'
import type { EscrowReceipt } from '../../../core/escrow/escrow-effect.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import type { Transition } from '../../../wire/v1/notary-transition.ts'
import { LEDGER_SUBJECT, stampOfBooksEvent } from './booked-event.ts'
import type { BookedStep } from './journaled-books.ts'

/** What a step came to, as all its effects together say. */
export type Outcome = { readonly effect: 'applied' | 'exists' | 'refused'; readonly code: string | undefined }

/** A refusal of the ledger within a contract counts: the hold that was asked for is not there, though the contract remembers that it was asked for. */
export function outcomeOf(effects: readonly GovernedBooksEffect[]): Outcome {
  let isRepeat = false
  let isNew = false
  for (const effect of effects) {
    const inner = effect.type === 'ledger-effect' || effect.type === 'governance-effect' ? effect.effect : effect
    if (inner.type === 'event-refused') return { effect: 'refused', code: inner.code }
    if (inner.type === 'event-exists' || inner.type === 'transfer-exists' || inner.type === 'currency-exists')
      isRepeat = true
    else isNew = true
  }
  return { effect: isRepeat && !isNew ? 'exists' : 'applied', code: undefined }
}

/** Where a contract's chain of transitions stands. */
export type ChainPlace = { readonly seq: number; readonly previous: Hash }

/** The document that a certificate is about. The same step gives the same document on every member of the set. */
export function describeTransition(step: BookedStep, { seq, previous }: ChainPlace): Transition {
  const { booked, before, after, effects } = step
  const { contract, message, event } = booked
  const { effect, code } = outcomeOf(effects)
  const edges: string[] = []
  let receipt: EscrowReceipt | undefined
  for (const each of effects) {
    if (each.type === 'record-transition') edges.push(each.edge)
    if (each.type === 'issue-receipt') receipt = each.receipt
  }
  const from = contractOf(before, contract)?.kind ?? 'DRAFT'
  return {
    contract,
    seq,
    previous,
    message,
    at: stampOfBooksEvent(event),
    event: nameOf(step),
    effect,
    ...(code !== undefined && { code }),
    ...(contract !== LEDGER_SUBJECT && { from, to: contractOf(after, contract)?.kind ?? from }),
    edges,
    ...(receipt && { receipt: receiptOf(receipt) }),
  }
}

function nameOf({ booked: { event } }: BookedStep): string {
  if (event.type === 'message-received') return event.message.type
  const isInner = event.type === 'ledger-event-received' || event.type === 'governance-event-received'
  return isInner ? event.event.type : event.type
}

function receiptOf(receipt: EscrowReceipt): NonNullable<Transition['receipt']> {
  const { kind, currency, capturedNanos, feeNanos, refundedNanos, subject } = receipt
  return {
    kind,
    currency,
    capturedNanos: String(capturedNanos),
    feeNanos: String(feeNanos),
    refundedNanos: String(refundedNanos),
    ...(subject !== undefined && { subject }),
  }
}
