import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { HighWater } from '../../core/notary/high-water.ts'
import type { FileSystem, OpenFile } from '../../ports/file-system.ts'

export type HighWaterFileInit = {
  readonly fileSystem: FileSystem
  /** A folder of its own, on another disk than the journal where there is one, and outside of what backups hold. */
  readonly directory: string
  /** 32 hexadecimal digits, drawn by this process. */
  readonly instance: string
}

const NAMES = ['high-water-0', 'high-water-1'] as const
const INSTANCE_PREFIX = 'instance-'
/** A file takes so many bytes before the other one is begun. */
const FILE_BYTES_MAX = 1 << 16
const CHECKSUM_DIGITS = 16

type NumberedRecord = { readonly number: number; readonly value: HighWater }

/**
 * What a notary signed last, on disk before the signature leaves. Records are appended to one of two files and synced, one sync each; when the
 * file is full, the other one is begun anew. A torn last record was never synced, so that no signature followed it, and the one before
 * counts.
 *
 * ```text
 * high-water-0  | 1 | 2 | ... | 700 |            kept until the next change of files
 * high-water-1  | 701 | 702 | 7~            torn: 702 counts
 * ```
 */
export class HighWaterFile {
  private readonly init: HighWaterFileInit
  private current: NumberedRecord | undefined
  private file: OpenFile | undefined
  private place: 0 | 1 = 0
  private bytes = 0
  private failure: { readonly cause: unknown } | undefined
  private queue: Promise<void> = Promise.resolve()

  private constructor(init: HighWaterFileInit) {
    this.init = init
  }

  /**
   * Reads the newest record and makes this process the one that writes: one that was running notices it at its next write. Throws
   * `NOTARY_HIGH_WATER_DAMAGED`, and what the file system throws.
   */
  static async open(init: HighWaterFileInit): Promise<HighWaterFile> {
    const file = new HighWaterFile(init)
    const { fileSystem, directory, instance } = init
    await fileSystem.makeDirectory(directory)
    const found = await Promise.all(NAMES.map(async (name) => await readRecords(init, name)))
    const newest = found.map((records) => records.at(-1))
    const isSecondNewer = (newest[1]?.number ?? 0) > (newest[0]?.number ?? 0)
    file.current = isSecondNewer ? newest[1] : newest[0]
    // The newest record stays untouched until another one is safe in the other file.
    file.place = isSecondNewer ? 1 : 0
    for (const name of await fileSystem.list(directory)) {
      if (name.startsWith(INSTANCE_PREFIX)) await fileSystem.remove(`${directory}/${name}`)
    }
    const marker = await fileSystem.open(file.markerOf(instance), { mode: 'create' })
    await marker.close()
    await fileSystem.syncDirectory(directory)
    return file
  }

  /** What was signed last, without taking over from whoever writes. Throws `NOTARY_HIGH_WATER_DAMAGED`, and what the file system throws. */
  static async read(place: Omit<HighWaterFileInit, 'instance'>): Promise<HighWater | undefined> {
    const found = await Promise.all(NAMES.map(async (name) => await readRecords(place, name)))
    const newest = found.flatMap((records) => records.at(-1) ?? [])
    return newest.toSorted((left, right) => left.number - right.number).at(-1)?.value
  }

  /** What was signed last, by this process or one before it; `undefined` when nothing was. */
  get value(): HighWater | undefined {
    return this.current?.value
  }

  /**
   * Resolves when the record is on stable storage: a signature may leave then, and not before. Throws `NOTARY_INSTANCE_OTHER` when another process
   * has opened the file since, `LOG_POISONED` after a failed write, and what the file system throws.
   */
  async write(value: Omit<HighWater, 'instance'>): Promise<void> {
    const written = this.queue.then(async () => await this.append({ ...value, instance: this.init.instance }))
    this.queue = written.catch(() => {})
    await written
  }

  /** Idempotent. Waits for a write under way. */
  async close(): Promise<void> {
    await this.queue
    await this.file?.close()
    this.file = undefined
    this.failure ??= { cause: undefined }
  }

  private async append(value: HighWater): Promise<void> {
    if (this.failure !== undefined) {
      throw new CodedError('LOG_POISONED', { message: 'high-water file: an earlier write failed', ...this.failure })
    }
    try {
      await this.appendNow(value)
    } catch (error: unknown) {
      this.failure = { cause: error }
      throw error
    }
  }

  private async appendNow(value: HighWater): Promise<void> {
    const { fileSystem, instance } = this.init
    if (!(await fileSystem.exists(this.markerOf(instance)))) {
      throw new CodedError('NOTARY_INSTANCE_OTHER', { message: `${this.init.directory}: another process writes here` })
    }
    const record: NumberedRecord = { number: (this.current?.number ?? 0) + 1, value }
    const bytes = new TextEncoder().encode(formatRecord(record))
    const isFresh = this.file === undefined || this.bytes + bytes.byteLength > FILE_BYTES_MAX
    const file = isFresh ? await this.begin() : this.file
    if (file === undefined) return
    await file.append(bytes)
    await file.sync()
    if (isFresh) await fileSystem.syncDirectory(this.init.directory)
    this.bytes += bytes.byteLength
    this.current = record
  }

  /** The other file, empty. */
  private async begin(): Promise<OpenFile> {
    const { fileSystem, directory } = this.init
    await this.file?.close()
    this.place = this.place === 0 ? 1 : 0
    this.bytes = 0
    const path = `${directory}/${NAMES[this.place]}`
    await fileSystem.remove(path)
    this.file = await fileSystem.open(path, { mode: 'create' })
    return this.file
  }

  private markerOf(instance: string): string {
    return `${this.init.directory}/${INSTANCE_PREFIX}${instance}`
  }
}

function formatRecord(record: NumberedRecord): string {
  const text = canonicalJson(record)
  return `${sha256Hex(text).slice(0, CHECKSUM_DIGITS)} ${text}\n`
}

/** The records of a file, in order. What follows the last whole line is a torn write. */
async function readRecords(
  { fileSystem, directory }: Omit<HighWaterFileInit, 'instance'>,
  name: string,
): Promise<readonly NumberedRecord[]> {
  const path = `${directory}/${name}`
  if (!(await fileSystem.exists(path))) return []
  const file = await fileSystem.open(path, { mode: 'read' })
  const text = new TextDecoder().decode(await file.read(0, await file.size()))
  await file.close()
  const records: NumberedRecord[] = []
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    const record = parseRecord(line)
    if (record !== undefined) records.push(record)
    else if (lines.slice(index + 1).some((later) => parseRecord(later) !== undefined)) {
      throw new CodedError('NOTARY_HIGH_WATER_DAMAGED', { message: `${path}: record ${index} is damaged` })
    }
  }
  return records
}

function parseRecord(line: string): NumberedRecord | undefined {
  const text = line.slice(CHECKSUM_DIGITS + 1)
  if (text === '' || sha256Hex(text).slice(0, CHECKSUM_DIGITS) !== line.slice(0, CHECKSUM_DIGITS)) return undefined
  // Its checksum says that `formatRecord` wrote it.
  return JSON.parse(text) as NumberedRecord
}
