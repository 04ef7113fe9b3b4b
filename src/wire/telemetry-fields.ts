/** Readers of single fields: each returns a value of the type asked for or throws a `TypeError` that names the field. */

export type Fields = ReadonlyMap<string, unknown>

/** The members of an object; throws for anything else. */
export function fieldsOf(json: unknown): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new TypeError('it is not an object')
  return new Map(Object.entries(json))
}

/** `absent` is what a missing or null field becomes; without it the field is required. */
export function readText(fields: Fields, name: string): string
export function readText(fields: Fields, name: string, absent: null): string | null
export function readText(fields: Fields, name: string, absent?: null): string | null {
  const value = fields.get(name) ?? null
  if (value === null && absent === null) return null
  if (typeof value !== 'string') throw new TypeError(`${name} is not a text`)
  return value
}

export function readBoolean(fields: Fields, name: string): boolean
export function readBoolean(fields: Fields, name: string, absent: null): boolean | null
export function readBoolean(fields: Fields, name: string, absent?: null): boolean | null {
  const value = fields.get(name) ?? null
  if (value === null && absent === null) return null
  if (typeof value !== 'boolean') throw new TypeError(`${name} is neither true nor false`)
  return value
}

export type NumberRange = { readonly min: number; readonly max?: number }

export function readNumber(fields: Fields, name: string, range: NumberRange): number
export function readNumber(fields: Fields, name: string, range: NumberRange & { readonly absent: null }): number | null
export function readNumber(
  fields: Fields,
  name: string,
  range: NumberRange & { readonly absent?: null },
): number | null {
  const value = fields.get(name) ?? null
  if (value === null && range.absent === null) return null
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError(`${name} is not a number`)
  if (value < range.min || value > (range.max ?? Number.MAX_VALUE)) throw new TypeError(`${name} is out of range`)
  return value
}

/** One of `allowed`, or `null` when absent. */
export function readOneOf<Value extends string>(fields: Fields, name: string, allowed: readonly Value[]): Value | null {
  const value = fields.get(name) ?? null
  if (value === null) return null
  const known = allowed.find((candidate) => candidate === value)
  if (known === undefined) throw new TypeError(`${name} is not one of ${allowed.join(', ')}`)
  return known
}

/** One of `allowed`. */
export function readRequired<Value extends string>(fields: Fields, name: string, allowed: readonly Value[]): Value {
  const value = readOneOf(fields, name, allowed)
  if (value === null) throw new TypeError(`${name} is missing`)
  return value
}

/** A cost that nobody knows is written down as `null`; one that is missing was forgotten. */
export function readCost(fields: Fields): number | null {
  if (!fields.has('cost_usd')) throw new TypeError('cost_usd is missing')
  return readNumber(fields, 'cost_usd', { min: 0, absent: null })
}

/** A list of objects, each read by `read`; empty when absent. */
export function readEach<Item>(fields: Fields, name: string, read: (item: Fields) => Item): readonly Item[] {
  const value = fields.get(name) ?? []
  if (!Array.isArray(value)) throw new TypeError(`${name} is not a list`)
  try {
    return value.map((item: unknown) => read(fieldsOf(item)))
  } catch (error: unknown) {
    if (error instanceof TypeError) throw new TypeError(`${name}: ${error.message}`, { cause: error })
    throw error
  }
}

/** A list of texts; empty when absent. */
export function readTextList(fields: Fields, name: string): readonly string[] {
  const value = fields.get(name) ?? []
  if (!Array.isArray(value)) throw new TypeError(`${name} is not a list`)
  const texts = value.filter((item) => typeof item === 'string')
  if (texts.length !== value.length) throw new TypeError(`${name} holds something else than texts`)
  return texts
}
