import { z } from 'zod'
import { RECEIPT_KINDS } from '../../core/escrow/escrow-effect.ts'
import { ESCROW_STATE_KINDS } from '../../core/escrow/escrow-state.ts'
import { CONTRACT_ID, COUNT, CURRENCY, HASH, NANOS, TIME } from './fields.ts'

/** A refusal's code. */
export const CODE = z
  .string()
  .max(64)
  .regex(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/)
const WORD = z
  .string()
  .max(48)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)

/** What one entry of the log came to. Outside of contracts `contract` is 64 zeros, and there are no states. */
export const TRANSITION = z.strictObject({
  contract: CONTRACT_ID,
  /** Position among the contract's transitions, from 0. */
  seq: COUNT,
  /** Hash of the contract's transition before; 64 zeros for the first. */
  previous: HASH,
  /** Hash of the envelope, or of the timer that fired. */
  message: HASH,
  at: TIME,
  event: WORD,
  effect: z.enum(['applied', 'exists', 'refused']),
  code: CODE.optional(),
  from: z.enum(ESCROW_STATE_KINDS).optional(),
  to: z.enum(ESCROW_STATE_KINDS).optional(),
  /** Rows of the state table that were taken, in order. */
  edges: z.array(WORD).max(8),
  /** The set's word about the money, where the step gives one. */
  receipt: z
    .strictObject({
      kind: z.enum(RECEIPT_KINDS),
      currency: CURRENCY,
      capturedNanos: NANOS,
      feeNanos: NANOS,
      refundedNanos: NANOS,
      subject: HASH.optional(),
    })
    .optional(),
})

/** As it is written. */
export type Transition = z.input<typeof TRANSITION>
