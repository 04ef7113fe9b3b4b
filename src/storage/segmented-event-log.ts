import { assert } from '../base/assert.ts'
import { CodedError } from '../base/errors.ts'
import type { EventLog, LogRecord, LogSnapshot } from '../ports/event-log.ts'
import type { FileSystem, OpenFile } from '../ports/file-system.ts'
import type { Random } from '../ports/random.ts'
import { type FramePlace, FramePlaces } from './frame-places.ts'
import { FRAME_HEADER_BYTES, bodySizeOf, encodeFrame } from './log-frame.ts'
import { recoverSegments } from './log-recovery.ts'
import { createSegment, readSegmentFrames } from './log-segment.ts'
import type { Segment } from './log-segment.ts'
import { ReplacedSegments } from './replaced-segments.ts'

/** What a journal needs from outside. */
export type EventLogComponents = { readonly fileSystem: FileSystem; readonly random: Random }

/** Where a journal is, and how large its segments and what waits to be written may become, bytes. */
export type EventLogInit = {
  /** Folder of this journal alone; created where missing. */
  readonly directory: string
  /** A segment that has reached this size is followed by a new one. Default 16 MiB. */
  readonly segmentSizeBytesMax?: number
  /** Bytes of appends that may wait for the disk; more are refused. Default 64 MiB. */
  readonly pendingBytesMax?: number
}

export const APPEND_RECORDS_MAX = 65_535
export const APPEND_BYTES_MAX: number = 64 * 1024 * 1024

/** Most bytes that one sync makes durable, so that one caller's wait stays bounded. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024
const SEGMENT_BYTES_DEFAULT = 16 * 1024 * 1024

type PendingAppend = {
  readonly kind: 'append'
  readonly firstIndex: number
  readonly payloads: readonly Uint8Array[]
  readonly sizeBytes: number
  readonly resolve: (index: number) => void
  readonly reject: (error: unknown) => void
}
type PendingCompaction = {
  readonly kind: 'compaction'
  readonly snapshot: LogSnapshot
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Opens a journal and repairs what an interrupted write left behind.
 *
 * @throws `STORE_CORRUPTED` when bytes that were once synced are damaged or a segment is missing, `STORE_FORMAT_NEWER`
 *   when a later version wrote it, `STORE_WRITE_FAILED` and `STORE_READ_FAILED` when the disk refuses.
 */
export async function openSegmentedEventLog(components: EventLogComponents, init: EventLogInit): Promise<EventLog> {
  const { fileSystem, random } = components
  await fileSystem.makeDirectory(init.directory)
  const recovered = await recoverSegments({ fileSystem, random, directory: init.directory })
  return new SegmentedEventLog(components, init, recovered)
}

type LogStart = {
  readonly segments: readonly Segment[]
  readonly file: OpenFile
  readonly fileSizeBytes: number
  readonly nextIndex: number
  readonly snapshot: LogSnapshot | undefined
  readonly recordBytes: number
}

/**
 * One queue, one drain loop: it takes what has gathered, writes it in one append, syncs once, and only then resolves.
 * While it syncs the next group gathers.
 */
class SegmentedEventLog implements EventLog {
  readonly #fileSystem: FileSystem
  readonly #random: Random
  readonly #directory: string
  readonly #segmentSizeBytesMax: number
  readonly #pendingBytesMax: number
  readonly #pending: (PendingAppend | PendingCompaction)[] = []
  #pendingBytes = 0
  #segments: readonly Segment[]
  #file: OpenFile
  /** All of the active file is on stable storage whenever the drain loop is between two steps. */
  #fileSizeBytes: number
  #nextIndex: number
  #syncedIndex: number
  #snapshot: LogSnapshot | undefined
  #recordBytes: number
  #drain: Promise<void> | undefined
  #poison: { readonly cause: unknown } | undefined
  #isOpen = true
  readonly #replaced: ReplacedSegments
  readonly #places = new FramePlaces()

  constructor(components: EventLogComponents, init: EventLogInit, start: LogStart) {
    this.#fileSystem = components.fileSystem
    this.#random = components.random
    this.#directory = init.directory
    this.#segmentSizeBytesMax = init.segmentSizeBytesMax ?? SEGMENT_BYTES_DEFAULT
    this.#pendingBytesMax = init.pendingBytesMax ?? APPEND_BYTES_MAX
    this.#segments = start.segments
    this.#file = start.file
    this.#fileSizeBytes = start.fileSizeBytes
    this.#nextIndex = start.nextIndex
    this.#syncedIndex = start.nextIndex
    this.#snapshot = start.snapshot
    this.#recordBytes = start.recordBytes
    this.#replaced = new ReplacedSegments(components.fileSystem, init.directory)
  }

  get nextIndex(): number {
    return this.#nextIndex
  }

  get snapshot(): LogSnapshot | undefined {
    return this.#snapshot
  }

  get sizeBytes(): number {
    return this.#recordBytes
  }

  async append(payloads: readonly Uint8Array[]): Promise<number> {
    this.#checkWritable()
    if (payloads.length === 0 || payloads.length > APPEND_RECORDS_MAX) {
      throw new RangeError(`An append has 1 to ${APPEND_RECORDS_MAX} records`)
    }
    const sizeBytes = FRAME_HEADER_BYTES + bodySizeOf(payloads)
    if (sizeBytes > APPEND_BYTES_MAX) throw new RangeError('An append holds at most 64 MiB')
    if (this.#pendingBytes > 0 && this.#pendingBytes + sizeBytes > this.#pendingBytesMax) {
      throw new CodedError('STORE_OVERLOADED', { message: `${this.#pendingBytes} bytes wait for the journal's disk` })
    }
    const firstIndex = this.#nextIndex
    this.#nextIndex += payloads.length
    this.#pendingBytes += sizeBytes
    return await new Promise<number>((resolve, reject) => {
      this.#pending.push({ kind: 'append', firstIndex, payloads, sizeBytes, resolve, reject })
      this.#startDrain()
    })
  }

  read(fromIndex: number): AsyncIterable<LogRecord> {
    if (!this.#isOpen) throw closedError(this.#directory)
    const oldest = this.#snapshot?.nextIndex ?? 0
    if (fromIndex < oldest) throw new RangeError(`Records before ${oldest} were replaced by a snapshot`)
    return this.#readRecords({ fromIndex, endIndex: this.#syncedIndex, segments: this.#segments })
  }

  async compact(snapshot: LogSnapshot): Promise<void> {
    this.#checkWritable()
    if (snapshot.nextIndex !== this.#nextIndex) throw new RangeError('A snapshot ends at the end of the log')
    await new Promise<void>((resolve, reject) => {
      this.#pending.push({ kind: 'compaction', snapshot, resolve, reject })
      this.#startDrain()
    })
  }

  async close(): Promise<void> {
    this.#isOpen = false
    await this.#drain
    await this.#replaced.removeAll()
    await this.#file.close()
  }

  #checkWritable(): void {
    if (this.#poison !== undefined) throw this.#poisonedError()
    if (!this.#isOpen) throw closedError(this.#directory)
  }

  #startDrain(): void {
    this.#drain ??= this.#drainPending().finally(() => {
      this.#drain = undefined
      if (this.#pending.length > 0) this.#startDrain()
    })
  }

  async #drainPending(): Promise<void> {
    await Promise.resolve() // Lets appends of the same turn join the first batch.
    for (;;) {
      const first = this.#pending[0]
      if (first === undefined) return
      if (this.#poison !== undefined) this.#rejectAll(this.#poisonedError())
      else if (first.kind === 'compaction') await this.#runCompaction(first)
      else await this.#writeBatch(this.#takeBatch())
    }
  }

  #takeBatch(): readonly PendingAppend[] {
    const batch: PendingAppend[] = []
    let sizeBytes = 0
    for (const item of this.#pending) {
      if (item.kind !== 'append') break
      if (batch.length > 0 && sizeBytes + item.sizeBytes > BATCH_BYTES_MAX) break
      batch.push(item)
      sizeBytes += item.sizeBytes
    }
    this.#pending.splice(0, batch.length)
    this.#pendingBytes -= sizeBytes
    return batch
  }

  async #writeBatch(batch: readonly PendingAppend[]): Promise<void> {
    try {
      if (this.#fileSizeBytes >= this.#segmentSizeBytesMax) await this.#startSegment()
      const bytes = this.#encodeBatch(batch)
      await this.#file.append(bytes)
      await this.#file.sync()
      this.#fileSizeBytes += bytes.byteLength
      this.#recordBytes += bytes.byteLength
    } catch (error: unknown) {
      this.#poison = { cause: error }
      const failure = new CodedError('STORE_WRITE_FAILED', {
        message: `The journal at ${this.#directory} could not be written`,
        cause: error,
      })
      for (const item of batch) item.reject(failure)
      return
    }
    for (const item of batch) {
      this.#syncedIndex = item.firstIndex + item.payloads.length
      item.resolve(item.firstIndex)
    }
    assert(this.#syncedIndex <= this.#nextIndex, 'only records that were appended are synced')
  }

  #encodeBatch(batch: readonly PendingAppend[]): Uint8Array {
    const bytes = new Uint8Array(batch.reduce((size, item) => size + item.sizeBytes, 0))
    let offset = 0
    const { salt, sequence } = this.#activeSegment()
    for (const { firstIndex, payloads } of batch) {
      this.#places.note(sequence, { index: firstIndex, offset: this.#fileSizeBytes + offset })
      offset = encodeFrame(bytes, offset, { salt, syncedBytes: this.#fileSizeBytes, firstIndex, payloads })
    }
    assert(offset === bytes.byteLength, 'frames fill the batch exactly')
    return bytes
  }

  async #startSegment(snapshot?: LogSnapshot): Promise<void> {
    const created = await createSegment(this.#fileSystem, {
      directory: this.#directory,
      sequence: this.#activeSegment().sequence + 1,
      firstIndex: this.#syncedIndex,
      salt: saltFrom(this.#random),
      snapshot,
    })
    const old = this.#file
    this.#file = created.file
    this.#fileSizeBytes = created.sizeBytes
    this.#segments = [...this.#segments, created.segment]
    await old.close()
  }

  async #runCompaction(item: PendingCompaction): Promise<void> {
    this.#pending.shift()
    try {
      assert(item.snapshot.nextIndex === this.#syncedIndex, 'a snapshot covers exactly what is on disk')
      const obsolete = this.#segments
      for (const { sequence } of obsolete) this.#places.forget(sequence)
      await this.#startSegment(item.snapshot)
      this.#segments = this.#segments.slice(-1)
      this.#snapshot = item.snapshot
      this.#recordBytes = 0
      this.#replaced.add(obsolete, item.resolve, (cause) => this.#failCompaction(item, cause))
    } catch (error: unknown) {
      this.#failCompaction(item, error)
      return
    }
    await this.#replaced.removeUnread()
  }

  #failCompaction(item: PendingCompaction, cause: unknown): void {
    this.#poison = { cause }
    item.reject(new CodedError('STORE_WRITE_FAILED', { message: 'The journal could not be compacted', cause }))
  }

  async *#readRecords(range: ReadRange): AsyncGenerator<LogRecord, void, undefined> {
    this.#replaced.beginRead()
    try {
      for (const [position, segment] of range.segments.entries()) {
        const following = range.segments[position + 1]
        if (following !== undefined && following.firstIndex <= range.fromIndex) continue
        const { sequence } = segment
        const from = this.#places.find(sequence, range.fromIndex)
        const onFrame = (place: FramePlace): void => this.#places.note(sequence, place)
        const frames = readSegmentFrames(this.#fileSystem, { directory: this.#directory, segment, from, onFrame })
        for await (const record of frames) {
          if (record.index >= range.endIndex) return
          if (record.index >= range.fromIndex) yield record
        }
      }
    } finally {
      await this.#replaced.endRead()
    }
  }

  #rejectAll(error: CodedError): void {
    for (const item of this.#pending.splice(0)) item.reject(error)
    this.#pendingBytes = 0
  }

  #activeSegment(): Segment {
    const segment = this.#segments.at(-1)
    assert(segment !== undefined, 'an open journal has a segment')
    return segment
  }

  #poisonedError(): CodedError {
    return new CodedError('LOG_POISONED', {
      message: `The journal at ${this.#directory} accepts nothing after a failed write`,
      cause: this.#poison?.cause,
    })
  }
}

type ReadRange = { readonly fromIndex: number; readonly endIndex: number; readonly segments: readonly Segment[] }

function closedError(directory: string): CodedError {
  return new CodedError('STORE_NOT_OPEN', { message: `The journal at ${directory} is closed` })
}

function saltFrom(random: Random): number {
  const bytes = random.bytes(4)
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
}
