/** Messages about messages: the answer to one, and the proof that somebody said two things where one was due. */
import { z } from 'zod'
import { SIGNED_HEAD } from './envelope-head.ts'
import { COUNT, HASH, TIME } from './fields.ts'

/** A refusal code as it is sent: `AREA_WHAT`. */
const REFUSAL_CODE = z
  .string()
  .max(64)
  .regex(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/)

export const EVIDENCE_MESSAGES = {
  /** What became of the message named by `request`. `entry` is the position in the signer's journal, and `entryHash` the hash of the chain there. */
  receipt: z.discriminatedUnion('effect', [
    z.strictObject({ effect: z.literal('applied'), request: HASH, at: TIME, entry: COUNT, entryHash: HASH }),
    z.strictObject({ effect: z.literal('exists'), request: HASH, at: TIME, entry: COUNT, entryHash: HASH }),
    z.strictObject({ effect: z.literal('refused'), request: HASH, at: TIME, code: REFUSAL_CODE }),
  ]),
  /** Two signed heads of one issuer for one position of one contract, with different hashes: anybody can check it without asking anybody. */
  'equivocation-proof': z.strictObject({ first: SIGNED_HEAD, second: SIGNED_HEAD }),
} as const
