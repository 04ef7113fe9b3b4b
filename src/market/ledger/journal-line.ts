import { canonicalJson, isCanonicalJson } from '../../base/canonical-json.ts'
import { sha256 } from '../../base/sha256.ts'
import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import { type Hash, parseHash } from '../../core/evidence/names.ts'
import { formatHash } from '../../core/transparency/hash-text.ts'
import type { JournalFinding } from '../../core/transparency/journal-findings.ts'
import type { Sha256 } from '../../core/transparency/merkle-tree.ts'
import { encodeText } from '../../wire/v1/platform-text.ts'
import { SIGNED_CHECKPOINT, type SignedCheckpoint } from '../../wire/v1/checkpoint.ts'

/** Bytes of one line at most: 8,190 orders take about 4 MiB. */
export const LINE_BYTES_MAX = 16_777_216

const ENTRY_DOMAIN = 'kernell/journal/entry/v1\u0000'
const NAME_DOMAIN = 'kernell/journal/name/v1\u0000'

/** An entry as it is read; `event` is JSON still. */
export type EntryLine = {
  readonly kind: 'entry'
  readonly index: number
  readonly prev: Hash
  readonly at: Timestamp
  readonly event: unknown
}
export type CheckpointLine = { readonly kind: 'checkpoint'; readonly signed: SignedCheckpoint }
/** The beginning of a pruned copy: `journal-cut.ts` writes it. */
export type CutLine = { readonly kind: 'cut'; readonly at: Timestamp; readonly signed: SignedCheckpoint }
export type HashesLine = { readonly kind: 'hashes'; readonly hashes: readonly Hash[] }
export type StateLine = { readonly kind: 'state'; readonly json: unknown }
export type BadLine = { readonly kind: 'bad'; readonly finding: JournalFinding }
export type JournalLine = EntryLine | CheckpointLine | CutLine | HashesLine | StateLine | BadLine

/** What the first entry of a journal follows, made of the words that tell it from all others, such as the id of a notary set. */
export function nameJournal(words: string, digest: Sha256 = sha256): Hash {
  return hashBehind(NAME_DOMAIN, words, digest)
}

/**
 * The canonical text of an entry: members in the order of their names. `event` is canonical JSON already.
 *
 * ```text
 * {"at":1767225600000,"event":{...},"index":0,"prev":"<hash of the entry before, or the name of the journal>"}
 * ```
 */
export function formatEntry({ index, prev, at }: Omit<EntryLine, 'kind' | 'event'>, event: string): string {
  return `{"at":${at},"event":${event},"index":${index},"prev":"${prev}"}`
}

/** Index of the entry of which this is the canonical text; `undefined` for the text of a checkpoint. */
export function indexOfEntry(text: string): number | undefined {
  const digits = /"index":(\d+),"prev":"[0-9a-f]{64}"\}$/.exec(text)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The entry's name, and its leaf in the tree: SHA-256 over a domain and the entry's bytes. It covers all entries before by `prev`. */
export function hashEntry(text: string, digest: Sha256 = sha256): Hash {
  return hashBehind(ENTRY_DOMAIN, text, digest)
}

/** The bytes of an entry's text, and its name: encoded once for both. */
export function encodeEntry(text: string, digest: Sha256 = sha256): { readonly line: Uint8Array; readonly hash: Hash } {
  const bytes = encodeText(ENTRY_DOMAIN + text)
  return { line: bytes.subarray(ENTRY_DOMAIN.length), hash: formatHash(digest(bytes)) }
}

export function formatCheckpoint(signed: SignedCheckpoint): string {
  return canonicalJson(signed)
}

/** Reads one line, without its line feed. Whether it follows from the lines before is said elsewhere. */
export function parseLine(text: string): JournalLine {
  if (text.length > LINE_BYTES_MAX) return bad('JOURNAL_LINE_TOO_LONG')
  const json = parseJson(text)
  if (typeof json !== 'object' || json === null) return bad('JOURNAL_LINE_MALFORMED')
  if (!isCanonicalJson(json, text)) return bad('JOURNAL_LINE_NOT_CANONICAL')
  if ('checkpoint' in json) {
    const signed = SIGNED_CHECKPOINT.safeParse(json)
    return signed.success ? { kind: 'checkpoint', signed: signed.data } : bad('JOURNAL_LINE_MALFORMED')
  }
  if ('cut' in json) return parseCut(json.cut)
  if ('hashes' in json) return parseHashes(json.hashes)
  if ('state' in json) return { kind: 'state', json: json.state }
  if (!('event' in json && 'index' in json && 'prev' in json && 'at' in json)) return bad('JOURNAL_LINE_MALFORMED')
  const { event, index, at } = json
  const prev = typeof json.prev === 'string' ? parseHash(json.prev) : undefined
  if (prev === undefined || !isCount(index) || !isCount(at) || Object.keys(json).length !== 4)
    return bad('JOURNAL_LINE_MALFORMED')
  return { kind: 'entry', index, prev, at: timestampFromMs(at), event }
}

function parseCut(json: unknown): CutLine | BadLine {
  if (typeof json !== 'object' || json === null || !('at' in json)) return bad('JOURNAL_LINE_MALFORMED')
  const { at, ...rest } = json
  const signed = SIGNED_CHECKPOINT.safeParse(rest)
  return isCount(at) && signed.success
    ? { kind: 'cut', at: timestampFromMs(at), signed: signed.data }
    : bad('JOURNAL_LINE_MALFORMED')
}

function parseHashes(json: unknown): HashesLine | BadLine {
  if (!Array.isArray(json)) return bad('JOURNAL_LINE_MALFORMED')
  const hashes = json.flatMap((text) => (typeof text === 'string' ? (parseHash(text) ?? []) : []))
  return hashes.length === json.length ? { kind: 'hashes', hashes } : bad('JOURNAL_LINE_MALFORMED')
}

function bad(finding: JournalFinding): BadLine {
  return { kind: 'bad', finding }
}

/** `undefined` for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function hashBehind(domain: string, text: string, digest: Sha256): Hash {
  return formatHash(digest(encodeText(domain + text)))
}
