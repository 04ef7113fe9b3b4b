/**
 * Capability tokens as bytes and as values of the core. `decodeToken` reads and says nothing of who signed; `openToken` does both, and is what a receiver
 * calls. protocol/spec/capability.md lists fields and limits.
 */
import { base16 } from 'multiformats/bases/base16'
import { type CapabilityRefused, refuseCapability } from '../../core/capability/capability-refusals.ts'
import type { CapabilityCid, CapabilityToken, Delegation, Invocation } from '../../core/capability/capability-token.ts'
import { type IpldMap, IpldLink, type IpldValue } from '../../core/capability/ipld-value.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { VerifyBytes } from '../v1/authenticate.ts'
import { publicKeyOfDid } from '../v1/did-key.ts'
import type { CborChecks } from './dag-cbor.ts'
import { readDelegation, readInvocation } from './token-fields.ts'
import { bytesOfTokenText, readTokenEnvelope, sealToken, signedBytesOf, textOfTokenBytes } from './token-envelope.ts'

export type DecodedToken = {
  readonly kind: 'decoded'
  readonly token: CapabilityToken
  readonly signature: Uint8Array
  readonly signedBytes: Uint8Array
}

/** Reads the bytes of a token. It may be signed by nobody. Never throws. */
export function decodeToken(bytes: Uint8Array, checks?: CborChecks): DecodedToken | CapabilityRefused {
  const reading = readTokenEnvelope(bytes, checks)
  if (reading.kind === 'refused') return reading
  const { envelope } = reading
  const token = envelope.kind === 'delegation' ? readDelegation(envelope) : readInvocation(envelope)
  if (token.kind === 'refused') return token
  return { kind: 'decoded', token, signature: envelope.signature, signedBytes: envelope.signedBytes }
}

/** Whether the issuer signed it. */
export function isTokenSigned({ token, signature, signedBytes }: DecodedToken, verify: VerifyBytes): boolean {
  const publicKey = publicKeyOfDid(token.iss)
  return (
    publicKey !== undefined && verify({ publicKeyHex: base16.baseEncode(publicKey), bytes: signedBytes, signature })
  )
}

export type OpenedToken = { readonly kind: 'opened'; readonly token: CapabilityToken } | CapabilityRefused

/** Reads a token in base64url and checks its signature. Never throws. */
export function openToken(text: string, verify: VerifyBytes): OpenedToken {
  const bytes = bytesOfTokenText(text)
  if (bytes.kind === 'refused') return bytes
  const decoded = decodeToken(bytes.bytes)
  if (decoded.kind === 'refused') return decoded
  if (!isTokenSigned(decoded, verify)) return refuseCapability('CAPABILITY_SIGNATURE_WRONG')
  return { kind: 'opened', token: decoded.token }
}

/** `openToken` where only a delegation will do: `CAPABILITY_KIND_WRONG` otherwise. */
export function openDelegation(text: string, verify: VerifyBytes): Delegation | CapabilityRefused {
  const opened = openToken(text, verify)
  if (opened.kind === 'refused') return opened
  return opened.token.kind === 'delegation' ? opened.token : refuseCapability('CAPABILITY_KIND_WRONG')
}

/** `openToken` where only an invocation will do: `CAPABILITY_KIND_WRONG` otherwise. */
export function openInvocation(text: string, verify: VerifyBytes): Invocation | CapabilityRefused {
  const opened = openToken(text, verify)
  if (opened.kind === 'refused') return opened
  return opened.token.kind === 'invocation' ? opened.token : refuseCapability('CAPABILITY_KIND_WRONG')
}

export type DelegationInit = {
  readonly iss: Did
  readonly aud: Did
  /** `undefined` for a powerline. */
  readonly sub: Did | undefined
  readonly cmd: string
  /** In the form of the specification: `[["<=", ".amount", 100]]`. */
  readonly pol: readonly IpldValue[]
  readonly nonce: Uint8Array
  readonly meta?: IpldMap
  /** Seconds since 1970. */
  readonly nbf?: number
  /** Seconds since 1970; `undefined` for none. */
  readonly exp: number | undefined
}

export type InvocationInit = {
  readonly iss: Did
  readonly sub: Did
  readonly aud?: Did
  readonly cmd: string
  readonly args: IpldMap
  /** Root first. */
  readonly prf: readonly CapabilityCid[]
  readonly nonce: Uint8Array
  readonly meta?: IpldMap
  readonly iat?: number
  readonly exp: number | undefined
}

/** The bytes that the issuer of a delegation signs. */
export function delegationSignedBytes(init: DelegationInit): Uint8Array {
  const { iss, aud, sub, cmd, pol, nonce, meta, nbf, exp } = init
  return signedBytesOf('dlg', {
    iss,
    aud,
    sub: sub ?? null,
    cmd,
    pol,
    nonce,
    exp: exp ?? null,
    ...(meta && { meta }),
    ...(nbf !== undefined && { nbf }),
  })
}

/** The bytes that the issuer of an invocation signs. */
export function invocationSignedBytes(init: InvocationInit): Uint8Array {
  const { iss, sub, aud, cmd, args, prf, nonce, meta, iat, exp } = init
  return signedBytesOf('inv', {
    iss,
    sub,
    cmd,
    args,
    prf: prf.map((cid) => new IpldLink(cid)),
    nonce,
    exp: exp ?? null,
    ...(aud && { aud }),
    ...(meta && { meta }),
    ...(iat !== undefined && { iat }),
  })
}

export type IssuedToken = { readonly kind: 'issued'; readonly text: string; readonly token: CapabilityToken }

/** Signs and reads back, so that nothing is issued that a receiver refuses. */
export function issueToken(
  signedBytes: Uint8Array,
  sign: (bytes: Uint8Array) => Uint8Array,
): IssuedToken | CapabilityRefused {
  const bytes = sealToken(signedBytes, sign(signedBytes))
  const decoded = decodeToken(bytes)
  return decoded.kind === 'refused' ? decoded : { kind: 'issued', text: textOfTokenBytes(bytes), token: decoded.token }
}

/** Bytes of a nonce as the core holds it. */
export function nonceBytes(nonce: string): Uint8Array {
  return base16.baseDecode(nonce)
}
