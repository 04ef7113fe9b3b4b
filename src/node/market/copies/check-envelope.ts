import { ENVELOPE_REFUSALS, type EnvelopeRefusal } from '../../../core/evidence/envelope-refusals.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { authenticate } from '../../../wire/v1/authenticate.ts'
import { CANONICAL_LIMITS } from '../../../wire/v1/canonical.ts'
import { decodeEnvelope } from '../../../wire/v1/envelope.ts'
import { durationFromMs, type Timestamp } from '../../../base/time.ts'

/** The longest envelope of any type. */
export const ENVELOPE_BYTES_MAX = CANONICAL_LIMITS.bytesMax

/** What `kernell envelope check` prints. */
export type EnvelopeCheck = {
  readonly verdict: 'accepted' | 'refused'
  /** `null` where it is accepted. */
  readonly code: EnvelopeRefusal | null
  /** Type of the message; `null` where the bytes could not be read so far. */
  readonly type: string | null
  /** Name of the message: what is signed, and what others refer to. */
  readonly hash: string | null
  readonly reason?: string
  /** What the code means, and what to do; of refusals only. */
  readonly cause?: string
  readonly remedy?: string
  readonly issuer?: string
  readonly audience?: string
  readonly network?: string
  readonly contract?: string
  readonly seq?: number
  readonly issuedAt?: number
  readonly expiresAt?: number
}

/**
 * Judges the bytes of a signed message: canonical form, shape, hashes, and the signature of whoever it names. Whether it is in time is asked only where `now` is
 * given: kept evidence has always expired.
 */
export function checkEnvelope(bytes: Uint8Array, { now }: { readonly now?: Timestamp } = {}): EnvelopeCheck {
  const decoded = decodeEnvelope(bytes)
  if (decoded.kind === 'refused') return refusal({ ...decoded, type: null, hash: null })
  const { envelope } = decoded
  const { head, type, hash } = envelope
  const verify = verifySignatureWith(createNodeVerifier())
  const judged = authenticate(envelope, {
    verify,
    now: now ?? head.iat,
    clockSkewMs: durationFromMs(0),
    audience: [head.aud],
    network: head.net,
  })
  if (judged.kind === 'refused') return refusal({ ...judged, type, hash })
  return {
    verdict: 'accepted',
    code: null,
    type,
    hash,
    issuer: head.iss,
    audience: head.aud,
    network: head.net,
    ...(head.contract !== undefined && { contract: head.contract }),
    seq: head.seq,
    issuedAt: head.iat,
    expiresAt: head.exp,
  }
}

type RefusedMessage = {
  readonly code: EnvelopeRefusal
  readonly reason?: string
  readonly type: string | null
  readonly hash: string | null
}

function refusal({ code, reason, type, hash }: RefusedMessage): EnvelopeCheck {
  const { cause, remedy } = ENVELOPE_REFUSALS[code]
  return { verdict: 'refused', code, type, hash, ...(reason !== undefined && { reason }), cause, remedy }
}
