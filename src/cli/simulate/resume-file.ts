import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { CodedError } from '../../base/errors.ts'
import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import type { SeedResult } from '../../simulation/seeds/seed-result.ts'
import { lockFile } from './file-lock.ts'

/** What all seeds of a file have in common. */
export type ResumeHead = {
  readonly scenario: string
  readonly options: JsonValue
  readonly signatures: string
  readonly version: string
  /** SHA-256 of the program, of a scenario's own file and what it imports of its own, and of the recorded outcomes, where there are. */
  readonly code: string
  readonly source: string | null
  readonly data: string | null
}

const CHUNK_BYTES = 65_536
/** A longer first line is no head. */
const HEAD_BYTES_MAX = 65_536
const NEWLINE = 0x0a

/**
 * Seeds that are finished, one a line, so that a long run goes on where it was ended. A last line that was not written whole is cut off.
 */
export class ResumeFile {
  private readonly file: number
  private readonly path: string
  private readonly unlock: () => void

  /**
   * Opens the file, or makes it, and tells of each seed in it.
   *
   * @throws `SIMULATION_RESUME_OTHER` when it belongs to another scenario, version or other options, or is no such file; `STORE_LOCKED`; `STORE_WRITE_FAILED`.
   */
  constructor(path: string, head: ResumeHead, tell: (result: SeedResult) => void) {
    this.path = path
    this.unlock = lockFile(path)
    try {
      this.file = openSync(path, 'a+')
    } catch (cause: unknown) {
      this.unlock()
      throw new CodedError('STORE_WRITE_FAILED', {
        message: `${path} cannot be opened`,
        cause,
        details: { file: path },
      })
    }
    try {
      this.readAll(canonicalJson({ kernell_simulation: head }), tell)
    } catch (error: unknown) {
      this.close()
      throw error
    }
  }

  /** Throws `STORE_WRITE_FAILED`. */
  add(result: SeedResult): void {
    this.write(`${JSON.stringify(result)}\n`)
  }

  /** What was added is on the disk. */
  close(): void {
    try {
      fsyncSync(this.file)
    } catch (cause: unknown) {
      throw new CodedError('STORE_WRITE_FAILED', {
        message: `${this.path} cannot be written`,
        cause,
        details: { file: this.path },
      })
    } finally {
      closeSync(this.file)
      this.unlock()
    }
  }

  private readAll(head: string, tell: (result: SeedResult) => void): void {
    if (!this.hasHead(`${head}\n`)) {
      ftruncateSync(this.file, 0)
      this.write(`${head}\n`)
      return
    }
    let number = 0
    const { wholeBytes } = readLines(this.file, (line) => {
      number += 1
      if (number > 1) tell(this.parse(line, number))
    })
    ftruncateSync(this.file, wholeBytes)
    this.size = wholeBytes
  }

  /** False for a file without a byte, or with a part of the head that was not written whole: only such a file may be begun anew. */
  private hasHead(wanted: string): boolean {
    const bytes = Buffer.from(wanted, 'utf8')
    const found = Buffer.alloc(bytes.byteLength)
    const count = readSync(this.file, found, 0, found.byteLength, 0)
    if (!found.subarray(0, count).equals(bytes.subarray(0, count))) {
      throw this.other(whatDiffers(this.firstLine(), wanted))
    }
    return count === bytes.byteLength
  }

  private firstLine(): string {
    const bytes = Buffer.alloc(HEAD_BYTES_MAX)
    const count = readSync(this.file, bytes, 0, bytes.byteLength, 0)
    return bytes.toString('utf8', 0, count).split('\n')[0] ?? ''
  }

  private size = 0

  /** What cannot be written whole is taken back: what is there stays a file of whole lines. */
  private write(line: string): void {
    const bytes = Buffer.from(line, 'utf8')
    try {
      for (let at = 0; at < bytes.byteLength;) at += writeSync(this.file, bytes, at)
    } catch (cause: unknown) {
      ftruncateSync(this.file, this.size)
      const message = `${this.path} cannot be written`
      throw new CodedError('STORE_WRITE_FAILED', { message, cause, details: { file: this.path } })
    }
    this.size += bytes.byteLength
  }

  private parse(line: string, number: number): SeedResult {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      value = undefined
    }
    if (!isResult(value)) throw this.other(`has a line that is no finished seed: line ${number}`)
    return value
  }

  private other(why: string): CodedError {
    return new CodedError('SIMULATION_RESUME_OTHER', { message: `${this.path} ${why}`, details: { file: this.path } })
  }
}

/** In words: what is one thing in the head of a file and another one here. */
function whatDiffers(found: string, wanted: string): string {
  const [there, here] = [found, wanted].map(headOf)
  if (there === undefined || here === undefined) return `begins with ${found.slice(0, 100)}, and is no such file`
  const names = [...new Set([...Object.keys(there), ...Object.keys(here)])]
  const pairs = names
    .map((name) => [name, JSON.stringify(there[name] ?? null), JSON.stringify(here[name] ?? null)] as const)
    .filter(([, before, now]) => before !== now)
    .map(([name, before, now]) => `${name}: ${before.slice(0, 80)} there, ${now.slice(0, 80)} here`)
  return `belongs to another run: ${pairs.join('; ')}`
}

/** What a head says, options among the rest; `undefined`: it is none. */
function headOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const { kernell_simulation: head } = JSON.parse(line) as { readonly kernell_simulation?: unknown }
    if (!isObject(head)) return undefined
    const { options, ...rest } = head
    return { ...rest, ...(isObject(options) && options) }
  } catch {
    return undefined
  }
}

/** Each whole line in turn; a file of any length takes no more memory. */
function readLines(file: number, tell: (line: string) => void): { readonly wholeBytes: number } {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let rest: Buffer = Buffer.alloc(0)
  let wholeBytes = 0
  for (let position = 0; ;) {
    const count = readSync(file, chunk, 0, CHUNK_BYTES, position)
    if (count === 0) return { wholeBytes }
    position += count
    rest = Buffer.concat([rest, chunk.subarray(0, count)])
    let start = 0
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE, start)) {
      tell(rest.toString('utf8', start, end))
      wholeBytes += end + 1 - start
      start = end + 1
    }
    rest = Buffer.from(rest.subarray(start))
  }
}

function isResult(value: unknown): value is SeedResult {
  if (!isObject(value)) return false
  const { seed, hash, unequal, violations } = value
  const { events, virtualMs, agents, found, faults, checks, handled, metrics } = value
  return (
    Number.isInteger(seed) &&
    typeof hash === 'string' &&
    [events, virtualMs, agents, found].every(isNumber) &&
    [faults, checks, handled, metrics].every((counts) => isObject(counts) && Object.values(counts).every(isNumber)) &&
    Array.isArray(violations) &&
    violations.every((each) => hasTexts(each, ['checker', 'what'])) &&
    (unequal === undefined || hasTexts(unequal, ['hash', 'difference']))
  )
}

function hasTexts(value: unknown, names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof value[name] === 'string')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number'
}
