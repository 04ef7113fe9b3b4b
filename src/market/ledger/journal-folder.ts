import { CodedError } from '../../base/errors.ts'
import type { FileSystem } from '../../ports/file-system.ts'

/** Hashes are written and read in pieces of so many bytes. */
const PIECE_BYTES = 1_048_576
/** States of closed segments that are kept: the newest, and the one before in case that one is damaged. */
const STATES_KEPT = 2

const HASHES_NAME = /^hashes-(\d{16})\.bin$/
const STATE_NAME = /^state-(\d{16})\.jsonl$/
const KEPT_NAME = /^kept-(\d{16})\.jsonl$/
const TEMPORARY_SUFFIX = '.tmp'

export type StateToWrite = {
  readonly lines: Iterable<string>
  readonly finish: () => Promise<string>
  /** A state that is not removed, by its number of entries. */
  readonly kept: number
}

/**
 * What lies beside the log of a journal once a segment of it was closed. Every file gets its name when it is whole and on stable storage.
 *
 * ```text
 * hashes-0000000000000000.bin       32 bytes for each entry from that one on, up to the next file: kept for good, proofs are made from them
 * state-0000000000100000.jsonl      the state behind so many entries, line by line, and last what a start needs; kept are the newest two and that of the cut
 * kept-0000000000100000.jsonl       of the entries before a cut of so many, those that somebody may still ask for
 * ```
 */
export class JournalFolder {
  private readonly fileSystem: FileSystem
  private readonly directory: string

  private constructor(fileSystem: FileSystem, directory: string) {
    this.fileSystem = fileSystem
    this.directory = directory
  }

  /** Makes the folder and removes what an interrupted write has left. */
  static async open(fileSystem: FileSystem, directory: string): Promise<JournalFolder> {
    await fileSystem.makeDirectory(directory)
    const names = await fileSystem.list(directory)
    for (const name of names) if (name.endsWith(TEMPORARY_SUFFIX)) await fileSystem.remove(`${directory}/${name}`)
    return new JournalFolder(fileSystem, directory)
  }

  /** A folder that somebody else may have open: only to be read. */
  static at(fileSystem: FileSystem, directory: string): JournalFolder {
    return new JournalFolder(fileSystem, directory)
  }

  /** Hashes of entries `from` to the end of the segment. The same again replaces them. */
  async writeHashes(from: number, hashes: Uint8Array): Promise<void> {
    await this.replace(nameOf('hashes', from, 'bin'), piecesOf(hashes))
  }

  /** Hashes of the first `entries` entries. Throws `STORE_CORRUPTED` where some are missing. */
  async readHashes(entries: number): Promise<Uint8Array> {
    const all = new Uint8Array(32 * entries)
    let end = 0
    for (const from of await this.positions(HASHES_NAME)) {
      if (from >= entries) break
      if (from > end) break
      const bytes = await this.readWhole(nameOf('hashes', from, 'bin'))
      const room = all.subarray(32 * from)
      room.set(bytes.subarray(0, room.length))
      end = Math.max(end, Math.min(entries, from + Math.floor(bytes.length / 32)))
    }
    if (end === entries) return all
    throw new CodedError('STORE_CORRUPTED', {
      message: `${this.directory} has no hashes of the entries from ${end} on`,
      details: { path: this.directory, entries: end },
    })
  }

  /** Writes the state behind so many entries. It gets its name when `finish`, asked behind its lines, has given the last one. Removes old states. */
  async writeState(entries: number, { lines, finish, kept }: StateToWrite): Promise<void> {
    const name = nameOf('state', entries, 'jsonl')
    const encoder = new TextEncoder()
    const last = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield* encodedPieces(lines)
      yield encoder.encode(`${await finish()}\n`)
    }
    await this.replace(name, last())
    const old = (await this.positions(STATE_NAME)).slice(0, -STATES_KEPT).filter((position) => position !== kept)
    for (const position of old) await this.fileSystem.remove(`${this.directory}/${nameOf('state', position, 'jsonl')}`)
  }

  /** Numbers of entries behind which a state is kept, newest first. */
  async states(): Promise<readonly number[]> {
    return (await this.positions(STATE_NAME)).toReversed()
  }

  /** Lines of the state behind so many entries. */
  async *readState(entries: number): AsyncGenerator<string, void, undefined> {
    yield* this.readLines(nameOf('state', entries, 'jsonl'))
  }

  /** Entries that a cut of so many leaves: written before the cut, so that none is ever missing. */
  async writeKept(cut: number, lines: AsyncIterable<string>): Promise<void> {
    await this.writeWhole(`${this.directory}/${nameOf('kept', cut, 'jsonl')}`, encodedLines(lines))
  }

  /** Removes what earlier cuts have left. */
  async removeKeptBefore(cut: number): Promise<void> {
    for (const position of await this.positions(KEPT_NAME))
      if (position < cut) await this.fileSystem.remove(`${this.directory}/${nameOf('kept', position, 'jsonl')}`)
  }

  /** Nothing where the cut left nothing. */
  async *readKept(cut: number): AsyncGenerator<string, void, undefined> {
    const positions = await this.positions(KEPT_NAME)
    if (positions.includes(cut)) yield* this.readLines(nameOf('kept', cut, 'jsonl'))
  }

  async readKeptLine(
    cut: number,
    { start, bytes }: { readonly start: number; readonly bytes: number },
  ): Promise<string> {
    const file = await this.fileSystem.open(`${this.directory}/${nameOf('kept', cut, 'jsonl')}`, { mode: 'read' })
    try {
      return new TextDecoder().decode(await file.read(start, bytes))
    } finally {
      await file.close()
    }
  }

  private async *readLines(name: string): AsyncGenerator<string, void, undefined> {
    const file = await this.fileSystem.open(`${this.directory}/${name}`, { mode: 'read' })
    try {
      const decoder = new TextDecoder()
      const size = await file.size()
      let rest = ''
      for (let position = 0; position < size; position += PIECE_BYTES) {
        const parts = (rest + decoder.decode(await file.read(position, PIECE_BYTES), { stream: true })).split('\n')
        rest = parts.pop() ?? ''
        yield* parts
      }
      if (rest !== '') yield rest
    } finally {
      await file.close()
    }
  }

  /** Throws `LEDGER_ARCHIVE_EXISTS` where there is such a file. */
  async checkArchive(path: string): Promise<void> {
    if (await this.fileSystem.exists(path))
      throw new CodedError('LEDGER_ARCHIVE_EXISTS', { message: `${path} exists`, details: { path } })
  }

  /** Writes a file of lines into a folder of the caller, all or nothing. */
  async writeArchive(path: string, lines: AsyncIterable<string>): Promise<void> {
    await this.writeWhole(path, encodedLines(lines))
  }

  private async replace(name: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    await this.writeWhole(`${this.directory}/${name}`, pieces)
  }

  private async writeWhole(path: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const temporaryPath = `${path}${TEMPORARY_SUFFIX}`
    await this.fileSystem.remove(temporaryPath)
    const file = await this.fileSystem.open(temporaryPath, { mode: 'create' })
    try {
      for await (const piece of pieces) await file.append(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.fileSystem.rename(temporaryPath, path)
    await this.fileSystem.syncDirectory(path.slice(0, path.lastIndexOf('/')))
  }

  private async positions(pattern: RegExp): Promise<readonly number[]> {
    const names = await this.fileSystem.list(this.directory)
    return names.flatMap((name) => {
      const digits = pattern.exec(name)?.[1]
      return digits === undefined ? [] : [Number(digits)]
    })
  }

  private async readWhole(name: string): Promise<Uint8Array> {
    const file = await this.fileSystem.open(`${this.directory}/${name}`, { mode: 'read' })
    try {
      return await file.read(0, await file.size())
    } finally {
      await file.close()
    }
  }
}

function nameOf(kind: string, position: number, extension: string): string {
  return `${kind}-${String(position).padStart(16, '0')}.${extension}`
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) yield bytes.subarray(start, start + PIECE_BYTES)
}

async function* encodedLines(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder()
  for await (const line of lines) yield encoder.encode(`${line}\n`)
}

function* encodedPieces(lines: Iterable<string>): Generator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder()
  let text = ''
  for (const line of lines) {
    text += `${line}\n`
    if (text.length < PIECE_BYTES) continue
    yield encoder.encode(text)
    text = ''
  }
  if (text !== '') yield encoder.encode(text)
}
