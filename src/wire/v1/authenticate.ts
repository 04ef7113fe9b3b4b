/**
 * The second half of receiving a message: is it for us, on our network, in time, and did the issuer sign it? What passes becomes `Evidence`, which machines
 * trust. Whether its nonce was seen before, `nonce-guard.ts` says; what it means, its area.
 */
import { base64url } from 'multiformats/bases/base64'
import { hexOfBytes } from '../../base/hex.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { EnvelopeRefusal } from '../../core/evidence/envelope-refusals.ts'
import type { Evidence } from '../../core/evidence/evidence.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { publicKeyOfDid } from './did-key.ts'
import type { Audience, EnvelopeHead } from './envelope-head.ts'
import type { Envelope, Refused } from './envelope.ts'
import { signingBytes } from './signing-bytes.ts'

/** Whether a signature is right by the rule of protocol/spec/signatures.md; false, never an exception, otherwise. As the port `VerifySignature`. */
export type VerifyBytes = (signed: {
  readonly publicKeyHex: string
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}) => boolean

/** What a receiver judges a decoded message by: who it is, on which network, at what time, and how signatures are checked. */
export type AuthenticateInit = {
  readonly verify: VerifyBytes
  /** The receiver's clock: `iat` and `exp` are compared with it and with nothing else. */
  readonly now: Timestamp
  /** Stamp of the notary set, for the evidence; absent: `now`. */
  readonly at?: Timestamp
  /** How far two honest clocks may differ. */
  readonly clockSkewMs: DurationMs
  /** The names that the receiver answers to. `*` only where it takes what is said to everybody. */
  readonly audience: readonly Audience[]
  readonly network: string
}

/** A message that `authenticate` let pass: signed by its issuer, on this network, for this receiver, in time. Whether it came before has not been looked at. */
export type Authenticated = {
  readonly kind: 'authenticated'
  readonly evidence: Evidence
  /** Its `body`, by its `type`. */
  readonly envelope: Envelope
}

/** Cheap questions first, the signature last. Never throws. */
export function authenticate(envelope: Envelope, init: AuthenticateInit): Authenticated | Refused {
  const { head, hash, signature } = envelope
  const refusal = contextRefusal(head, init) ?? signatureRefusalOf({ head, hash, signature }, init.verify)
  if (refusal !== undefined) return { kind: 'refused', code: refusal }
  const { iss, seq, prev } = head
  return { kind: 'authenticated', evidence: { envelope: hash, iss, seq, prev, at: init.at ?? init.now }, envelope }
}

function contextRefusal(head: EnvelopeHead, init: AuthenticateInit): EnvelopeRefusal | undefined {
  if (head.net !== init.network) return 'ENVELOPE_NETWORK_WRONG'
  if (!init.audience.includes(head.aud)) return 'ENVELOPE_AUDIENCE_WRONG'
  return timeRefusalOf(head, init)
}

/** Why a message is not valid at an instant: too early, but for what clocks may differ, or too late. */
export function timeRefusalOf(
  { iat, exp }: Pick<EnvelopeHead, 'iat' | 'exp'>,
  { now, clockSkewMs }: Pick<AuthenticateInit, 'now' | 'clockSkewMs'>,
): EnvelopeRefusal | undefined {
  if (iat - clockSkewMs > now) return 'ENVELOPE_NOT_YET_VALID'
  return now > exp ? 'ENVELOPE_EXPIRED' : undefined
}

/** Why a head is not the issuer's word; `undefined` when it is. */
export function signatureRefusalOf(
  signed: { readonly head: EnvelopeHead; readonly hash: Hash; readonly signature: string },
  verify: VerifyBytes,
): EnvelopeRefusal | undefined {
  const publicKey = publicKeyOfDid(signed.head.iss)
  if (publicKey === undefined) return 'ENVELOPE_ISSUER_UNREADABLE'
  const isRight = verify({
    publicKeyHex: hexOfBytes(publicKey),
    bytes: signingBytes(signed.head.type, signed.hash),
    signature: base64url.baseDecode(signed.signature),
  })
  return isRight ? undefined : 'ENVELOPE_SIGNATURE_WRONG'
}
