/**
 * Remembers which nonces each issuer used, for as long as their messages may be effective: until `exp` and the tolerance of clocks have passed. It is bounded
 * per issuer and in all, and refuses at a limit: nothing that may still be effective is ever forgotten to make room. It knows nothing of contracts, where the
 * position and the hash of a message say more; it keeps nothing on disk: its owner hands it what a restart has to bring back.
 *
 * ```text
 * issuers      ISSUER -> NONCE -> message
 * generations  end of a minute -> [ISSUER, NONCE] of all that expire in it; dropped as a whole
 * ```
 *
 * ```ts
 * const guard = createNonceGuard({ perIssuerMax: 1, totalMax: 1 })
 * console.log(guard.size) // 0
 * ```
 */
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { EnvelopeRefusal } from '../../core/evidence/envelope-refusals.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'

export type NonceLimits = {
  /** Remembered nonces of one issuer. */
  readonly perIssuerMax: number
  /** Remembered nonces of all; about 150 bytes each. Half of them are for issuers alone that are `isBacked`. */
  readonly totalMax: number
}

/** All of them within the life of messages about the ledger are 582 new ones a second. The half of it that is for everybody may be full of free keys' messages; the other is not. */
export const NONCE_LIMITS: NonceLimits = { perIssuerMax: 16_384, totalMax: 524_288 }

/** What of a message the guard looks at. `now` is the receiver's clock. */
export type NonceUse = {
  readonly iss: Did
  readonly nonce: string
  /** The message that uses it: the same message again is no reuse. Absent: every use but the first is one. */
  readonly message?: Hash
  readonly exp: Timestamp
  readonly now: Timestamp
  readonly clockSkewMs: DurationMs
  /** Whether the issuer has what no key has for nothing; asked only where half of the room is full. Absent: yes. */
  readonly isBacked?: () => boolean
}

export type NonceGuard = {
  readonly size: number
  /** Takes note of a nonce, or says why not: `ENVELOPE_NONCE_USED`, or `ENVELOPE_NONCES_FULL` at a limit. A refusal changes nothing that is remembered. */
  use(use: NonceUse): EnvelopeRefusal | undefined
  /** What `use` would say, taking no note: for messages of which it is not known yet whether they come to anything. */
  look(use: Omit<NonceUse, 'exp'>): EnvelopeRefusal | undefined
  /** Takes note of what came to something, at a limit too. */
  keep(use: NonceUse): void
}

const GENERATION_MS = 60_000

type Used = { readonly message: Hash | undefined; readonly endsAt: number }

type Remembered = {
  readonly issuers: Map<Did, Map<string, Used>>
  readonly generations: Map<number, (readonly [Did, string])[]>
  size: number
}

export function createNonceGuard(limits: NonceLimits = NONCE_LIMITS): NonceGuard {
  const remembered: Remembered = { issuers: new Map(), generations: new Map(), size: 0 }
  const look: NonceGuard['look'] = ({ iss, nonce, message, now, clockSkewMs, isBacked }) => {
    const before = now - clockSkewMs
    const known = usedOf(remembered, { iss, nonce }, before)
    if (known !== undefined)
      return message !== undefined && known.message === message ? undefined : 'ENVELOPE_NONCE_USED'
    const size = sizeAt(remembered, before)
    const isFull = size >= limits.totalMax || (size >= Math.ceil(limits.totalMax / 2) && isBacked?.() === false)
    return isFull ||
      countOf(remembered.issuers.get(iss), { before, enough: limits.perIssuerMax }) >= limits.perIssuerMax
      ? 'ENVELOPE_NONCES_FULL'
      : undefined
  }
  const keep: NonceGuard['keep'] = (use) => {
    forgetExpired(remembered, use.now - use.clockSkewMs)
    if (remembered.issuers.get(use.iss)?.has(use.nonce) !== true) remember(remembered, use)
  }
  return {
    look,
    keep,
    get size(): number {
      return remembered.size
    },
    use(use): EnvelopeRefusal | undefined {
      forgetExpired(remembered, use.now - use.clockSkewMs)
      const refusal = look(use)
      if (refusal === undefined) keep(use)
      return refusal
    },
  }
}

function usedOf(
  { issuers }: Remembered,
  { iss, nonce }: { readonly iss: Did; readonly nonce: string },
  before: number,
): Used | undefined {
  const used = issuers.get(iss)?.get(nonce)
  return used === undefined || used.endsAt <= before ? undefined : used
}

/** What is remembered and has not expired. */
function sizeAt({ generations, size }: Remembered, before: number): number {
  let expired = 0
  for (const [endsAt, uses] of generations) if (endsAt <= before) expired += uses.length
  return size - expired
}

/** The same of one issuer; counted out only where there may be too many. */
function countOf(
  nonces: ReadonlyMap<string, Used> | undefined,
  { before, enough }: { readonly before: number; readonly enough: number },
): number {
  if (nonces === undefined || nonces.size < enough) return nonces?.size ?? 0
  let count = 0
  for (const { endsAt } of nonces.values()) if (endsAt > before) count += 1
  return count
}

/** There is at most one generation for each minute of the longest validity. */
function forgetExpired(remembered: Remembered, before: number): void {
  for (const [endsAt, uses] of remembered.generations) {
    if (endsAt > before) continue
    for (const [iss, nonce] of uses) {
      const ofIssuer = remembered.issuers.get(iss)
      ofIssuer?.delete(nonce)
      if (ofIssuer?.size === 0) remembered.issuers.delete(iss)
    }
    remembered.size -= uses.length
    remembered.generations.delete(endsAt)
  }
}

function remember(remembered: Remembered, { iss, nonce, message, exp }: NonceUse): void {
  const endsAt = Math.floor(exp / GENERATION_MS) * GENERATION_MS + GENERATION_MS
  const ofIssuer = remembered.issuers.get(iss) ?? new Map<string, Used>()
  remembered.issuers.set(iss, ofIssuer.set(nonce, { message, endsAt }))
  const uses = remembered.generations.get(endsAt) ?? []
  uses.push([iss, nonce])
  remembered.generations.set(endsAt, uses)
  remembered.size += 1
}
