/**
 * Remembers which nonces each issuer used, for as long as their messages may be effective: until `exp` and the tolerance of clocks have passed. It is bounded
 * per issuer and in all, and refuses at a limit: nothing that may still be effective is ever forgotten to make room. It knows nothing of contracts, where the
 * position and the hash of a message say more; it keeps nothing on disk: its owner hands it what a restart has to bring back.
 *
 * ```text
 * issuers      ISSUER -> NONCE -> message
 * generations  end of an hour -> [ISSUER, NONCE] of all that expire in it; dropped as a whole
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
  /** Remembered nonces of all; about 150 bytes each. */
  readonly totalMax: number
}

export const NONCE_LIMITS: NonceLimits = { perIssuerMax: 65_536, totalMax: 524_288 }

/** What of a message the guard looks at. `now` is the receiver's clock. */
export type NonceUse = {
  readonly iss: Did
  readonly nonce: string
  /** The message that uses it: the same message again is no reuse. Absent: every use but the first is one. */
  readonly message?: Hash
  readonly exp: Timestamp
  readonly now: Timestamp
  readonly clockSkewMs: DurationMs
}

export type NonceGuard = {
  readonly size: number
  /** Takes note of a nonce, or says why not: `ENVELOPE_NONCE_USED`, or `ENVELOPE_NONCES_FULL` at a limit. A refusal changes nothing that is remembered. */
  use(use: NonceUse): EnvelopeRefusal | undefined
  /** What `use` would say now, taking no note. */
  look(use: Pick<NonceUse, 'iss' | 'nonce' | 'message'>): EnvelopeRefusal | undefined
}

const GENERATION_MS = 3_600_000

type Remembered = {
  readonly issuers: Map<Did, Map<string, Hash | undefined>>
  readonly generations: Map<number, (readonly [Did, string])[]>
  size: number
}

export function createNonceGuard(limits: NonceLimits = NONCE_LIMITS): NonceGuard {
  const remembered: Remembered = { issuers: new Map(), generations: new Map(), size: 0 }
  const look: NonceGuard['look'] = ({ iss, nonce, message }) => {
    const ofIssuer = remembered.issuers.get(iss)
    if (ofIssuer?.has(nonce) === true) {
      const isSame = message !== undefined && ofIssuer.get(nonce) === message
      return isSame ? undefined : 'ENVELOPE_NONCE_USED'
    }
    const isFull = (ofIssuer?.size ?? 0) >= limits.perIssuerMax || remembered.size >= limits.totalMax
    return isFull ? 'ENVELOPE_NONCES_FULL' : undefined
  }
  return {
    look,
    get size(): number {
      return remembered.size
    },
    use(use): EnvelopeRefusal | undefined {
      forgetExpired(remembered, use.now - use.clockSkewMs)
      const refusal = look(use)
      const isKnown = remembered.issuers.get(use.iss)?.has(use.nonce) === true
      if (refusal === undefined && !isKnown) remember(remembered, use)
      return refusal
    },
  }
}

/** At most one generation per hour of the longest validity exists, 169 of them. */
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
  const ofIssuer = remembered.issuers.get(iss) ?? new Map<string, Hash | undefined>()
  remembered.issuers.set(iss, ofIssuer.set(nonce, message))
  const uses = remembered.generations.get(endsAt) ?? []
  uses.push([iss, nonce])
  remembered.generations.set(endsAt, uses)
  remembered.size += 1
}
