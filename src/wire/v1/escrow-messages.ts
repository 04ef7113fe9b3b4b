/**
 * Bodies of all messages about contracts. What several have to sign, a contract, a voucher, a cancellation, a ruling, is a statement with a list of signatures,
 * and whoever has them all sends it. Receipts are the notary set's. It reads shapes; `escrow-events.ts` checks signatures and makes events.
 *
 * ```ts
 * import { z } from 'zod'
 *
 * const accept = z.strictObject({ amountNanos: z.string(), currency: z.string() })
 * console.log(accept.safeParse({ amountNanos: '100', currency: 'USD@did:key:z6Mk' }).success)
 * ```
 *
 * @see protocol/spec/escrow.md#messages
 */
import { z } from 'zod'
import { CONTRACT_CAPABILITY } from './capability-messages.ts'
import { ESCROW_TERMS } from './escrow-terms.ts'
import { COUNT, CONTRACT_ID, CURRENCY, DID, HASH, NANOS, SIGNATURE, TIME, WORD, noteOf } from './fields.ts'

const NOTE = noteOf(512).optional()
const MONEY = { amountNanos: NANOS, currency: CURRENCY }
/** Signatures over `signingBytes(TYPE-statement, SHA-256(canonical statement))`, one of each signer. */
const SIGNATURES = z
  .array(z.strictObject({ iss: DID, signature: SIGNATURE }))
  .min(1)
  .max(16)

/** What both sign of a voucher: the amount is cumulative, the meter's reading is bound by its hash. */
export const VOUCHER_STATEMENT = z.strictObject({ contract: CONTRACT_ID, number: COUNT, ...MONEY, meter: HASH })
/** What is signed of a cancellation. */
export const CANCEL_STATEMENT = z.strictObject({ contract: CONTRACT_ID, ...MONEY })
/** What k arbiters sign. */
export const RULING_STATEMENT = z.strictObject({
  contract: CONTRACT_ID,
  evidenceRoot: HASH,
  workerNanos: NANOS,
  currency: CURRENCY,
})

/** `request` is the message that it answers, absent where a timer or the ledger brought it; `subject` what it is about besides. */
const RECEIPT = z.strictObject({
  at: TIME,
  request: HASH.optional(),
  currency: CURRENCY,
  capturedNanos: NANOS,
  feeNanos: NANOS,
  refundedNanos: NANOS,
  subject: HASH.optional(),
})

export const ESCROW_MESSAGES = {
  'escrow-offer': z.strictObject({ terms: ESCROW_TERMS, note: NOTE }),
  'escrow-withdraw': z.strictObject({ reason: WORD }),
  /** `auction` is the hash of the transcript that chose the worker. */
  'escrow-award': z.strictObject({ auction: HASH.optional() }),
  /** Signatures over the contract's id, of payer and worker. `capability` shows what the terms name, absent where the payer acts for itself. */
  'escrow-contract': z.strictObject({ signatures: SIGNATURES, capability: CONTRACT_CAPABILITY.optional() }),
  'escrow-hold-request': z.strictObject({}),
  'escrow-start': z.strictObject({}),
  'escrow-voucher': z.strictObject({ statement: VOUCHER_STATEMENT, signatures: SIGNATURES }),
  'escrow-beat': z.strictObject({ meter: HASH }),
  /** `verdict` is the hash of what the acceptance predicate said, which the worker has run before. */
  'escrow-delivery': z.strictObject({
    result: HASH,
    manifest: HASH,
    meter: HASH,
    verdict: HASH,
    claimNanos: NANOS,
    currency: CURRENCY,
  }),
  'escrow-accept': z.strictObject(MONEY),
  'escrow-reject': z.strictObject({
    reason: WORD,
    evidence: HASH,
    concededNanos: NANOS,
    currency: CURRENCY,
    note: NOTE,
  }),
  'escrow-dispute': z.strictObject({ evidence: HASH, claimNanos: NANOS, currency: CURRENCY, note: NOTE }),
  'escrow-evidence': z.strictObject({ evidence: HASH, note: NOTE }),
  'escrow-ruling': z.strictObject({ statement: RULING_STATEMENT, signatures: SIGNATURES }),
  'escrow-cancel': z.strictObject({ statement: CANCEL_STATEMENT, signatures: SIGNATURES }),
  'escrow-settle-request': z.strictObject({}),
  /** Points out that a timer is over; `timer` is one that ends in VOIDED, EXPIRED or by default. */
  'escrow-void-request': z.strictObject({
    timer: z.enum(['offer', 'hold', 'start', 'deliver', 'accept', 'rule', 'refund']),
  }),
  'escrow-refund': z.strictObject(MONEY),
  'escrow-hold-receipt': RECEIPT,
  'escrow-start-receipt': RECEIPT,
  'escrow-delivery-receipt': RECEIPT,
  'escrow-dispute-receipt': RECEIPT,
  'escrow-record-receipt': RECEIPT,
  'escrow-freeze-receipt': RECEIPT,
  'escrow-settle-receipt': RECEIPT,
  'escrow-void-receipt': RECEIPT,
  'escrow-expire-receipt': RECEIPT,
  'escrow-refund-receipt': RECEIPT,
  'escrow-final-receipt': RECEIPT,
  'escrow-abort-receipt': RECEIPT,
} as const

export type EscrowMessageType = keyof typeof ESCROW_MESSAGES
