import { z } from 'zod'
import { CURRENCY, DID, HASH } from '../../../wire/v1/fields.ts'

/** The extension by which skills are paid: on the card, in the header `A2A-Extensions`, and the member of metadata that its documents stand under. */
export const PAYMENT_EXTENSION = 'urn:kernell-os:a2a:payment:1'

/** Bytes of one document at most; the evidence of a contract is most of it. */
export const PAYMENT_BYTES_MAX = 4_194_304

const NANOS = z.string().regex(/^[1-9][0-9]{0,19}$/)
const SKILL = z.string().min(1).max(128)
const SELLS = z.string().regex(/^[a-z][a-z0-9._/-]{0,63}$/)
const ADDRESSES = z.array(z.string().min(1).max(512)).max(16)

/** `params` of the extension on the card: who is paid, where it is reached in the market, and what a task of each skill costs. */
export const PAYMENT_PARAMS = z.strictObject({
  v: z.literal(1),
  account: DID,
  node: DID,
  addresses: ADDRESSES,
  notarySet: HASH,
  prices: z.array(z.strictObject({ skill: SKILL, sells: SELLS, priceNanos: NANOS, currency: CURRENCY })).max(256),
})
export type PaymentParams = z.infer<typeof PAYMENT_PARAMS>

/** What has to be paid for a task, and to whom; with `refused` where a payment was shown that is none. */
export const PAYMENT_REQUEST = z.strictObject({
  v: z.literal(1),
  kind: z.literal('request'),
  taskId: z.string().min(1).max(128),
  skill: SKILL,
  sells: SELLS,
  account: DID,
  node: DID,
  addresses: ADDRESSES,
  notarySet: HASH,
  priceNanos: NANOS,
  currency: CURRENCY,
  custody: z.literal('C2'),
  /** Of the task's document, which is the input of the contract. */
  inputHash: HASH,
  inputBytes: z.int().min(1),
  /** Longest that the work may take from the hold on. */
  deliverMs: z.int().min(1).max(400_000_000),
  /** Canonical text of the standing `market-offer`. */
  offer: z.string().max(32_768),
  refused: z.strictObject({ code: z.string().max(64), message: z.string().max(1_000) }).optional(),
})
export type PaymentRequest = z.infer<typeof PAYMENT_REQUEST>

/** That a contract holds the price: an export of it, with the envelopes of both and the certificates of the notary set. */
export const PAYMENT = z.strictObject({
  v: z.literal(1),
  kind: z.literal('payment'),
  contract: HASH,
  evidence: z.string().max(PAYMENT_BYTES_MAX),
})
export type Payment = z.infer<typeof PAYMENT>

/** That the work was delivered under a contract: what the notary set has certified, up to the delivery at least. */
export const PAYMENT_RECEIPT = z.strictObject({
  v: z.literal(1),
  kind: z.literal('receipt'),
  contract: HASH,
  resultHash: HASH,
  resultBytes: z.int().min(1),
  evidence: z.string().max(PAYMENT_BYTES_MAX),
})
export type PaymentReceipt = z.infer<typeof PAYMENT_RECEIPT>

/** What became of the contracts for a task that was cancelled. */
export const PAYMENT_CANCELLATION = z.strictObject({
  v: z.literal(1),
  kind: z.literal('cancellation'),
  /** Whether these are all contracts for the task: not while the node takes no part in the market. */
  isWhole: z.boolean(),
  contracts: z
    .array(
      z.strictObject({
        contract: HASH,
        /** At the notary set; `UNKNOWN` where it has said nothing. */
        state: z.string().min(1).max(32),
        /** `returned`: nothing is held. `agreed`: the seller has signed an end for nothing, which the payer may sign too. `unknown`: the market has not answered in time. */
        outcome: z.enum(['returned', 'agreed', 'unknown']),
        /** When what is held goes back in any case, milliseconds since 1970; `null`: nothing is held, or it is not known. */
        lapsesAt: z.int().min(0).nullable(),
      }),
    )
    .max(16),
})
export type PaymentCancellation = z.infer<typeof PAYMENT_CANCELLATION>

/** The document of the extension in metadata, unread; `undefined` where there is none. */
export function paymentIn(metadata: unknown): unknown {
  if (typeof metadata !== 'object' || metadata === null || !Object.hasOwn(metadata, PAYMENT_EXTENSION)) return undefined
  return (metadata as Readonly<Record<string, unknown>>)[PAYMENT_EXTENSION]
}
