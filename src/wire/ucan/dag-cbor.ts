/**
 * DAG-CBOR, strictly: bytes are read only when they are the ones that their value is written as (https://ipld.io/specs/codecs/dag-cbor/spec/, "Strictness"). A
 * float without a fraction is refused, since a reader of JavaScript cannot tell it from the integer.
 */
import { decode, encode } from '@ipld/dag-cbor'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { sha256 } from '../../base/sha256.ts'
import { type CapabilityRefused, refuseCapability } from '../../core/capability/capability-refusals.ts'
import { type CapabilityCid, parseCapabilityCid } from '../../core/capability/capability-token.ts'
import { IpldLink, type IpldValue } from '../../core/capability/ipld-value.ts'
import { scanCbor } from './scan-cbor.ts'

const DAG_CBOR_CODE = 0x71
const SHA_256_CODE = 0x12
const DIGEST_BYTES = 32

export type CborReading = { readonly kind: 'read'; readonly value: IpldValue } | CapabilityRefused

/** What a reader looks at besides the library; another one is for tests of a defect. */
export type CborChecks = {
  readonly scan: typeof scanCbor
  /** Whether bytes are the ones that their value is written as. */
  readonly isWritten: (written: Uint8Array, bytes: Uint8Array) => boolean
}

export const CBOR_CHECKS: CborChecks = { scan: scanCbor, isWritten: isSameBytes }

/** Reads one canonical value. Never throws. */
export function readDagCbor(bytes: Uint8Array, checks: CborChecks = CBOR_CHECKS): CborReading {
  const refusal = checks.scan(bytes)
  if (refusal !== undefined) return refuseCapability(refusal)
  let value: unknown
  try {
    value = decode(bytes)
  } catch {
    // What the scan admits and the library refuses: a number, a length or a key in another than its shortest form, or a float that is no number.
    return refuseCapability('CAPABILITY_NOT_CANONICAL')
  }
  if (!checks.isWritten(encode(value), bytes)) return refuseCapability('CAPABILITY_NOT_CANONICAL')
  return { kind: 'read', value: withLinks(value) }
}

/** The canonical bytes of a value. Throws for text with lone surrogates, numbers that are none, and integers beyond 64 bits. */
export function writeDagCbor(value: IpldValue): Uint8Array {
  return encode(withCids(value))
}

/** CIDv1 of bytes in DAG-CBOR, in base58btc. */
export function cidOfBytes(bytes: Uint8Array): CapabilityCid {
  return CID.createV1(DAG_CBOR_CODE, createDigest(SHA_256_CODE, sha256(bytes))).toString(base58btc) as CapabilityCid
}

/** The CID of a token that a link names; `undefined` where it names anything else. */
export function tokenCidOf(link: IpldValue): CapabilityCid | undefined {
  if (!(link instanceof IpldLink)) return undefined
  const cid = parseCapabilityCid(link.cid)
  if (cid === undefined) return undefined
  const { code, multihash } = CID.parse(cid, base58btc)
  return code === DAG_CBOR_CODE && multihash.code === SHA_256_CODE && multihash.size === DIGEST_BYTES ? cid : undefined
}

export function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at])
}

/** What the library built: values of the data model, with its own class for links. Depth is bounded by the scan. */
function withLinks(value: unknown): IpldValue {
  const cid = CID.asCID(value)
  if (cid !== null) return new IpldLink(cid.toV1().toString(base58btc))
  if (Array.isArray(value)) return value.map(withLinks)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value as IpldValue
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withLinks(member)]))
}

function withCids(value: IpldValue): unknown {
  if (value instanceof IpldLink) return CID.parse(value.cid, base58btc)
  if (Array.isArray(value)) return value.map(withCids)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withCids(member)]))
}
