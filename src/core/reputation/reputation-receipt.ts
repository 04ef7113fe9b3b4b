import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import type { Amount } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'
import type { Currency } from '../ledger/ledger-names.ts'

/** Which side of a contract a party was on; each has a standing of its own, since a good payer may be a bad worker. */
export const REPUTATION_ROLES = ['payer', 'worker'] as const
export type ReputationRole = (typeof REPUTATION_ROLES)[number]

/**
 * What an ending says about the two. `good`: for what the worker was paid. `bad`: for all that was held. `split`: good for what the ruling gave the party,
 * bad for the rest. `none`: nothing.
 */
export type EndingVerdict = 'good' | 'bad' | 'split' | 'none'

type EndingEntry = {
  readonly payer: EndingVerdict
  readonly worker: EndingVerdict
  /** Who must have signed the receipt; a party at fault cannot prevent the update by keeping silent. */
  readonly signers: readonly ReputationRole[]
}

/**
 * The edges by which a contract that reached HELD ends, and whose fault each one shows. A receipt of an ending without a fault is signed by both; where one
 * side is at fault or silent, by the other; a ruling and a fallback are certified by the notary set and signed by either.
 */
export const ENDINGS = {
  /** DELIVERED, accept, SETTLED, FINAL. */
  accepted: { payer: 'good', worker: 'good', signers: ['payer', 'worker'] },
  /** DELIVERED, silence for T_accept, SETTLED, FINAL. Silence is allowed, so it says nothing about the payer. */
  'auto-accepted': { payer: 'none', worker: 'good', signers: ['worker'] },
  /** SETTLED, full refund. */
  refunded: { payer: 'none', worker: 'none', signers: ['payer', 'worker'] },
  /** HELD or WORKING, both cancel. */
  cancelled: { payer: 'none', worker: 'none', signers: ['payer', 'worker'] },
  /** HELD, no start for T_start, VOIDED. */
  'start-missed': { payer: 'none', worker: 'bad', signers: ['payer'] },
  /** WORKING, three beats missed, cancelled by the payer. */
  'beats-missed': { payer: 'none', worker: 'bad', signers: ['payer'] },
  /** WORKING, no delivery for T_deliver, EXPIRED. */
  'delivery-missed': { payer: 'none', worker: 'bad', signers: ['payer'] },
  /** DISPUTED, ruling. */
  ruled: { payer: 'split', worker: 'split', signers: [] },
  /** DISPUTED or FROZEN, no ruling for T_rule: nobody knows whose fault it was. */
  'fell-back': { payer: 'none', worker: 'none', signers: [] },
  /** FROZEN by a proof that the payer signed two things in one place. */
  'payer-equivocated': { payer: 'bad', worker: 'none', signers: ['worker'] },
  /** FROZEN by a proof that the worker signed two things in one place. */
  'worker-equivocated': { payer: 'none', worker: 'bad', signers: ['payer'] },
} as const satisfies Record<string, EndingEntry>

export type Ending = keyof typeof ENDINGS

/** What both parties sign about a contract that ended, once per contract. */
export type ReputationReceipt = {
  readonly contract: ContractId
  readonly payer: Did
  readonly worker: Did
  /** Where the payer's deposit came from, by the issuer's word: parties of one origin have one name, however many keys they have. */
  readonly payerSource: Hash
  /** Where the worker's bond came from. */
  readonly workerSource: Hash
  readonly currency: Currency
  /** What was held for the contract. */
  readonly heldNanos: Amount
  /** What the worker kept in the end, refunds taken off; never more than was held. */
  readonly workerNanos: Amount
  readonly ending: Ending
  /** Stamp of the hold, and of the terminal transition. */
  readonly heldAt: Timestamp
  readonly endedAt: Timestamp
}

const RECEIPT_DOMAIN = 'kernell/reputation-receipt/v1\0'

/** JSON of a receipt, as its message carries it. */
export function formatReputationReceipt(receipt: ReputationReceipt): JsonValue {
  return { ...receipt, heldNanos: receipt.heldNanos.toString(), workerNanos: receipt.workerNanos.toString() }
}

/** Name of a receipt: equal receipts have equal hashes, whoever signed them. */
export function reputationReceiptHash(receipt: ReputationReceipt): Hash {
  return sha256Hex(RECEIPT_DOMAIN + canonicalJson(formatReputationReceipt(receipt))) as Hash
}

/** Whether the receipt contradicts nothing in itself. */
export function isReceiptSound(receipt: ReputationReceipt): boolean {
  return (
    receipt.payer !== receipt.worker &&
    receipt.heldNanos > 0n &&
    receipt.workerNanos <= receipt.heldNanos &&
    Number.isSafeInteger(receipt.heldAt) &&
    Number.isSafeInteger(receipt.endedAt) &&
    receipt.heldAt <= receipt.endedAt
  )
}

/** What a receipt says about one side, in nano-units of its currency. */
export function judgeReceipt(
  receipt: ReputationReceipt,
  role: ReputationRole,
): { readonly goodNanos: bigint; readonly badNanos: bigint } {
  const verdict: EndingVerdict = ENDINGS[receipt.ending][role]
  const { heldNanos, workerNanos } = receipt
  const rest = heldNanos - workerNanos
  if (verdict === 'good') return { goodNanos: workerNanos, badNanos: 0n }
  if (verdict === 'bad') return { goodNanos: 0n, badNanos: heldNanos }
  if (verdict === 'none') return { goodNanos: 0n, badNanos: 0n }
  return role === 'worker' ? { goodNanos: workerNanos, badNanos: rest } : { goodNanos: rest, badNanos: workerNanos }
}
