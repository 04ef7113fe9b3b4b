import { timestampFromMs, type Timestamp } from '../../../base/time.ts'

export type Members = { readonly [name: string]: unknown }
export type Read<Value> = (json: unknown) => Value

/** Told by its identity: what is not in the form that was written. */
export const UNREADABLE = new TypeError('not in the form that was written')

export function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error: unknown) {
    if (error === UNREADABLE) return undefined
    throw error
  }
}

export function membersOf(json: unknown): Members {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw UNREADABLE
  return json as Members
}

export const text: Read<string> = (json) => {
  if (typeof json !== 'string') throw UNREADABLE
  return json
}

export const figure: Read<number> = (json) => {
  if (typeof json !== 'number' || !Number.isFinite(json)) throw UNREADABLE
  return json
}

export const instant: Read<Timestamp> = (json) => {
  const ms = figure(json)
  if (ms < 0) throw UNREADABLE
  return timestampFromMs(ms)
}

export const truth: Read<boolean> = (json) => {
  if (typeof json !== 'boolean') throw UNREADABLE
  return json
}

export function listOf<Value>(read: Read<Value>): Read<readonly Value[]> {
  return (json) => {
    if (!Array.isArray(json)) throw UNREADABLE
    return json.map(read)
  }
}

export function orNull<Value>(read: Read<Value>): Read<Value | null> {
  return (json) => (json === null ? null : read(json))
}

export function oneOf<Word extends string>(...words: readonly Word[]): Read<Word> {
  return (json) => {
    const word = words.find((known) => known === json)
    if (word === undefined) throw UNREADABLE
    return word
  }
}

type Readers<Value> = { readonly [Name in keyof Value]: Read<Value[Name]> }

/** An object of exactly these members. */
export function objectOf<Value extends object>(readers: Readers<Value>): Read<Value> {
  const names = Object.keys(readers) as (keyof Value & string)[]
  return (json) => {
    const members = membersOf(json)
    if (Object.keys(members).length !== names.length) throw UNREADABLE
    return Object.fromEntries(names.map((name) => [name, readers[name](members[name])])) as Value
  }
}
