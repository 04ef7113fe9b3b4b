import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError } from '../../../base/errors.ts'
import { draftPath } from './draft-file.ts'

/** Words of an entry: 128 bits of the identity, its number, its rank. */
const WORDS = 6
/** Parts that entries are spread over by their first bits, each small enough for memory. */
const PARTS = 128
const NUMBER_MAX = 4_294_967_295

export type DuplicateFinderInit = {
  /** Where the parts are kept when memory is not enough: a folder beside the output. Made when needed, and removed. */
  readonly folder: string
  /** Entries that are kept in memory; beyond, they go to disk. Default 1,048,576, which is 24 MiB. */
  readonly entriesMax?: number
}

/** Which of the records were found to be worse than another of the same identity. */
export type Duplicates = {
  readonly count: number
  /** By number of the record, from 0. */
  isDuplicate(number: number): boolean
}

/**
 * Finds duplicates among any number of records by 128-bit hashes of their identities, exactly as far as these do not collide, in bounded memory: 24 bytes
 * for each record up to `entriesMax`, then 24 bytes each on disk, spread over 128 parts that are looked at one by one (a hash join as of Kitsuregawa et
 * al. 1983), and one bit for each record. 100 million records take 2.4 GB of disk, 12.5 MB for the bits and 38 MB for the part that is looked at.
 */
export class DuplicateFinder {
  readonly #folder: string
  readonly #entriesMax: number
  #entries: Uint32Array
  #count = 0
  #number = 0
  #spill: Spill | undefined

  constructor({ folder, entriesMax = 1_048_576 }: DuplicateFinderInit) {
    this.#folder = folder
    this.#entriesMax = entriesMax
    this.#entries = new Uint32Array(Math.min(entriesMax, 1024) * WORDS)
  }

  /** The next record. `identity`: at least 16 bytes of a hash; `undefined` for a record that is not compared. `rank`: the highest stays, of equal ones the first. */
  add(identity: Uint8Array | undefined, rank: number): void {
    if (this.#number > NUMBER_MAX)
      throw new CodedError('TRAINING_DATA_INVALID', { message: 'More than 4,294,967,295 records in one dataset' })
    const number = this.#number
    this.#number += 1
    if (identity === undefined) return
    if (this.#count === this.#entriesMax) this.#spillAll()
    if ((this.#count + 1) * WORDS > this.#entries.length) this.#grow()
    const at = this.#count * WORDS
    for (let word = 0; word < 4; word += 1) this.#entries[at + word] = wordAt(identity, word * 4)
    this.#entries[at + 4] = number
    this.#entries[at + 5] = rank
    this.#count += 1
  }

  /** Looks at everything that was added. */
  finish(): Duplicates {
    const bits = new Uint8Array(Math.ceil(this.#number / 8))
    let count = 0
    const mark = (number: number): void => {
      const at = number >>> 3
      bits[at] = (bits[at] ?? 0) | (1 << (number & 7))
      count += 1
    }
    if (this.#spill === undefined) markDuplicates(this.#entries.subarray(0, this.#count * WORDS), mark)
    else {
      this.#spillAll()
      this.#entries = new Uint32Array(0)
      for (const part of this.#spill.parts()) markDuplicates(part, mark)
    }
    return { count, isDuplicate: (number) => (((bits[number >>> 3] ?? 0) >>> (number & 7)) & 1) === 1 }
  }

  /** Removes what is on disk. Idempotent. */
  close(): void {
    this.#spill?.close()
    this.#spill = undefined
  }

  #grow(): void {
    const grown = new Uint32Array(Math.min(this.#entriesMax * WORDS, this.#entries.length * 2))
    grown.set(this.#entries)
    this.#entries = grown
  }

  #spillAll(): void {
    this.#spill ??= new Spill(this.#folder)
    this.#spill.append(this.#entries.subarray(0, this.#count * WORDS))
    this.#count = 0
  }
}

/** Parts of the entries on disk, by their first seven bits. */
class Spill {
  readonly #folder: string
  readonly #files: number[] = []
  readonly #counts = new Uint32Array(PARTS)

  constructor(folder: string) {
    try {
      this.#folder = mkdtempSync(`${draftPath(folder)}-`)
    } catch (cause: unknown) {
      throw writeFailed(folder, cause)
    }
    try {
      for (let part = 0; part < PARTS; part += 1)
        this.#files.push(openSync(join(this.#folder, String(part)), 'w+', 0o600))
    } catch (cause: unknown) {
      this.close()
      throw writeFailed(folder, cause)
    }
  }

  append(entries: Uint32Array): void {
    const sizes = new Uint32Array(PARTS)
    for (let at = 0; at < entries.length; at += WORDS)
      sizes[partOf(entries, at)] = (sizes[partOf(entries, at)] ?? 0) + WORDS
    const parts = Array.from(sizes, (size) => new Uint32Array(size))
    const filled = new Uint32Array(PARTS)
    for (let at = 0; at < entries.length; at += WORDS) {
      const part = partOf(entries, at)
      parts[part]?.set(entries.subarray(at, at + WORDS), filled[part])
      filled[part] = (filled[part] ?? 0) + WORDS
    }
    try {
      for (const [part, words] of parts.entries()) {
        writeAll(this.#files[part] ?? -1, new Uint8Array(words.buffer))
        this.#counts[part] = (this.#counts[part] ?? 0) + words.length
      }
    } catch (cause: unknown) {
      throw writeFailed(this.#folder, cause)
    }
  }

  *parts(): Generator<Uint32Array, void, undefined> {
    for (const [part, file] of this.#files.entries()) {
      const words = new Uint32Array(this.#counts[part] ?? 0)
      readAll(file, new Uint8Array(words.buffer))
      yield words
    }
  }

  close(): void {
    for (const file of this.#files.splice(0)) closeSync(file)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function partOf(entries: Uint32Array, at: number): number {
  return (entries[at] ?? 0) >>> 25
}

/** Marks all but the best of each identity, by a table of open addresses over the entries themselves. */
function markDuplicates(entries: Uint32Array, mark: (number: number) => void): void {
  const count = entries.length / WORDS
  let size = 2
  while (size < count * 2) size *= 2
  /** Place of an entry plus one; 0: free. */
  const table = new Uint32Array(size)
  for (let entry = 0; entry < count; entry += 1) {
    const at = entry * WORDS
    let slot = (entries[at + 1] ?? 0) & (size - 1)
    for (;;) {
      const held = table[slot] ?? 0
      if (held === 0) {
        table[slot] = entry + 1
        break
      }
      const other = (held - 1) * WORDS
      if (isSame(entries, at, other)) {
        // Entries come in the order of their records, so the earlier one stays unless the later says more.
        const isBetter = (entries[at + 5] ?? 0) > (entries[other + 5] ?? 0)
        mark(entries[(isBetter ? other : at) + 4] ?? 0)
        if (isBetter) table[slot] = entry + 1
        break
      }
      slot = (slot + 1) & (size - 1)
    }
  }
}

function isSame(entries: Uint32Array, at: number, other: number): boolean {
  return (
    entries[at] === entries[other] &&
    entries[at + 1] === entries[other + 1] &&
    entries[at + 2] === entries[other + 2] &&
    entries[at + 3] === entries[other + 3]
  )
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  )
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
}

function readAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const read = readSync(file, bytes, at, bytes.length - at, at)
    if (read === 0)
      throw new CodedError('STORE_READ_FAILED', { message: 'A temporary file of the build was cut short' })
    at += read
  }
}

function writeFailed(folder: string, cause: unknown): CodedError {
  return new CodedError('STORE_WRITE_FAILED', {
    message: `The build cannot keep its temporary files beside ${folder}`,
    cause,
    details: { folder },
  })
}
