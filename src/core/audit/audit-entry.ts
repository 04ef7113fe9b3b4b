import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import { type Hash, parseHash } from '../evidence/names.ts'
import { assert } from '../../base/assert.ts'

/** UTF-16 units of one entry; what is longer is not written. */
export const AUDIT_ENTRY_MAX = 8_192

const DOMAIN = 'kernell/audit/v1\n'

/** What was done or refused, by whom. Names, hashes and codes; never text of a task, and no secret. */
export type AuditEvent = {
  /** Such as `call-granted`, `call-refused`, `stopped`. */
  readonly type: string
  readonly [member: string]: JsonValue | undefined
}

export type AuditEntry = {
  readonly index: number
  /** Hash of the entry before; of the first one the name of the journal. */
  readonly prev: Hash
  readonly at: Timestamp
  readonly event: AuditEvent
}

/** Where a chain stands: what its next entry has to say. */
export type AuditHead = { readonly entries: number; readonly hash: Hash; readonly at: Timestamp }

/** The name of every journal of this kind, in which the first entry hangs. */
export const AUDIT_START: AuditHead = { entries: 0, hash: hashOf(''), at: timestampFromMs(0) }

export type AuditFinding = 'malformed' | 'not-canonical' | 'index' | 'chain' | 'stamp'

/** An entry that follows `head`, as the canonical text that is kept, and where the chain then stands. A stamp is never earlier than the one before. */
export function nextAuditEntry(
  head: AuditHead,
  { event, at }: Pick<AuditEntry, 'event' | 'at'>,
): { readonly text: string; readonly head: AuditHead } {
  const stamp = at < head.at ? head.at : at
  const text = canonicalJson({ at: stamp, event, index: head.entries, prev: head.hash })
  if (text.length > AUDIT_ENTRY_MAX) throw new RangeError(`An entry has more than ${AUDIT_ENTRY_MAX} characters`)
  return { text, head: { entries: head.entries + 1, hash: hashOf(text), at: stamp } }
}

export type AuditReading =
  | { readonly kind: 'entry'; readonly entry: AuditEntry; readonly head: AuditHead }
  | { readonly kind: 'wrong'; readonly finding: AuditFinding }

/** Reads the text of an entry and whether it follows `head`. Never throws. */
export function readAuditEntry(head: AuditHead, text: string): AuditReading {
  const entry = text.length > AUDIT_ENTRY_MAX ? undefined : parseEntry(text)
  if (entry === undefined) return { kind: 'wrong', finding: 'malformed' }
  if (entry === 'not-canonical') return { kind: 'wrong', finding: entry }
  if (entry.index !== head.entries) return { kind: 'wrong', finding: 'index' }
  if (entry.prev !== head.hash) return { kind: 'wrong', finding: 'chain' }
  if (entry.at < head.at) return { kind: 'wrong', finding: 'stamp' }
  return { kind: 'entry', entry, head: { entries: entry.index + 1, hash: hashOf(text), at: entry.at } }
}

/** Where the chain stands behind a text that is no right entry, so that what follows it is read all the same. */
export function headBehind(head: AuditHead, text: string): AuditHead {
  return { entries: head.entries + 1, hash: hashOf(text), at: head.at }
}

function parseEntry(text: string): AuditEntry | 'not-canonical' | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
    if (canonicalJson(json) !== text) return 'not-canonical'
  } catch {
    return undefined
  }
  if (typeof json !== 'object' || json === null || Object.keys(json).length !== 4) return undefined
  if (!('index' in json && 'prev' in json && 'at' in json && 'event' in json)) return undefined
  const { index, prev, at, event } = json
  const before = typeof prev === 'string' ? parseHash(prev) : undefined
  if (before === undefined || !isCount(index) || !isCount(at) || !isEvent(event)) return undefined
  return { index, prev: before, at: timestampFromMs(at), event }
}

function isEvent(value: unknown): value is AuditEvent {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function hashOf(text: string): Hash {
  const hash = parseHash(sha256Hex(DOMAIN + text))
  assert(hash !== undefined, 'a digest in hexadecimal digits is a hash')
  return hash
}
