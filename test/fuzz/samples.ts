import { readdirSync, readFileSync } from 'node:fs'
import { formatValue, parseValue } from '../../src/actors/durable/values/value-codec.ts'

/** An input that a decoder takes, and what it is given besides. */
export type Sample = { readonly input: unknown; readonly rest: readonly unknown[] }

/** Stored samples by the name of their decoder, as `formatSample` writes them. */
export type Corpus = Readonly<Record<string, readonly StoredSample[]>>
export type StoredSample = readonly string[]

/** One file for each folder of sources. */
export const CORPUS = new URL('corpus/', import.meta.url)

/** @throws Where a part is of no kind that can be stored, such as a function. */
export function formatSample({ input, rest }: Sample): string {
  return JSON.stringify([input, ...rest].map(formatPart))
}

export function parseSample([input, ...rest]: StoredSample): Sample {
  return { input: parsePart(input ?? ''), rest: rest.map(parsePart) }
}

export function readCorpus(): Corpus {
  const files = readdirSync(CORPUS).map((name) => JSON.parse(readFileSync(new URL(name, CORPUS), 'utf8')) as Corpus)
  return Object.assign({}, ...files) as Corpus
}

/** Text as `"…`, bytes that are text as `'…`, all else as the durable actors store it. */
function formatPart(part: unknown): string {
  if (typeof part === 'string') return `"${part}`
  if (part instanceof Uint8Array) {
    const text = Buffer.from(part).toString('utf8')
    if (Buffer.from(text).equals(part)) return `'${text}`
  }
  refuseFunctions(part)
  const stored = formatValue(part, true)
  parseValue(stored)
  return stored
}

function parsePart(part: string): unknown {
  if (part.startsWith('"')) return part.slice(1)
  if (part.startsWith("'")) return new Uint8Array(Buffer.from(part.slice(1)))
  return parseValue(part)
}

function refuseFunctions(value: unknown): void {
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError('A function is no sample')
  if (typeof value !== 'object' || value === null) return
  for (const member of value instanceof Map ? [...value].flat() : Object.values(value)) refuseFunctions(member)
}
