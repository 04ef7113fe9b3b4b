import type { Sample } from '../samples.ts'
import type { Target } from '../target.ts'
import type { LazyTarget } from './automatic.ts'

type HandTarget = Omit<Target, 'samples'> & Pick<LazyTarget, 'covers'> & { readonly inputs: readonly unknown[] }

/** A target that is written down, with inputs alone. */
export function byHand(target: HandTarget): LazyTarget {
  const { inputs, covers = [], ...rest } = target
  const samples: readonly Sample[] = inputs.map((input) => ({ input, rest: [] }))
  return { name: target.name, covers, load: async () => await Promise.resolve({ ...rest, samples }) }
}

/** Reads, and takes an error that is documented as a refusal. */
export function refusing(kinds: readonly (new (message?: string) => Error)[], read: () => unknown): unknown {
  try {
    return read()
  } catch (error: unknown) {
    if (kinds.some((kind) => error instanceof kind)) return undefined
    throw error
  }
}

/** A stream in pieces whose lengths are drawn from the bytes themselves, so that every cut is tried. */
export function piecesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const length = 1 + (((bytes[at] ?? 0) * 7 + at) % 97)
    pieces.push(bytes.slice(at, at + length))
    at += length
  }
  return pieces
}

export function textBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}
