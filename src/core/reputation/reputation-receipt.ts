import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import type { Amount } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'
import type { EscrowFault, SettlementCause } from '../escrow/escrow-state.ts'
import type { Currency } from '../ledger/ledger-names.ts'

/** Which side of a contract a party was on; each has a standing of its own, since a good payer may be a bad worker. */
export const REPUTATION_ROLES = ['payer', 'worker'] as const
/** The side of contracts that a standing was earned on: who pays well is not trusted as a worker for it. */
export type ReputationRole = (typeof REPUTATION_ROLES)[number]

type EndingEntry = {
  /** What the ending says about a party without fault. `good`: for what the worker was paid. `kept`: bad, for what of the price went back. `none`: nothing. */
  readonly payer: 'good' | 'kept' | 'none'
  /** `part`: good for what it was paid, and bad for what of the price it gave up. */
  readonly worker: 'good' | 'part' | 'none'
  /** Who must have signed the receipt unless it is at fault: a party at fault cannot prevent the update by keeping silent. */
  readonly signers: readonly ReputationRole[]
  /** The ending is the worker's fault by itself. */
  readonly isWorkerFault: boolean
  /** It pays for that by the terms, but nobody can see whether it was its fault. */
  readonly isFaultUnseen?: true
}

const BOTH = ['payer', 'worker'] as const

/**
 * By what a contract that reached HELD was settled (the edge into CAPTURING), and what that says of whom. Whoever is at fault, by this table, by the ruling or by
 * a proof of equivocation, gets bad evidence for all that was held, and nothing else. A ruling and a fallback are certified by the notary set and signed by either.
 */
export const ENDINGS = {
  accepted: { payer: 'good', worker: 'good', signers: BOTH, isWorkerFault: false },
  /** Silence for T_accept is allowed, so it says nothing about the payer. */
  'auto-accepted': { payer: 'none', worker: 'good', signers: ['worker'], isWorkerFault: false },
  /** The worker itself has said that its delivery is not worth the price, and cannot prevent the update by keeping silent: else junk that is conceded each time costs no name. */
  conceded: { payer: 'none', worker: 'part', signers: ['payer'], isWorkerFault: false },
  ruled: { payer: 'none', worker: 'good', signers: [], isWorkerFault: false },
  'frozen-ruled': { payer: 'none', worker: 'good', signers: [], isWorkerFault: false },
  /**
   * No ruling for T_rule: nobody knows whose fault it was, so that it says nothing of the worker. The payer has rejected, and kept what the worker insists on, in a contract
   * that it wrote: one that always does so has all work for nothing.
   */
  fallback: { payer: 'kept', worker: 'none', signers: [], isWorkerFault: false },
  frozen: { payer: 'none', worker: 'none', signers: [], isWorkerFault: false },
  cancelled: { payer: 'none', worker: 'none', signers: BOTH, isWorkerFault: false },
  stalled: { payer: 'none', worker: 'none', signers: ['payer'], isWorkerFault: true },
  /** The input goes from the payer to the worker, past everybody: a payer that keeps it back loses nothing, and must not take a good name for it. */
  'not-started': { payer: 'none', worker: 'none', signers: ['payer'], isWorkerFault: true, isFaultUnseen: true },
  expired: { payer: 'none', worker: 'none', signers: ['payer'], isWorkerFault: true },
} as const satisfies Record<SettlementCause, EndingEntry>

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
  readonly cause: SettlementCause
  /** Whom the end of the contract found at fault. */
  readonly fault: EscrowFault
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
    receipt.heldAt <= receipt.endedAt &&
    (!ENDINGS[receipt.cause].isWorkerFault || isAtFault(receipt, 'worker'))
  )
}

/** Whether a side was found at fault. */
export function isAtFault({ fault }: Pick<ReputationReceipt, 'fault'>, role: ReputationRole): boolean {
  return fault === role || fault === 'both'
}

/** What a receipt says about one side, in nano-units of its currency; `undefined`: nothing. */
export function judgeReceipt(
  receipt: ReputationReceipt,
  role: ReputationRole,
): { readonly goodNanos: bigint; readonly badNanos: bigint } | undefined {
  const entry: EndingEntry = ENDINGS[receipt.cause]
  if (isAtFault(receipt, role))
    return entry.isFaultUnseen === true ? undefined : { goodNanos: 0n, badNanos: receipt.heldNanos }
  switch (entry[role]) {
    case 'good':
      return { goodNanos: receipt.workerNanos, badNanos: 0n }
    case 'part':
      return { goodNanos: receipt.workerNanos, badNanos: receipt.heldNanos - receipt.workerNanos }
    case 'kept':
      return { goodNanos: 0n, badNanos: receipt.heldNanos - receipt.workerNanos }
    case 'none':
      return undefined
  }
}
