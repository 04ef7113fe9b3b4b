import { PAGE_BYTES } from '../hosted/web-assembly.ts'

/** Where a module cannot be given a limit. */
export type MemoryRefusal = { readonly kind: 'too-much' | 'not-supported'; readonly message: string }

export type LimitedModules =
  | { readonly kind: 'limited'; readonly modules: readonly Uint8Array[] }
  | { readonly kind: 'refused'; readonly refusal: MemoryRefusal }

const HEADER_BYTES = 8
const MEMORY_SECTION = 5
const HAS_MAXIMUM = 1
const KNOWN_FLAGS = 1

type Limits = { readonly flags: number; readonly minimum: number; readonly maximum: number | undefined }
type Section = { readonly id: number; readonly from: number; readonly body: number; readonly to: number }

/**
 * Gives every memory that these modules define a maximum, so that all of them together hold no more than `memoryBytes`: the engine has no other limit for them. Memories that a module
 * imports are another one's, and limited there.
 */
export function limitMemories(modules: readonly Uint8Array[], memoryBytes: number): LimitedModules {
  const pagesMax = Math.floor(memoryBytes / PAGE_BYTES)
  const defined = modules.flatMap((bytes) => memoriesOf(bytes))
  const odd = defined.find(({ flags }) => (flags & ~KNOWN_FLAGS) !== 0)
  if (odd !== undefined)
    return refuse('not-supported', 'The component has a memory that is shared or has 64-bit addresses.')
  const share = defined.length === 0 ? pagesMax : Math.floor(pagesMax / defined.length)
  if (defined.some(({ minimum }) => minimum > share))
    return refuse('too-much', `The component begins with more memory than the ${memoryBytes} bytes that it may have.`)
  return { kind: 'limited', modules: modules.map((bytes) => patch(bytes, share)) }
}

function refuse(kind: MemoryRefusal['kind'], message: string): LimitedModules {
  return { kind: 'refused', refusal: { kind, message } }
}

function memoriesOf(bytes: Uint8Array): readonly Limits[] {
  return sectionsOf(bytes)
    .filter(({ id }) => id === MEMORY_SECTION)
    .flatMap(({ body }) => readMemories(bytes, body))
}

function readMemories(bytes: Uint8Array, body: number): readonly Limits[] {
  const reader = new LebReader(bytes, body)
  const memories: Limits[] = []
  for (let left = reader.read(); left > 0; left -= 1) {
    const flags = reader.read()
    const minimum = reader.read()
    memories.push({ flags, minimum, maximum: (flags & HAS_MAXIMUM) === 0 ? undefined : reader.read() })
  }
  return memories
}

function patch(bytes: Uint8Array, share: number): Uint8Array {
  const pieces = [bytes.subarray(0, HEADER_BYTES)]
  for (const { id, from, body, to } of sectionsOf(bytes)) {
    if (id !== MEMORY_SECTION) {
      pieces.push(bytes.subarray(from, to))
      continue
    }
    const memories = readMemories(bytes, body)
    const limits = memories.flatMap(({ minimum, maximum = share }) => [
      HAS_MAXIMUM,
      ...encodeLeb(minimum),
      ...encodeLeb(Math.min(maximum, share)),
    ])
    const content = [...encodeLeb(memories.length), ...limits]
    pieces.push(Uint8Array.from([MEMORY_SECTION, ...encodeLeb(content.length), ...content]))
  }
  return new Uint8Array(Buffer.concat(pieces))
}

/** Throws a `SyntaxError` for bytes that end too early. */
function sectionsOf(bytes: Uint8Array): readonly Section[] {
  const sections: Section[] = []
  for (let from = HEADER_BYTES; from < bytes.byteLength;) {
    const reader = new LebReader(bytes, from + 1)
    const length = reader.read()
    const to = reader.at + length
    if (to > bytes.byteLength) throw new SyntaxError('A module that ends within a section')
    sections.push({ id: bytes[from] ?? 0, from, body: reader.at, to })
    from = to
  }
  return sections
}

/** Reads unsigned numbers in LEB128, at most 32 bits of them. */
class LebReader {
  at: number
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
  }

  read(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.at]
      if (byte === undefined) break
      this.at += 1
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new SyntaxError('A module with a number that is too long')
  }
}

function encodeLeb(value: number): readonly number[] {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low + 128 : low)
  } while (rest > 0)
  return bytes
}
