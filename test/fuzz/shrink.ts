import type { InputKind } from './discover.ts'

const TRIES_MAX = 300
const SPENT_MS_MAX = 4_000

/** Leaves pieces out, large ones first, for as long as what was found is still there. */
export async function shrinkInput(
  kind: InputKind,
  input: unknown,
  isStillWrong: (input: unknown) => Promise<boolean>,
): Promise<unknown> {
  if (kind === 'json' || kind === 'object') return input
  let smallest = input as string | Uint8Array
  const startedMs = performance.now()
  let tries = 0
  for (let width = Math.ceil(smallest.length / 2); width >= 1; width = Math.floor(width / 2)) {
    for (let at = 0; at < smallest.length && tries < TRIES_MAX && performance.now() - startedMs < SPENT_MS_MAX;) {
      const smaller = withoutPart(smallest, at, width)
      tries += 1
      if (await isStillWrong(smaller)) smallest = smaller
      else at += width
    }
  }
  return smallest
}

function withoutPart(input: string | Uint8Array, at: number, width: number): string | Uint8Array {
  if (typeof input === 'string') return input.slice(0, at) + input.slice(at + width)
  return new Uint8Array(Buffer.concat([input.subarray(0, at), input.subarray(at + width)]))
}
