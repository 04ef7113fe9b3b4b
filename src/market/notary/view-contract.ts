import { type Amount, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import { contractOf } from '../../core/books/books-machine.ts'
import type { BooksState } from '../../core/books/books-state.ts'
import { type EscrowState, isTerminal } from '../../core/escrow/escrow-state.ts'
import { timersOf } from '../../core/escrow/escrow-timers.ts'
import type { ContractId, Hash } from '../../core/evidence/names.ts'
import { describeTransfer } from '../../core/ledger/describe-transfer.ts'
import type { Certificate } from '../../core/notary/certificate.ts'
import type { ContractTransition, ContractView } from '../../ports/notary-client.ts'
import type { ArchivedEntry, ContractFile } from './books/archive-contents.ts'

export type ViewInit = {
  readonly file: ContractFile
  readonly afterSeq: number
  readonly certificate: Certificate | undefined
}

/** A contract as everybody may see it: hashes, amounts and roles, and nothing of the task. */
export function viewContract(
  books: BooksState,
  contract: ContractId,
  { file, afterSeq, certificate }: ViewInit,
): ContractView | undefined {
  const state = contractOf(books, contract)
  if (state === undefined) return undefined
  const { terms } = state
  return {
    contract,
    contractHash: contract,
    task: terms.taskHash,
    auction: file.auction ?? null,
    payer: terms.payer,
    worker: terms.worker,
    state: state.kind,
    currency: terms.currency,
    custody: terms.custodyLabel,
    priceNanos: String(terms.maxNanos),
    ...moneyOf(state),
    resultHash: file.result ?? null,
    certificate: certificate ?? null,
    timers: timersOf(state),
    transitions: file.entries.filter(({ transition }) => transition.seq > afterSeq).map(transitionOf),
    transfers: [...file.transfers].flatMap((id) => describeTransfer(books.ledger, id) ?? []),
  }
}

type Money = Pick<ContractView, 'heldNanos' | 'capturedNanos' | 'releasedNanos' | 'feeNanos' | 'refundedNanos'>

/** Of the price alone; bonds are among the transfers. */
function moneyOf(state: EscrowState): Money {
  const isHeld = 'holdAttempt' in state || 'capturedNanos' in state
  const held: Amount = isHeld ? state.terms.maxNanos : ZERO_AMOUNT
  const captured = 'capturedNanos' in state ? state.capturedNanos : ZERO_AMOUNT
  const hasSettled = 'capturedNanos' in state || (isTerminal(state) && isHeld)
  return {
    heldNanos: String(held),
    capturedNanos: String(captured),
    releasedNanos: String(hasSettled ? (subtractAmounts(held, captured) ?? ZERO_AMOUNT) : ZERO_AMOUNT),
    feeNanos: String('feeNanos' in state ? state.feeNanos : ZERO_AMOUNT),
    refundedNanos: String('refundedNanos' in state ? state.refundedNanos : ZERO_AMOUNT),
  }
}

function transitionOf({ transition, isMessage }: ArchivedEntry): ContractTransition {
  const { seq, from = 'DRAFT', to = 'DRAFT', event, at, message } = transition
  return {
    seq,
    from,
    event,
    to,
    at: at as ContractTransition['at'],
    envelopeHash: isMessage ? (message as Hash) : null,
  }
}
