import { canonicalJson, type JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { type Hash, parseHash } from '../../../core/evidence/names.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import { decodeEnvelope, type Envelope } from '../../../wire/v1/envelope.ts'

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
 * topic and key, the last one counts and `null` takes it away. `filed`: bytes of a subject, kept elsewhere under their SHA-256. `unfiled`: the files of a subject are
 * dropped. `forgotten`: all that belongs to a subject is.
 */
export type PartyRecord =
  | { readonly kind: 'said' | 'heard'; readonly kept: KeptEnvelope }
  | { readonly kind: 'noted'; readonly topic: string; readonly key: string; readonly value: JsonValue }
  | { readonly kind: 'filed'; readonly hash: Hash; readonly subject: string; readonly byteLength: number }
  | { readonly kind: 'unfiled' | 'forgotten'; readonly subject: string }

const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()

/** The bytes of a record: canonical JSON. */
export function encodePartyRecord(record: PartyRecord): Uint8Array {
  switch (record.kind) {
    case 'said':
    case 'heard': {
      const { bytes, act } = record.kept
      const envelope = decodeUtf8(bytes) ?? ''
      return jsonBytes({ kind: record.kind, envelope, ...(act !== undefined && { act }) })
    }
    case 'noted':
    case 'filed':
    case 'unfiled':
    case 'forgotten':
      return jsonBytes(record)
  }
}

/** Reads what `encodePartyRecord` wrote. Throws `STORE_CORRUPTED` for anything else. */
export function decodePartyRecord(payload: Uint8Array, index: number): PartyRecord {
  const record = readJson(payload)
  if (record === undefined)
    throw new CodedError('STORE_CORRUPTED', { message: `Record ${index} of the party's journal is none` })
  return record
}

function readJson(payload: Uint8Array): PartyRecord | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(decodeUtf8(payload) ?? '')
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const json = parsed as Readonly<Record<string, unknown>>
  const { kind } = json
  if (kind === 'said' || kind === 'heard') {
    const kept = keptEnvelopeOf(String(json['envelope']), textOf(json['act']))
    return kept === undefined ? undefined : { kind, kept }
  }
  const topic = textOf(json['topic'])
  const key = textOf(json['key'])
  const subject = textOf(json['subject'])
  if ((kind === 'forgotten' || kind === 'unfiled') && subject !== undefined) return { kind, subject }
  if (kind === 'filed') {
    const hash = parseHash(textOf(json['hash']) ?? '')
    const byteLength = json['byteLength']
    const isWhole = typeof byteLength === 'number' && Number.isSafeInteger(byteLength) && byteLength >= 0
    return hash === undefined || subject === undefined || !isWhole ? undefined : { kind, hash, subject, byteLength }
  }
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
