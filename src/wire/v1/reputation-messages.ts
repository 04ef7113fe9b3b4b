/** Messages about what came of work: the receipt that both parties sign, meter readings while it goes on, and the statement of a period. */
import { z } from 'zod'
import { ESCROW_FAULTS, SETTLEMENT_CAUSES } from '../../core/escrow/escrow-state.ts'
import { CONTRACT_ID, COUNT, CURRENCY, DID, HASH, NANOS, TIME, WORD } from './fields.ts'

/** A whole number 0 or more that may exceed 64 bits: a decimal string of at most 30 digits, no leading zeros. */
const WHOLE: z.ZodType<bigint, string> = z.codec(
  z
    .string()
    .max(30)
    .regex(/^(0|[1-9][0-9]{0,29})$/),
  z
    .bigint()
    .min(0n)
    .max(10n ** 30n - 1n),
  { decode: (text) => BigInt(text), encode: (whole) => whole.toString() },
)

const UNITS_MAX = 32

/** Keys of one party in one statement. */
export const STATEMENT_KEYS_MAX = 64

export const REPUTATION_MESSAGES = {
  /** How a contract ended, in the words of the certified terminal transition; payer and worker sign the same body, each in its own envelope. */
  'reputation-receipt': z.strictObject({
    contract: CONTRACT_ID,
    payer: DID,
    worker: DID,
    payerSource: HASH,
    workerSource: HASH,
    currency: CURRENCY,
    heldNanos: NANOS,
    workerNanos: NANOS,
    cause: z.enum(SETTLEMENT_CAUSES),
    fault: z.enum(ESCROW_FAULTS),
    heldAt: TIME,
    endedAt: TIME,
  }),
  /** Cumulative counts since the start of a contract, by unit ascending, each once. */
  'meter-snapshot': z.strictObject({
    contract: CONTRACT_ID,
    seq: COUNT,
    at: TIME,
    counts: z.array(z.strictObject({ unit: WORD, quantity: WHOLE })).max(UNITS_MAX),
  }),
  /** Sums of a period, and the hash of the CSV that lists what they are made of. */
  statement: z.strictObject({
    subject: DID,
    /** Other keys of the subject, whose accounts are in it: keys before, and that of its notary. */
    keys: z.array(DID).min(1).max(STATEMENT_KEYS_MAX).optional(),
    currency: CURRENCY,
    from: TIME,
    to: TIME,
    ratedNanos: WHOLE,
    receivedNanos: WHOLE,
    paidNanos: WHOLE,
    csvHash: HASH,
  }),
} as const
