/**
 * Terms of a contract as they are signed. Both sign their hash, which is the contract's name; nothing of a signature is part of it.
 *
 * ```ts
 * import { z } from 'zod'
 *
 * const share = z.int().min(0).max(1_000_000)
 * console.log(share.safeParse(250_000).success)
 * ```
 *
 * @see protocol/spec/escrow.md#terms
 */
import { z } from 'zod'
import type { Sha256Hex } from '../../base/sha256.ts'
import type { ContractId } from '../../core/evidence/names.ts'
import {
  ARBITERS_MAX,
  CUSTODY_MODELS,
  type EscrowTerms,
  type EscrowTimers,
  MILESTONES_MAX,
} from '../../core/escrow/escrow-terms.ts'
import { canonicalText } from './canonical.ts'
import { NETWORK } from './envelope-head.ts'
import { COUNT, CURRENCY, DID, DURATION, HASH, NANOS, SALT, TIME, WORD } from './fields.ts'
import { hashOfText } from './signing-bytes.ts'

const MILLIONTHS = z.int().min(0).max(1_000_000)

const TIMERS: z.ZodType<EscrowTimers, unknown> = z.strictObject({
  offerMs: DURATION,
  holdMs: DURATION,
  startMs: DURATION,
  beatMs: DURATION,
  deliverMs: DURATION,
  graceMs: DURATION,
  acceptMs: DURATION,
  evidenceMs: DURATION,
  ruleMs: DURATION,
  refundMs: DURATION,
  retainMs: DURATION,
})

/** Shape only; whether they are a contract is said by `refuseTerms`. */
export const ESCROW_TERMS = z.strictObject({
  net: NETWORK,
  signBy: TIME,
  payer: DID,
  worker: DID,
  notarySet: z.strictObject({ id: HASH, epoch: COUNT, n: COUNT, m: COUNT, feeOwner: DID }),
  arbiters: z.strictObject({ members: z.array(DID).max(ARBITERS_MAX), k: COUNT }),
  custody: z.enum(CUSTODY_MODELS),
  custodyLabel: z.enum(['C1', 'C2', 'C3', 'C2/f=0', 'C3/f=0']),
  taskHash: HASH,
  capabilityHash: HASH,
  predicateHash: HASH,
  verifier: WORD,
  currency: CURRENCY,
  maxNanos: NANOS,
  milestonesNanos: z.array(NANOS).max(MILESTONES_MAX),
  timers: TIMERS,
  bonds: z.strictObject({ payerNanos: NANOS, workerNanos: NANOS, disputeNanos: NANOS }),
  penalties: z.strictObject({ p1Nanos: NANOS, p2Nanos: NANOS }),
  fees: z.strictObject({ capNanos: NANOS, flatNanos: NANOS, perMillion: MILLIONTHS, arbiterNanos: NANOS }),
  fallbackPerMillion: MILLIONTHS,
  credit: z.strictObject({ limitNanos: NANOS, owedNanos: NANOS, accountHead: HASH }).optional(),
  parametersHash: HASH,
  salt: SALT,
})

/** Terms as a machine takes them, with `credit` there where it is absent on the wire. */
export function termsOfBody(body: z.output<typeof ESCROW_TERMS>): EscrowTerms {
  return { ...body, credit: body.credit }
}

/** The wire form of terms. */
export function bodyOfTerms(terms: EscrowTerms): z.input<typeof ESCROW_TERMS> {
  const { credit, ...others } = terms
  return z.encode(ESCROW_TERMS, {
    ...others,
    arbiters: { ...terms.arbiters, members: [...terms.arbiters.members] },
    milestonesNanos: [...terms.milestonesNanos],
    ...(credit !== undefined && { credit }),
  })
}

/** Name of a contract: SHA-256 of the canonical terms. */
export function contractIdOf(terms: EscrowTerms, hash?: Sha256Hex): ContractId {
  return hashOfText(canonicalText(withTexts(terms)), hash) as ContractId
}

/** Amounts as texts, as `bodyOfTerms` writes them, without its checks. */
function withTexts(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.map(withTexts)
  if (typeof value !== 'object' || value === null) return value
  const texts: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) texts[name] = withTexts(member)
  return texts
}

/** The same, of terms as they came. */
export function contractIdOfBody(body: z.input<typeof ESCROW_TERMS>): ContractId {
  return hashOfText(canonicalText(body)) as ContractId
}
