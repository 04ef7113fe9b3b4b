import type { JsonValue } from '../../base/canonical-json.ts'
import type { Amount } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { type Did, type Hash, parseDid, parseHash } from '../evidence/names.ts'
import { type Currency, parseCurrency } from '../ledger/ledger-names.ts'
import { readCount as readWholeNumber, readNanos as readNanosText } from './json-members.ts'

/** What a reader answers when JSON is not its value; `undefined` is a value. */
export const INVALID: unique symbol = Symbol('invalid')

/** Reads JSON into a value, or says that it is none. */
export type Reader<Value> = (json: unknown) => Value | typeof INVALID

/** JSON of plain data: amounts become decimal text, members that are `undefined` are left out. */
export function toJson(value: unknown): JsonValue {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value !== 'object' || value === null) return value as JsonValue
  const members: { [key: string]: JsonValue } = {}
  for (const [key, member] of Object.entries(value)) if (member !== undefined) members[key] = toJson(member)
  return members
}

/** An object with exactly these members; one that reads as `undefined` may be absent. */
export function objectOf<Value extends object>(readers: {
  readonly [Key in keyof Value]: Reader<Value[Key]>
}): Reader<Value> {
  const keys = Object.keys(readers)
  return (json) => {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return INVALID
    if (Object.keys(json).some((key) => !Object.hasOwn(readers, key))) return INVALID
    const value: Record<string, unknown> = {}
    for (const key of keys) {
      const reader = (readers as Record<string, Reader<unknown>>)[key]
      const member = reader?.(Object.hasOwn(json, key) ? (json as Record<string, unknown>)[key] : undefined)
      if (member === INVALID) return INVALID
      value[key] = member
    }
    return value as Value
  }
}

/** A list of at most `max`. */
export function listOf<Value>(reader: Reader<Value>, max: number): Reader<readonly Value[]> {
  return (json) => {
    if (!Array.isArray(json) || json.length > max) return INVALID
    const values: Value[] = []
    for (const item of json) {
      const value = reader(item)
      if (value === INVALID) return INVALID
      values.push(value)
    }
    return values
  }
}

export function optional<Value>(reader: Reader<Value>): Reader<Value | undefined> {
  return (json) => (json === undefined ? undefined : reader(json))
}

export function oneOf<Value extends string | boolean>(...values: readonly Value[]): Reader<Value> {
  return (json) => values.find((value) => value === json) ?? INVALID
}

/** The first of `readers` that reads it. */
export function unionOf<Value>(...readers: readonly Reader<Value>[]): Reader<Value> {
  return (json) => {
    for (const reader of readers) {
      const value = reader(json)
      if (value !== INVALID) return value
    }
    return INVALID
  }
}

/** A text that `parse` takes. */
export function parsed<Value>(parse: (text: string) => Value | undefined): Reader<Value> {
  return (json) => (typeof json === 'string' ? (parse(json) ?? INVALID) : INVALID)
}

export const readDid: Reader<Did> = parsed(parseDid)
export const readHash: Reader<Hash> = parsed(parseHash)
export const readCurrency: Reader<Currency> = parsed(parseCurrency)
export const readNanos: Reader<Amount> = parsed(readNanosText)
/** A word of 1 to 64 characters, as `WORD` of the wire. */
export const readWord: Reader<string> = parsed((text) => (/^[a-z][a-z0-9._/-]{0,63}$/.test(text) ? text : undefined))

/** An integer from 0 to the largest safe one. */
export const readCount: Reader<number> = (json) => readWholeNumber(json) ?? INVALID
export const readTime: Reader<Timestamp> = readCount as Reader<Timestamp>
export const readDuration: Reader<DurationMs> = readCount as Reader<DurationMs>

/** Members of every event that follows from a signed message. */
export const EVIDENCE_READERS: { readonly [Key in keyof Evidence]: Reader<Evidence[Key]> } = {
  envelope: readHash,
  iss: readDid,
  seq: readCount,
  prev: optional(readHash),
  at: readTime,
}
