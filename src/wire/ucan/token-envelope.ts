/**
 * The envelope of UCAN 1.0: `[signature, {h: header, "ucan/KIND@VERSION": payload}]` in DAG-CBOR, carried as base64url without padding. The signature is over
 * the bytes of the second element. https://github.com/ucan-wg/spec, "Envelope"; the header is Varsig v1: Ed25519, SHA-512, DAG-CBOR.
 */
import { base64url } from 'multiformats/bases/base64'
import { sha256HexOfBytes } from '../../base/sha256.ts'
import { type CapabilityRefused, refuseCapability } from '../../core/capability/capability-refusals.ts'
import type { CapabilityCid } from '../../core/capability/capability-token.ts'
import { type IpldMap, type IpldValue, isIpldList, isIpldMap } from '../../core/capability/ipld-value.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { type CborChecks, cidOfBytes, isSameBytes, readDagCbor, writeDagCbor } from './dag-cbor.ts'

/** Bytes of a token at most. */
export const TOKEN_BYTES_MAX = 8192
/** UTF-16 units of its base64url. */
export const TOKEN_TEXT_MAX: number = Math.ceil((TOKEN_BYTES_MAX * 4) / 3)

export const TOKEN_KINDS = { dlg: 'delegation', inv: 'invocation' } as const
export type TokenKind = (typeof TOKEN_KINDS)[keyof typeof TOKEN_KINDS]

/** Versions that are read; the shape is the same. What is written has the first. */
export const TOKEN_VERSIONS = ['1.0.0-rc.1', '1.0.0'] as const

/** Varsig v1, EdDSA on Ed25519 with SHA-512, DAG-CBOR. */
const VARSIG_HEADER = Uint8Array.of(0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71)
const SIGNATURE_BYTES = 64
/** Head of the list, head of the signature and the signature: what stands before the signed bytes. */
const SIGNED_FROM: number = 1 + 2 + SIGNATURE_BYTES
const BASE64URL = /^[A-Za-z0-9_-]+$/
const TAG = /^ucan\/(dlg|inv)@(.+)$/

export type TokenEnvelope = {
  readonly kind: TokenKind
  readonly cid: CapabilityCid
  readonly signature: Uint8Array
  readonly signedBytes: Uint8Array
  readonly signedHash: Hash
  readonly payload: IpldMap
}

export type EnvelopeReading = { readonly kind: 'read'; readonly envelope: TokenEnvelope } | CapabilityRefused

/** Bytes of a token in its text form. Never throws. */
export function bytesOfTokenText(
  text: string,
): { readonly kind: 'read'; readonly bytes: Uint8Array } | CapabilityRefused {
  if (text.length > TOKEN_TEXT_MAX) return refuseCapability('CAPABILITY_TOO_LARGE')
  if (!BASE64URL.test(text) || text.length % 4 === 1) return refuseCapability('CAPABILITY_NOT_BASE64URL')
  try {
    const bytes = base64url.baseDecode(text)
    if (base64url.baseEncode(bytes) === text) return { kind: 'read', bytes }
  } catch {
    // The library throws where bits are left over.
  }
  return refuseCapability('CAPABILITY_NOT_BASE64URL')
}

export function textOfTokenBytes(bytes: Uint8Array): string {
  return base64url.baseEncode(bytes)
}

/** Reads an envelope; the payload is some map. Never throws. */
export function readTokenEnvelope(bytes: Uint8Array, checks?: CborChecks): EnvelopeReading {
  if (bytes.length > TOKEN_BYTES_MAX) return refuseCapability('CAPABILITY_TOO_LARGE')
  const reading = readDagCbor(bytes, checks)
  if (reading.kind === 'refused') return reading
  const parts = partsOf(reading.value)
  if (parts === undefined) return refuseCapability('CAPABILITY_SHAPE_WRONG')
  const { signature, header, tag, payload } = parts
  if (!isSameBytes(header, VARSIG_HEADER)) return refuseCapability('CAPABILITY_VARSIG_UNKNOWN')
  if (signature.length !== SIGNATURE_BYTES) return refuseCapability('CAPABILITY_SIGNATURE_WRONG')
  const [, kind, version] = TAG.exec(tag) ?? []
  if ((kind !== 'dlg' && kind !== 'inv') || !TOKEN_VERSIONS.some((known) => known === version)) {
    return refuseCapability('CAPABILITY_TAG_UNKNOWN')
  }
  if (!isIpldMap(payload)) return refuseCapability('CAPABILITY_SHAPE_WRONG')
  const signedBytes = bytes.slice(SIGNED_FROM)
  return {
    kind: 'read',
    envelope: {
      kind: TOKEN_KINDS[kind],
      cid: cidOfBytes(bytes),
      signature,
      signedBytes,
      signedHash: sha256HexOfBytes(signedBytes) as Hash,
      payload,
    },
  }
}

type Parts = {
  readonly signature: Uint8Array
  readonly header: Uint8Array
  readonly tag: string
  readonly payload: IpldValue
}

function partsOf(value: IpldValue): Parts | undefined {
  if (!isIpldList(value) || value.length !== 2) return undefined
  const [signature, signed] = value
  if (!(signature instanceof Uint8Array) || !isIpldMap(signed)) return undefined
  const { h: header, ...rest } = signed
  const [entry, ...more] = Object.entries(rest)
  if (!(header instanceof Uint8Array) || entry === undefined || more.length > 0) return undefined
  return { signature, header, tag: entry[0], payload: entry[1] }
}

/** What an issuer signs. */
export function signedBytesOf(kind: keyof typeof TOKEN_KINDS, payload: IpldMap): Uint8Array {
  return writeDagCbor({ h: VARSIG_HEADER, [`ucan/${kind}@${TOKEN_VERSIONS[0]}`]: payload })
}

/** The token of signed bytes. Throws `RangeError` for a signature that has not 64 bytes. */
export function sealToken(signedBytes: Uint8Array, signature: Uint8Array): Uint8Array {
  if (signature.length !== SIGNATURE_BYTES) throw new RangeError(`A signature has 64 bytes, not ${signature.length}`)
  const bytes = new Uint8Array(SIGNED_FROM + signedBytes.length)
  bytes.set([0x82, 0x58, SIGNATURE_BYTES])
  bytes.set(signature, SIGNED_FROM - SIGNATURE_BYTES)
  bytes.set(signedBytes, SIGNED_FROM)
  return bytes
}
