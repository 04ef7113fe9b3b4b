import { AMOUNT_MAX, amountFromNanos, type Amount } from 'kernell-os/core'
import { invalid } from './request-desk/protocol.ts'

/** The fields of an event as anybody may have sent them. */
export type UnreadFields = { readonly [field: string]: unknown }

/** A text that is not blank and has at most `lengthMax` characters. Throws `REQUEST_INVALID`. */
export function readText(fields: UnreadFields, name: string, lengthMax: number): string {
  const value = fields[name]
  if (typeof value !== 'string' || value.trim() === '') throw invalid(`${name} must be a text that is not empty`)
  if (value.length > lengthMax) throw invalid(`${name} has ${value.length} characters, and ${lengthMax} are allowed`)
  return value
}

/** As `readText`, or `undefined` where the field is absent. Throws `REQUEST_INVALID`. */
export function readOptionalText(fields: UnreadFields, name: string, lengthMax: number): string | undefined {
  return fields[name] === undefined ? undefined : readText(fields, name, lengthMax)
}

export type WholeRange = { readonly min: number; readonly max: number; readonly absent: number }

/** A whole number within its range; `absent` where the field is not there. Throws `REQUEST_INVALID`. */
export function readWhole(fields: UnreadFields, name: string, { min, max, absent }: WholeRange): number {
  const value = fields[name] ?? absent
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw invalid(`${name} must be a whole number from ${min} to ${max}`)
  return value
}

/** An amount of money, or `undefined` where the field is absent. Throws `REQUEST_INVALID`. */
export function readAmount(fields: UnreadFields, name: string): Amount | undefined {
  const value = fields[name]
  if (value === undefined) return undefined
  if (typeof value !== 'bigint' || value < 0n || value > AMOUNT_MAX)
    throw invalid(`${name} must be a bigint of nano-dollars from 0 to ${AMOUNT_MAX}`)
  return amountFromNanos(value)
}

/** A list of at most `countMax` items, each as `readItem` reads it. Throws `REQUEST_INVALID`. */
export function readList<Item>(
  fields: UnreadFields,
  name: string,
  { countMax, readItem }: { readonly countMax: number; readonly readItem: (item: unknown, where: string) => Item },
): readonly Item[] {
  const value = fields[name]
  if (!Array.isArray(value)) throw invalid(`${name} must be a list`)
  if (value.length > countMax) throw invalid(`${name} has ${value.length} items, and ${countMax} are allowed`)
  return value.map((item: unknown, index) => readItem(item, `${name}[${index}]`))
}
