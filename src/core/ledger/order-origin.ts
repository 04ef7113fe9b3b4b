import type { Did } from '../evidence/names.ts'
import type { IdPlace } from './ledger-draft.ts'
import { type AccountKind, parseAccountId } from './ledger-names.ts'
import { keyOfClientId } from './remembered-ids.ts'
import type { TransferOrder } from './transfer-order.ts'

/** On whose word an order comes, which says what it may touch. */
export type OrderOrigin =
  /** A contract, whose rules were checked by whoever sent the order. */
  | { readonly kind: 'contract' }
  /** A client's signature, over its own money, outside of contracts. */
  | { readonly kind: 'signed'; readonly iss: Did }
  /** The ledger itself, for what an issuer issues, redeems and reconciles, on the word of `principal`. */
  | { readonly kind: 'credits'; readonly principal: Did }

type KindRule = { readonly debit: readonly AccountKind[]; readonly credit: readonly AccountKind[] }

/**
 * What an order may move money out of and into, by its origin. Nothing but a hold reaches `held`. A contract of bilateral credit is paid in the payer's own
 * credits, which the payer issues by signing it.
 */
export const KIND_RULES: Readonly<Record<OrderOrigin['kind'], KindRule>> = {
  contract: {
    debit: ['available', 'bond', 'fee', 'arbiter', 'issuer'],
    credit: ['available', 'bond', 'fee', 'arbiter', 'issuer'],
  },
  signed: { debit: ['available', 'fee', 'arbiter'], credit: ['available'] },
  credits: { debit: ['issuer', 'available', 'unreconciled'], credit: ['issuer', 'available', 'unreconciled'] },
}

/** Where the id of an order is remembered. A hold has its id for itself, since others name it. */
export function placeOf(order: TransferOrder, origin: OrderOrigin): IdPlace {
  if (origin.kind === 'contract') return { key: order.id, source: 'contracts' }
  return { key: keyOfClientId(principalOf(order, origin), order.id), source: 'clients' }
}

/** Whose money it is, whatever key signs for it now. */
function principalOf(order: TransferOrder, origin: Exclude<OrderOrigin, { kind: 'contract' }>): Did {
  if (origin.kind === 'credits') return origin.principal
  return 'debit' in order ? (parseAccountId(order.debit)?.owner ?? origin.iss) : origin.iss
}
