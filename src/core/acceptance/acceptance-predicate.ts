import { canonicalJson, canonicalTextOf, type JsonValue } from '../../base/canonical-json.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { type Hash, parseHash } from '../evidence/names.ts'
import { compileLinearRegex } from '../text/linear-regex-program.ts'
import type { AcceptanceRefusalCode } from './acceptance-refusals.ts'
import { parseDecimal } from './decimal.ts'

/** A name of an artifact or of a run: 1 to 64 characters of `a-z 0-9 . - _ /`, the first a letter. */
const NAME = /^[a-z][a-z0-9._/-]{0,63}$/

export const PREDICATE_DEPTH_MAX = 8
export const PREDICATE_NODES_MAX = 64
export const PREDICATE_BYTES_MAX = 65_536

/** What an artifact must be, or a run must have ended with. Plain JSON: the value is its own wire form. */
export type PredicateLeaf =
  /** The artifact's bytes have this SHA-256. */
  | { readonly kind: 'hash-equals'; readonly artifact: string; readonly hash: Hash }
  /** Its size is within bounds, in bytes. */
  | { readonly kind: 'size-within'; readonly artifact: string; readonly minBytes: number; readonly maxBytes: number }
  /** Its text has a length within bounds, in code points, and matches the pattern where there is one (a linear regular expression, found anywhere). */
  | {
      readonly kind: 'text-shape'
      readonly artifact: string
      readonly minLength: number
      readonly maxLength: number
      readonly pattern?: string
    }
  /** Its JSON is valid by the schema; the keywords are those of `checkJsonSchema`, any other makes it undecided. */
  | { readonly kind: 'json-schema'; readonly artifact: string; readonly schema: JsonValue }
  /** The named run, such as a test suite, ended with this code. */
  | { readonly kind: 'exit-code'; readonly run: string; readonly code: number }
  /** The number at the JSON Pointer is no further than `tolerance` from `expected`. Decimals as text, compared exactly. */
  | {
      readonly kind: 'number-near'
      readonly artifact: string
      readonly pointer: string
      readonly expected: string
      readonly tolerance: string
    }
  /** Running the task again gave the same JSON, each number no further than `tolerance` from its counterpart. */
  | { readonly kind: 're-execution-near'; readonly artifact: string; readonly run: string; readonly tolerance: string }

/**
 * What a delivery must be to be accepted; payer and worker sign it by its hash. `of` has at least one part, and all its parts count towards the bounds of
 * `parsePredicate`.
 */
export type AcceptancePredicate =
  | PredicateLeaf
  | { readonly kind: 'all'; readonly of: readonly AcceptancePredicate[] }
  | { readonly kind: 'any'; readonly of: readonly AcceptancePredicate[] }
  | { readonly kind: 'not'; readonly of: readonly [AcceptancePredicate] }

/** A predicate with the hash that contracts pin it by, or why the JSON is none: `code` for programs, `reason` for people. */
export type ParsedPredicate =
  | { readonly kind: 'predicate'; readonly predicate: AcceptancePredicate; readonly hash: Hash }
  | { readonly kind: 'refused'; readonly code: AcceptanceRefusalCode; readonly reason: string }

const PREDICATE_DOMAIN = 'kernell/acceptance-predicate/v1\0'

/** Canonical text of a predicate; its UTF-8 bytes are what is hashed and signed. */
export function formatPredicate(predicate: AcceptancePredicate): string {
  return canonicalJson(predicate)
}

/** Name of a predicate, which a contract pins: SHA-256 of its domain and canonical text. */
export function predicateHash(predicate: AcceptancePredicate): Hash {
  return sha256Hex(PREDICATE_DOMAIN + formatPredicate(predicate)) as Hash
}

/**
 * Reads a predicate from parsed JSON, strictly: unknown members and forms are refused, so that two readers never understand one contract differently. Depth at
 * most 8, 64 nodes, 65,536 characters of canonical text.
 */
export function parsePredicate(json: unknown): ParsedPredicate {
  const reading: Reading = { nodes: 0 }
  const result = readNode(json, reading, 1)
  if (typeof result === 'string')
    return { kind: 'refused', code: result, reason: `node ${reading.nodes} in reading order` }
  const text = canonicalTextOf(result)
  if (text === undefined)
    return { kind: 'refused', code: 'ACCEPTANCE_PREDICATE_MALFORMED', reason: 'it has no canonical text' }
  if (text.length > PREDICATE_BYTES_MAX)
    return { kind: 'refused', code: 'ACCEPTANCE_PREDICATE_LARGE', reason: `${text.length} characters` }
  return { kind: 'predicate', predicate: result, hash: predicateHash(result) }
}

type Reading = { nodes: number }

const LEAF_MEMBERS: Readonly<Record<PredicateLeaf['kind'], Readonly<Record<string, (value: unknown) => boolean>>>> = {
  'hash-equals': { artifact: isName, hash: (value) => typeof value === 'string' && parseHash(value) !== undefined },
  'size-within': { artifact: isName, minBytes: isCount, maxBytes: isCount },
  'text-shape': { artifact: isName, minLength: isCount, maxLength: isCount, pattern: isPattern },
  'json-schema': { artifact: isName, schema: isSchema },
  'exit-code': { run: isName, code: (value) => isCount(value) && Number(value) <= 255 },
  'number-near': { artifact: isName, pointer: isPointer, expected: isDecimal, tolerance: isDistance },
  're-execution-near': { artifact: isName, run: isName, tolerance: isDistance },
}

const OPTIONAL_MEMBERS = new Set(['pattern'])

function readNode(json: unknown, reading: Reading, depth: number): AcceptancePredicate | AcceptanceRefusalCode {
  reading.nodes += 1
  if (depth > PREDICATE_DEPTH_MAX || reading.nodes > PREDICATE_NODES_MAX) return 'ACCEPTANCE_PREDICATE_LARGE'
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'ACCEPTANCE_PREDICATE_MALFORMED'
  const given = json as Readonly<Record<string, unknown>>
  const { kind } = given
  if (kind === 'all' || kind === 'any' || kind === 'not') return readBranch(given, { kind, reading, depth })
  const members =
    typeof kind === 'string' && Object.hasOwn(LEAF_MEMBERS, kind)
      ? LEAF_MEMBERS[kind as PredicateLeaf['kind']]
      : undefined
  if (members === undefined) return 'ACCEPTANCE_PREDICATE_MALFORMED'
  const isComplete = Object.entries(members).every(([name, isGood]) =>
    Object.hasOwn(given, name) ? isGood(given[name]) : OPTIONAL_MEMBERS.has(name),
  )
  const isClosed = Object.keys(given).every((name) => name === 'kind' || Object.hasOwn(members, name))
  const leaf = given as PredicateLeaf
  if (!isComplete || !isClosed || !isOrdered(leaf)) return 'ACCEPTANCE_PREDICATE_MALFORMED'
  return leaf
}

type BranchPlace = { readonly kind: 'all' | 'any' | 'not'; readonly reading: Reading; readonly depth: number }

function readBranch(
  given: Readonly<Record<string, unknown>>,
  { kind, reading, depth }: BranchPlace,
): AcceptancePredicate | AcceptanceRefusalCode {
  const { of } = given
  if (!Array.isArray(of) || of.length === 0 || Object.keys(given).length !== 2) return 'ACCEPTANCE_PREDICATE_MALFORMED'
  const parts: AcceptancePredicate[] = []
  for (const item of of) {
    const part = readNode(item, reading, depth + 1)
    if (typeof part === 'string') return part
    parts.push(part)
  }
  const [only] = parts
  if (kind !== 'not') return { kind, of: parts }
  return only === undefined || parts.length !== 1 ? 'ACCEPTANCE_PREDICATE_MALFORMED' : { kind, of: [only] }
}

function isOrdered(leaf: PredicateLeaf): boolean {
  if (leaf.kind === 'size-within') return leaf.minBytes <= leaf.maxBytes
  return leaf.kind !== 'text-shape' || leaf.minLength <= leaf.maxLength
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && NAME.test(value)
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isPattern(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 1_024 && compileLinearRegex(value) !== undefined
}

/** Whole numbers only, as in everything that is signed. */
function isSchema(value: unknown, depth = 0): boolean {
  if (depth > 32) return false
  if (typeof value === 'boolean' || typeof value === 'string') return true
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (typeof value !== 'object' || value === null) return false
  const parts: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  return parts.every((part) => isSchema(part, depth + 1))
}

function isPointer(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 256 && /^(?:\/(?:[^~/]|~0|~1)*)*$/.test(value)
}

function isDecimal(value: unknown): boolean {
  return typeof value === 'string' && parseDecimal(value) !== undefined
}

function isDistance(value: unknown): boolean {
  return typeof value === 'string' && !value.startsWith('-') && parseDecimal(value) !== undefined
}
