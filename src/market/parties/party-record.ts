import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { sha256HexOfBytes } from '../../base/sha256.ts'
import { type Hash, parseHash } from '../../core/evidence/names.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'
import { decodeEnvelope, type Envelope } from '../../wire/v1/envelope.ts'

/** A signed message with its bytes, as it was sent or came. */
export type KeptEnvelope = {
  readonly envelope: Envelope
  /** The bytes that were signed and sent: canonical JSON. */
  readonly bytes: Uint8Array
  /** Of messages of one's own: what it was said for, so that nothing is said twice. */
  readonly act: string | undefined
}

/**
 * One record of a party's journal. `said`: a message of its own, written before it leaves. `heard`: one of somebody else, checked before. `noted`: a value by
 * topic and key, the last one counts and `null` takes it away. `filed`: bytes, found by their SHA-256. `forgotten`: all that belongs to a subject is dropped.
 */
export type PartyRecord =
  | { readonly kind: 'said' | 'heard'; readonly kept: KeptEnvelope }
  | { readonly kind: 'noted'; readonly topic: string; readonly key: string; readonly value: JsonValue }
  | { readonly kind: 'filed'; readonly hash: Hash; readonly subject: string; readonly bytes: Uint8Array }
  | { readonly kind: 'forgotten'; readonly subject: string }

const JSON_TAG = 0x7b
const FILE_TAG = 0x01
const FILE_HEAD_BYTES = 65

const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()

/** The bytes of a record: canonical JSON; a file is a tag, 64 characters of its subject, and its bytes. */
export function encodePartyRecord(record: PartyRecord): Uint8Array {
  switch (record.kind) {
    case 'said':
    case 'heard': {
      const { bytes, act } = record.kept
      const envelope = decodeUtf8(bytes) ?? ''
      return jsonBytes({ kind: record.kind, envelope, ...(act !== undefined && { act }) })
    }
    case 'noted':
    case 'forgotten':
      return jsonBytes(record)
    case 'filed': {
      const bytes = new Uint8Array(FILE_HEAD_BYTES + record.bytes.byteLength)
      bytes[0] = FILE_TAG
      bytes.set(ENCODER.encode(record.subject.padEnd(FILE_HEAD_BYTES - 1)), 1)
      bytes.set(record.bytes, FILE_HEAD_BYTES)
      return bytes
    }
  }
}

/** Reads what `encodePartyRecord` wrote. Throws `STORE_CORRUPTED` for anything else. */
export function decodePartyRecord(payload: Uint8Array, index: number): PartyRecord {
  const record = payload[0] === FILE_TAG ? readFile(payload) : readJson(payload)
  if (record === undefined)
    throw new CodedError('STORE_CORRUPTED', { message: `Record ${index} of the party's journal is none` })
  return record
}

function readFile(payload: Uint8Array): PartyRecord | undefined {
  const subject = decodeUtf8(payload.subarray(1, FILE_HEAD_BYTES))?.trimEnd()
  const bytes = payload.slice(FILE_HEAD_BYTES)
  const hash = parseHash(sha256HexOfBytes(bytes))
  return subject === undefined || hash === undefined ? undefined : { kind: 'filed', hash, subject, bytes }
}

function readJson(payload: Uint8Array): PartyRecord | undefined {
  if (payload[0] !== JSON_TAG) return undefined
  let json: Readonly<Record<string, unknown>>
  try {
    json = JSON.parse(decodeUtf8(payload) ?? '') as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
  const { kind } = json
  if (kind === 'said' || kind === 'heard') {
    const kept = keptEnvelopeOf(String(json['envelope']), textOf(json['act']))
    return kept === undefined ? undefined : { kind, kept }
  }
  const topic = textOf(json['topic'])
  const key = textOf(json['key'])
  const subject = textOf(json['subject'])
  if (kind === 'forgotten' && subject !== undefined) return { kind, subject }
  if (kind !== 'noted' || topic === undefined || key === undefined || json['value'] === undefined) return undefined
  // Parsed from JSON.
  return { kind, topic, key, value: json['value'] as JsonValue }
}

/** A message by its text; `undefined` when it is none. */
export function keptEnvelopeOf(text: string, act: string | undefined): KeptEnvelope | undefined {
  const bytes = ENCODER.encode(text)
  const decoded = decodeEnvelope(bytes)
  return decoded.kind === 'refused' ? undefined : { envelope: decoded.envelope, bytes, act }
}

/**
 * What a message is about, and so which chain it stands in: its contract or auction; outside of those its type.
 */
export function subjectOf({ head, type }: Pick<Envelope, 'head' | 'type'>): string {
  return head.contract ?? type
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function jsonBytes(value: unknown): Uint8Array {
  return ENCODER.encode(canonicalJson(value))
}
