/**
 * Signed messages as bytes. `decodeEnvelope` reads bytes into a union by `type`, or says by a code why not; it checks everything that needs no key and no
 * clock, and it never throws. `authenticate` (authenticate.ts) checks the rest. `prepareEnvelope` makes the bytes to be signed, and with the signature the
 * bytes to be sent.
 *
 * ```ts
 * const decoded = decodeEnvelope(new Uint8Array([0x7b, 0x7d]))
 * console.log(decoded.kind === 'refused' && decoded.code) // ENVELOPE_VERSION_UNKNOWN
 * ```
 *
 * @see protocol/spec/envelope.md
 */
import { base64url } from 'multiformats/bases/base64'
import { z } from 'zod'
import { sha256Hex, type Sha256Hex } from '../../base/sha256.ts'
import type { EnvelopeRefusal } from '../../core/evidence/envelope-refusals.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { CANONICAL_CHECKS, CANONICAL_LIMITS, type CanonicalChecks, canonicalText, readCanonical } from './canonical.ts'
import { cutEnvelope, type EnvelopeParts } from './cut-envelope.ts'
import { type EnvelopeHead, HEAD_FIELDS, validityMaxOf } from './envelope-head.ts'
import { SIGNATURE } from './fields.ts'
import { isMessageType, type MessageBody, messageBytesMax, MESSAGES, type MessageType } from './message-types.ts'
import { hashOfText, signingBytes } from './signing-bytes.ts'

/** One message that was decoded: shapes, sizes and hashes are right, the signature has not been looked at. */
export type EnvelopeOf<Type extends MessageType> = {
  readonly type: Type
  readonly head: EnvelopeHead
  readonly body: MessageBody<Type>
  /** 64 bytes in base64url. */
  readonly signature: string
  /** SHA-256 of the canonical head: the message's only name. */
  readonly hash: Hash
}

/** Any message; `type` says which. */
export type Envelope = { readonly [Type in MessageType]: EnvelopeOf<Type> }[MessageType]

export type Refused = {
  readonly kind: 'refused'
  readonly code: EnvelopeRefusal
  /** Where in the message, at most 200 characters; for people. */
  readonly reason?: string
}

/** `text`: the canonical text that the bytes are, for whoever keeps it. */
export type Decoded = { readonly kind: 'decoded'; readonly envelope: Envelope; readonly text: string } | Refused

export type DecodeInit = {
  /** A native SHA-256, where there is one. */
  readonly hash?: Sha256Hex
  /** Replaced only by tests, which plant defects. */
  readonly checks?: DecodeChecks
}

export type DecodeChecks = CanonicalChecks & { readonly isBodyHash: (text: string, hash: Hash) => boolean }

/** An envelope without types: the shape that is published. */
export const ENVELOPE: z.ZodType = z.strictObject({ ...HEAD_FIELDS, body: z.unknown(), signature: SIGNATURE })

const HEAD = z.strictObject(HEAD_FIELDS)
const REASON_MAX = 200

/** Reads the bytes of one envelope. Never throws; time and memory are linear in the bytes, of which there are at most 32,768. */
export function decodeEnvelope(bytes: Uint8Array, init: DecodeInit = {}): Decoded {
  const { hash = sha256Hex, checks } = init
  const reading = readCanonical(bytes, CANONICAL_LIMITS, checks ?? CANONICAL_CHECKS)
  if (reading.kind === 'refused') return refusedFor(reading.code)
  const { value } = reading
  if (typeof value !== 'object' || Array.isArray(value)) return refusedFor('ENVELOPE_SHAPE_WRONG', 'not an object')
  const { body, signature, ...rest } = value as Readonly<Record<string, unknown>>
  if (rest['v'] !== 1) return refusedFor('ENVELOPE_VERSION_UNKNOWN')
  const type = rest['type']
  if (!isMessageType(type)) return refusedFor('ENVELOPE_TYPE_UNKNOWN')
  if (bytes.byteLength > messageBytesMax(type)) return refusedFor('ENVELOPE_TOO_LARGE', type)
  const parsed = HEAD.safeParse(rest)
  if (!parsed.success) return headRefusal(parsed.error)
  const head: EnvelopeHead = parsed.data
  if (!SIGNATURE.safeParse(signature).success) return refusedFor('ENVELOPE_SIGNATURE_SHAPE')
  const refusal = relationRefusal(head)
  if (refusal !== undefined) return refusedFor(refusal)
  if (body === undefined) return refusedFor('ENVELOPE_SHAPE_WRONG', 'body')
  const parts = partsOf(reading.text, { head, rest, body, signature: String(signature) })
  const isBodyHash = checks?.isBodyHash ?? ((text, expected) => hashOfText(text, hash) === expected)
  if (!isBodyHash(parts.body, head.bodyHash)) return refusedFor('ENVELOPE_BODY_HASH_WRONG')
  const read = z.safeDecode(MESSAGES[type] as z.ZodType, body)
  if (!read.success) return refusedFor('ENVELOPE_BODY_SHAPE', firstProblem(read.error))
  const name = hashOfText(parts.head, hash)
  return {
    kind: 'decoded',
    text: reading.text,
    envelope: { type, head, body: read.data, signature: String(signature), hash: name } as Envelope,
  }
}

type Members = {
  readonly head: EnvelopeHead
  readonly rest: unknown
  readonly body: unknown
  readonly signature: string
}

/** Cut out of text that was found canonical; written anew where a test has switched that finding off. */
function partsOf(text: string, { head, rest, body, signature }: Members): EnvelopeParts {
  const cut = cutEnvelope(text, { aud: head.aud, signature, type: head.type })
  return cut ?? { body: canonicalText(body), head: canonicalText(rest) }
}

/** What has to hold between members. */
function relationRefusal(head: EnvelopeHead): EnvelopeRefusal | undefined {
  if (head.exp <= head.iat || head.exp - head.iat > validityMaxOf(head.type)) return 'ENVELOPE_VALIDITY_WRONG'
  return (head.prev === undefined) === (head.seq === 0) ? undefined : 'ENVELOPE_SEQUENCE_WRONG'
}

function headRefusal(error: z.ZodError): Refused {
  const isUnknown = error.issues[0]?.code === 'unrecognized_keys'
  return refusedFor(isUnknown ? 'ENVELOPE_MEMBER_UNKNOWN' : 'ENVELOPE_SHAPE_WRONG', firstProblem(error))
}

function firstProblem(error: z.ZodError): string {
  const [issue] = error.issues
  if (issue === undefined) return ''
  const keys = issue.code === 'unrecognized_keys' ? issue.keys : []
  return [...issue.path, ...keys].map(String).join('.').slice(0, REASON_MAX)
}

function refusedFor(code: EnvelopeRefusal, reason?: string): Refused {
  return reason === undefined || reason === '' ? { kind: 'refused', code } : { kind: 'refused', code, reason }
}

/** What a sender says; `bodyHash` and the version are worked out. */
export type EnvelopeInit<Type extends MessageType> = Omit<EnvelopeHead, 'v' | 'type' | 'bodyHash'> & {
  readonly type: Type
  readonly body: MessageBody<Type>
}

/** A message that lacks nothing but its signature, for keys that sign elsewhere; `prepareEnvelope` makes it. */
export type PreparedEnvelope = {
  readonly hash: Hash
  readonly head: EnvelopeHead
  /** What the issuer's key signs. */
  readonly signingBytes: Uint8Array
  /** The bytes to be sent. Throws `RangeError` unless the signature has 64 bytes. */
  finish(signature: Uint8Array): Uint8Array
}

/**
 * The bytes to be signed of a message, so that signing can happen elsewhere. Throws `TypeError` for what a receiver would refuse whatever the signature: that
 * is a mistake of whoever builds the message.
 */
export function prepareEnvelope<Type extends MessageType>(
  init: EnvelopeInit<Type>,
  hash: Sha256Hex = sha256Hex,
): PreparedEnvelope {
  const { body, ...rest } = init
  const wireBody = z.safeEncode(MESSAGES[init.type] as z.ZodType, body)
  if (!wireBody.success) throw new TypeError(`Not a body of ${init.type}: ${firstProblem(wireBody.error)}`)
  const bodyHash = hashOfText(canonicalText(wireBody.data), hash)
  const parsed = HEAD.safeParse({ ...rest, v: 1, bodyHash })
  if (!parsed.success) throw new TypeError(`Not a head of an envelope: ${firstProblem(parsed.error)}`)
  const head: EnvelopeHead = parsed.data
  const refusal = relationRefusal(head)
  if (refusal !== undefined) throw new TypeError(`Not a head of an envelope: ${refusal}`)
  const name = hashOfText(canonicalText(head), hash)
  return {
    hash: name,
    head,
    signingBytes: signingBytes(head.type, name),
    finish: (signature) => finished({ head, body: wireBody.data, signature, type: init.type }),
  }
}

type Finish = {
  readonly head: EnvelopeHead
  readonly body: unknown
  readonly signature: Uint8Array
  readonly type: MessageType
}

function finished({ head, body, signature, type }: Finish): Uint8Array {
  if (signature.byteLength !== 64) throw new RangeError(`A signature has 64 bytes, not ${signature.byteLength}`)
  const bytes = utf8Bytes(canonicalText({ ...head, body, signature: base64url.baseEncode(signature) }))
  if (bytes.byteLength > messageBytesMax(type))
    throw new RangeError(`A ${type} has at most ${messageBytesMax(type)} bytes, not ${bytes.byteLength}`)
  return bytes
}

/** A message that the issuer's key signs at once. */
export function encodeEnvelope<Type extends MessageType>(
  init: EnvelopeInit<Type>,
  sign: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const prepared = prepareEnvelope(init)
  return prepared.finish(sign(prepared.signingBytes))
}
