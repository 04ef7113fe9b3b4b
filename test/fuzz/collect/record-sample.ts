import { appendFileSync, mkdirSync } from 'node:fs'
import { formatSample } from '../samples.ts'

const FOLDER = process.env['KERNELL_FUZZ_SAMPLES'] ?? '/tmp/kernell-fuzz-samples'
const EACH_MAX = 60
const seen = new Map<string, Set<string>>()
let depth = 0

/** Calls a decoder; what it takes is written down, a few of a length. */
export function recordSample(
  name: string,
  inner: (...given: unknown[]) => unknown,
  given: readonly unknown[],
): unknown {
  const line =
    depth === 0 || !isFull(name) ? tried(() => formatSample({ input: given[0], rest: given.slice(1) })) : undefined
  depth += 1
  let result: unknown
  try {
    result = inner(...given)
  } finally {
    depth -= 1
  }
  if (line !== undefined && result !== undefined && !isRefusal(result)) keep(name, line)
  return result
}

/** Readings say by their kind that they are refusals. */
function isRefusal(result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return typeof result === 'symbol'
  const { kind, isOk } = result as { readonly kind?: unknown; readonly isOk?: unknown }
  return isOk === false || (typeof kind === 'string' && /refus|invalid|wrong|none|unread/.test(kind))
}

function isFull(name: string): boolean {
  return (seen.get(name)?.size ?? 0) >= EACH_MAX
}

function keep(name: string, line: string): void {
  const known = seen.get(name) ?? new Set()
  // Inputs of nearly one length are mostly one shape.
  const shape = line.replaceAll(/[0-9a-f]+/g, '0').slice(0, 4_000)
  if (isFull(name) || known.has(shape) || line.length > 200_000) return
  known.add(shape)
  seen.set(name, known)
  mkdirSync(FOLDER, { recursive: true })
  appendFileSync(`${FOLDER}/${process.pid}.jsonl`, `${JSON.stringify([name, JSON.parse(line)])}\n`)
}

function tried<Value>(make: () => Value): Value | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
