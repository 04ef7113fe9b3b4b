import type { Brand } from '../../base/brands.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { IpldMap } from './ipld-value.ts'
import type { Policy } from './policy.ts'

/** CIDv1 of a token: DAG-CBOR, SHA-256 of its bytes with the signature, in base58btc; begins with `zdpu`. */
export type CapabilityCid = Brand<string, 'CapabilityCid'>

const CID_PATTERN = /^zdpu[1-9A-HJ-NP-Za-km-z]{45}$/

/** Reads a CID by its shape; `undefined` when the text is none of a token. */
export function parseCapabilityCid(text: string): CapabilityCid | undefined {
  return CID_PATTERN.test(text) ? (text as CapabilityCid) : undefined
}

type TokenHead = {
  readonly cid: CapabilityCid
  /** SHA-256 of the signed bytes: two signatures over one payload have one. */
  readonly signedHash: Hash
  readonly iss: Did
  /** Path of segments, `/` for all. */
  readonly cmd: string
  /** 12 to 64 bytes in lower-case hexadecimal digits. */
  readonly nonce: string
  /** Said and signed, without authority. */
  readonly meta: IpldMap | undefined
  /** Seconds since 1970; `undefined` never expires. Valid while the stamp is not later. */
  readonly exp: number | undefined
}

/** A grant of `iss` to `aud`, whose signature was checked before (`src/wire/ucan`). */
export type Delegation = TokenHead & {
  readonly kind: 'delegation'
  readonly aud: Did
  /** Whose authority it is; `undefined` passes on whatever the issuer is granted (a powerline). */
  readonly sub: Did | undefined
  readonly pol: Policy
  /** Seconds since 1970; valid from then on. */
  readonly nbf: number | undefined
}

/** An order of `iss` to do `cmd` by the authority of `sub`, whose signature was checked before. */
export type Invocation = TokenHead & {
  readonly kind: 'invocation'
  readonly sub: Did
  /** Who is to do it; the subject when absent. */
  readonly aud: Did | undefined
  readonly args: IpldMap
  /** The delegations that prove it, root first. */
  readonly prf: readonly CapabilityCid[]
  /** A claim of the issuer's clock, in seconds; nothing is decided by it. */
  readonly iat: number | undefined
  /** CID of the receipt that asked for it. */
  readonly cause: string | undefined
}

export type CapabilityToken = Delegation | Invocation
