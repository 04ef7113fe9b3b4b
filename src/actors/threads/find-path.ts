import { formatStep } from './value-encoder.ts'

/** Where `part` is in `whole`, as it would be written in a program; empty when it is not there. */
export function findPath(whole: unknown, part: unknown): string {
  const seen = new Set<unknown>()
  const search = (value: unknown, path: string): string | undefined => {
    if (value === part) return path
    if (typeof value !== 'object' || value === null || seen.has(value)) return undefined
    seen.add(value)
    for (const [name, item] of entriesOf(value)) {
      const found = search(item, path + formatStep(name))
      if (found !== undefined) return found
    }
    return undefined
  }
  return (search(whole, '') ?? '').replace(/^\./, '')
}

function entriesOf(value: object): readonly (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return value.map((item, index) => [index, item] as const)
  if (value instanceof Map) {
    return [...value].flatMap(([key, item]) => [['key', key] as const, [String(key), item] as const])
  }
  if (value instanceof Set) return [...value].map((item) => ['item', item] as const)
  return Object.entries(value)
}
