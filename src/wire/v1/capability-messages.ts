/**
 * Messages that carry capability tokens: DAG-CBOR in base64url, read by `src/wire/ucan`. The signature of the message is its sender's; those of the tokens
 * are their issuers'.
 *
 * @see protocol/spec/capability.md
 */
import { z } from 'zod'
import { CHAIN_LENGTH_MAX } from '../../core/capability/check-alignment.ts'
import { TOKEN_TEXT_MAX } from '../ucan/token-envelope.ts'

/** A token of UCAN 1.0. */
const TOKEN = z
  .string()
  .min(1)
  .max(TOKEN_TEXT_MAX)
  .regex(/^[A-Za-z0-9_-]+$/)

const CHAIN = z.array(TOKEN).max(CHAIN_LENGTH_MAX)

/** The payer's order for one contract, with the delegations that it rests on, root first. `src/wire/ucan/contract-capability.ts` reads it. */
export const CONTRACT_CAPABILITY = z.strictObject({ order: TOKEN, chain: CHAIN.min(1) })

export const CAPABILITY_MESSAGES = {
  /** Hands a delegation over with those that it depends on, root first; the last is the new one. */
  'capability-delegate': z.strictObject({ chain: CHAIN.min(1) }),
  /** An order with its proofs, root first. */
  'capability-invoke': z.strictObject({ invocation: TOKEN, chain: CHAIN }),
  /** A revocation with the delegations from the root down to the revoked one. */
  'capability-revoke': z.strictObject({ revocation: TOKEN, chain: CHAIN.min(1) }),
} as const
