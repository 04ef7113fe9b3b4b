import type { JsonValue } from '../../base/canonical-json.ts'
import { AMOUNT_MAX } from '../../base/money.ts'
import { parseCapabilityCid } from '../capability/capability-token.ts'
import { parseContractId, parseDid, parseHash } from '../evidence/names.ts'
import { parseAccountId, parseCurrency, parseTransferId } from './ledger-names.ts'
import { COUNTER_MAX } from './ledger-state.ts'

/** How one kind of member is written and read. Reading gives `undefined` for what `write` never wrote. */
export type FieldCodec = {
  readonly write: (value: unknown) => JsonValue
  readonly read: (json: unknown) => unknown
  /** The member may be absent, and is when its value is `undefined`. */
  readonly isOptional?: boolean
}

/** Member of the value, its name in JSON, its kind. */
export type FieldRow = readonly [member: string, json: string, codec: FieldCodec]

const same = (value: unknown): JsonValue => value as JsonValue

function text(read: (value: string) => unknown): FieldCodec {
  return { write: same, read: (json) => (typeof json === 'string' ? read(json) : undefined) }
}

function bigCount(max: bigint): FieldCodec {
  return {
    write: (value) => String(value),
    read: (json) => {
      if (typeof json !== 'string' || !/^(0|[1-9][0-9]{0,38})$/.test(json)) return undefined
      const count = BigInt(json)
      return count <= max ? count : undefined
    },
  }
}

export function optional(codec: FieldCodec): FieldCodec {
  return { ...codec, isOptional: true }
}

export function oneOf(words: readonly string[]): FieldCodec {
  return text((value) => (words.includes(value) ? value : undefined))
}

export const DID_FIELD: FieldCodec = text(parseDid)
export const CID_FIELD: FieldCodec = text(parseCapabilityCid)
export const HASH_FIELD: FieldCodec = text(parseHash)
export const CONTRACT_FIELD: FieldCodec = text(parseContractId)
export const TRANSFER_FIELD: FieldCodec = text(parseTransferId)
export const CURRENCY_FIELD: FieldCodec = text(parseCurrency)
export const ACCOUNT_FIELD: FieldCodec = text((value) => (parseAccountId(value) === undefined ? undefined : value))
export const REFERENCE_FIELD: FieldCodec = text((value) => (/^[\x20-\x7e]{1,128}$/.test(value) ? value : undefined))
/** A word or a short text of printable ASCII, at most 128 characters. */
export const TEXT_FIELD: FieldCodec = text((value) => (/^[\x20-\x7e]{0,128}$/.test(value) ? value : undefined))
export const AMOUNT_FIELD: FieldCodec = bigCount(AMOUNT_MAX)
export const COUNTER_FIELD: FieldCodec = bigCount(COUNTER_MAX)
export const COUNT_FIELD: FieldCodec = {
  write: same,
  read: (json) => (typeof json === 'number' && Number.isSafeInteger(json) && json >= 0 ? json : undefined),
}
export const FLAG_FIELD: FieldCodec = { write: same, read: (json) => (typeof json === 'boolean' ? json : undefined) }

export function listOf(item: FieldCodec, max: number): FieldCodec {
  return {
    write: (value) => (value as readonly unknown[]).map((member) => item.write(member)),
    read: (json) => {
      if (!Array.isArray(json) || json.length > max) return undefined
      const items = json.map((member) => item.read(member))
      return items.includes(undefined) ? undefined : items
    },
  }
}

export function recordOf(rows: readonly FieldRow[]): FieldCodec {
  return { write: (value) => writeRecord(value, rows), read: (json) => readRecord(json, rows) }
}

/** A value of one of several records, told apart by its member `tag`. */
export function unionOf(tag: string, variants: Readonly<Record<string, readonly FieldRow[]>>): FieldCodec {
  const rowsOf = (value: unknown): readonly FieldRow[] | undefined => {
    const name = memberOf(value, tag)
    const rows = typeof name === 'string' && Object.hasOwn(variants, name) ? variants[name] : undefined
    return rows && [[tag, tag, oneOf([String(name)])], ...rows]
  }
  return {
    write: (value) => writeRecord(value, rowsOf(value) ?? []),
    read: (json) => {
      const rows = rowsOf(json)
      return rows && readRecord(json, rows)
    },
  }
}

export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}

function writeRecord(value: unknown, rows: readonly FieldRow[]): JsonValue {
  const json: Record<string, JsonValue> = {}
  for (const [member, name, codec] of rows) {
    const found = memberOf(value, member)
    if (found !== undefined) json[name] = codec.write(found)
  }
  return json
}

/** Every member of the rows, and no other. */
function readRecord(json: unknown, rows: readonly FieldRow[]): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  const value: Record<string, unknown> = {}
  let seen = 0
  for (const [member, name, codec] of rows) {
    value[member] = undefined
    const found = memberOf(json, name)
    if (found === undefined) {
      if (codec.isOptional !== true) return undefined
      continue
    }
    seen += 1
    value[member] = codec.read(found)
    if (value[member] === undefined) return undefined
  }
  return seen === Object.keys(json).length ? value : undefined
}
