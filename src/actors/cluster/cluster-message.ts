/** What nodes of a cluster ask each other over `Transport`, and how it lies in bytes: see `protocol/spec/cluster.md`. */
import { CodedError } from '../../base/errors.ts'

export const CLUSTER_PROTOCOL = '/kernell/cluster/1.0.0'
export const CLUSTER_VERSION = 1

/** What a node says of itself with each sign of life. */
export type NodeFacts = { readonly labels: readonly string[]; readonly capacity: number; readonly load: number }

export type ClusterQuestion =
  /** Asks for a session. */
  | { readonly t: 'hello'; readonly v: number; readonly nonce: string; readonly run: string }
  | { readonly t: 'proof'; readonly nonce: string; readonly proof: string; readonly facts: NodeFacts }
  | { readonly t: 'beat'; readonly session: string; readonly facts: NodeFacts }
  /** The node has ended all that was placed there, and goes. */
  | { readonly t: 'bye'; readonly session: string }
  /** Please ask for a session: only one side does. */
  | { readonly t: 'knock' }

export type ClusterAnswer =
  | { readonly t: 'challenge'; readonly nonce: string; readonly run: string }
  | { readonly t: 'welcome'; readonly proof: string; readonly facts: NodeFacts }
  | { readonly t: 'beaten'; readonly facts: NodeFacts }
  /** All records before `next` were taken. */
  | { readonly t: 'taken'; readonly next: number }
  | { readonly t: 'fine' }
  /** The session is not, or no longer, one of the node. */
  | { readonly t: 'unknown' }
  | { readonly t: 'refused' }

/** Records of a session, from number `first` on. */
export type Batch = { readonly session: string; readonly first: number; readonly records: readonly Uint8Array[] }

const BATCH_BYTE = 1
const OPEN_BRACE = 0x7b
const SESSION_BYTES = 64
const HEADER_BYTES = 1 + SESSION_BYTES + 4
const LENGTH_BYTES = 4
/** Longest text of a question or answer that is no batch. */
const TEXT_BYTES_MAX = 16_384
const LABELS_MAX = 64
const CAPACITY_MAX = 1e9

const encoder = new TextEncoder()

export function batchBytes({ session, first, records }: Batch): Uint8Array {
  const size = records.reduce((total, record) => total + LENGTH_BYTES + record.byteLength, HEADER_BYTES)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  bytes[0] = BATCH_BYTE
  bytes.set(encoder.encode(session), 1)
  view.setUint32(1 + SESSION_BYTES, first >>> 0, true)
  let position = HEADER_BYTES
  for (const record of records) {
    view.setUint32(position, record.byteLength, true)
    bytes.set(record, position + LENGTH_BYTES)
    position += LENGTH_BYTES + record.byteLength
  }
  return bytes
}

/** Bytes that a record takes in a batch. */
export function recordSize(record: Uint8Array): number {
  return LENGTH_BYTES + record.byteLength
}

export function questionBytes(message: ClusterQuestion | ClusterAnswer): Uint8Array {
  return encoder.encode(JSON.stringify(message))
}

/** Reads a question. @throws `NETWORK_FRAME_INVALID`. */
export function readQuestion(bytes: Uint8Array): ClusterQuestion | (Batch & { readonly t: 'batch' }) {
  return bytes[0] === BATCH_BYTE ? { t: 'batch', ...readBatch(bytes) } : (readText(bytes) as ClusterQuestion)
}

/** Reads an answer. @throws `NETWORK_FRAME_INVALID`. */
export function readAnswer(bytes: Uint8Array): ClusterAnswer {
  return readText(bytes) as ClusterAnswer
}

function readBatch(bytes: Uint8Array): Batch {
  if (bytes.byteLength < HEADER_BYTES) throw invalid('a batch without its header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const session = String.fromCharCode(...bytes.subarray(1, 1 + SESSION_BYTES))
  const first = view.getUint32(1 + SESSION_BYTES, true)
  const records: Uint8Array[] = []
  let position = HEADER_BYTES
  while (position < bytes.byteLength) {
    if (position + LENGTH_BYTES > bytes.byteLength) throw invalid('half a record')
    const end = position + LENGTH_BYTES + view.getUint32(position, true)
    if (end > bytes.byteLength) throw invalid('half a record')
    records.push(bytes.subarray(position + LENGTH_BYTES, end))
    position = end
  }
  return { session, first, records }
}

/** Every member that a message has must be of its type: what is read is believed from here on. */
function readText(bytes: Uint8Array): ClusterQuestion | ClusterAnswer {
  if (bytes.byteLength > TEXT_BYTES_MAX || bytes[0] !== OPEN_BRACE) throw invalid('no message')
  let value: Readonly<Record<string, unknown>>
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Readonly<Record<string, unknown>>
  } catch {
    throw invalid('no JSON')
  }
  const { t } = value
  const fields = typeof t === 'string' && Object.hasOwn(FIELDS, t) ? FIELDS[t] : undefined
  if (fields?.every((field) => CHECKS[field](value[field])) !== true) throw invalid('an unknown message')
  return value as unknown as ClusterQuestion | ClusterAnswer
}

type Field = 'v' | 'nonce' | 'run' | 'proof' | 'session' | 'facts' | 'next'

const FIELDS: Readonly<Record<string, readonly Field[]>> = {
  hello: ['v', 'nonce', 'run'],
  proof: ['nonce', 'proof', 'facts'],
  beat: ['session', 'facts'],
  bye: ['session'],
  knock: [],
  challenge: ['nonce', 'run'],
  welcome: ['proof', 'facts'],
  beaten: ['facts'],
  taken: ['next'],
  fine: [],
  unknown: [],
  refused: [],
}

const isHex = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{32,64}$/.test(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0

const CHECKS: Readonly<Record<Field, (value: unknown) => boolean>> = {
  v: isCount,
  nonce: isHex,
  run: isHex,
  proof: isHex,
  session: isHex,
  next: isCount,
  facts: (value) => {
    if (typeof value !== 'object' || value === null) return false
    const { labels, capacity, load } = value as Readonly<Record<string, unknown>>
    const areLabels = Array.isArray(labels) && labels.length <= LABELS_MAX && labels.every(isLabel)
    return areLabels && isCount(capacity) && Number(capacity) <= CAPACITY_MAX && isCount(load)
  },
}

/** A label of a node: 1 to 64 characters of `A-Z a-z 0-9 . _ : -`. */
export function isLabel(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9._:-]{1,64}$/.test(value)
}

function invalid(what: string): CodedError {
  return new CodedError('NETWORK_FRAME_INVALID', { message: `Not a message of the cluster protocol: ${what}` })
}
