import { ChannelReader } from './channel-reader.ts'
import type { OverflowQueue } from './overflow-queue.ts'
import type { RecordReader } from './record-channel.ts'
import { HEAD_WORD, KIND_MASK, PADDING, READ_WORD, TAIL_WORD, UNIT_BYTES, viewRing } from './ring-layout.ts'
import type { RingMemory, RingViews } from './ring-layout.ts'
import type { Shape } from './shape-table.ts'
import { ValueDecoder } from './value-decoder.ts'
import type { ReferenceCodec } from './value-encoder.ts'

/** What was on the way to a thread that is no more. */
export type Salvaged = {
  /** 0 for what threads tell each other; `event` is that then. */
  readonly target: number
  readonly incarnation: number
  /** Of type `UNREADABLE` when its content went by the port and is lost with it. */
  readonly event: unknown
  /** The thread had read it: it may have been handled. */
  readonly isUncertain: boolean
}

export type SalvageInit = {
  readonly ring: RingMemory | undefined
  /** Where no ring is: batches that were not acknowledged, from a place in bytes. */
  readonly batches: readonly { readonly memory: ArrayBuffer; readonly from: number }[]
  readonly pending: OverflowQueue
  /** All shapes that were ever defined on the way, by number. */
  readonly shapes: readonly Shape[]
  readonly references: ReferenceCodec | undefined
}

/** Reads what is left of a way whose reader is no more, oldest first. */
export function salvage({ ring, batches, pending, shapes, references }: SalvageInit): readonly Salvaged[] {
  const found: Salvaged[] = []
  const decoder = new ValueDecoder(references)
  decoder.shapes.push(...shapes)
  decoder.knowsShapes = true
  const read = (records: LeftRecords): void => {
    const put = (target: number, incarnation: number, event: unknown): void => {
      found.push({ target, incarnation, event, isUncertain: records.isUncertain })
    }
    const receiver = { receive: put, receiveControl: (message: unknown) => put(0, 0, message) }
    new ChannelReader({ records, port: undefined, receiver, decoder }).drain(Infinity)
  }
  if (ring !== undefined) read(new LeftInRing(viewRing(ring)))
  for (const { memory, from } of batches) {
    const [ints, floats] = [new Int32Array(memory), new Float64Array(memory)]
    read(new LeftRecords({ ints, floats, start: from / UNIT_BYTES, end: floats.length }, true))
  }
  for (const { ints, floats, start, end } of pending.waiting()) read(new LeftRecords({ ints, floats, start, end }))
  return found
}

type Left = {
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly start: number
  readonly end: number
}

/** Records in memory that nobody writes any more, from one place to another. */
class LeftRecords implements RecordReader {
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly bytes: Uint8Array
  readonly isHalfHeld = false
  protected at: number
  protected readonly end: number

  private readonly wasSent: boolean

  constructor({ ints, floats, start, end }: Left, wasSent = false) {
    this.wasSent = wasSent
    this.ints = ints
    this.floats = floats
    this.bytes = new Uint8Array(ints.buffer, ints.byteOffset, ints.byteLength)
    this.at = start
    this.end = end
  }

  get isUncertain(): boolean {
    return this.wasSent
  }

  peek(): number {
    return this.at === this.end ? -1 : this.at
  }

  advance(): void {
    this.at = (this.at + (this.ints[this.peek() * 2] ?? 0)) | 0
  }

  release(): void {}

  countTaken(): void {}

  isEmpty(): boolean {
    return this.at === this.end
  }
}

class LeftInRing extends LeftRecords {
  private readonly mask: number
  /** Counts as HEAD does, modulo 2^32. */
  private readonly readUntil: number
  private wasRead = false

  constructor({ words, ints, floats, capacity }: RingViews) {
    super({ ints, floats, start: Atomics.load(words, HEAD_WORD), end: Atomics.load(words, TAIL_WORD) })
    this.mask = capacity - 1
    this.readUntil = Atomics.load(words, READ_WORD)
  }

  override get isUncertain(): boolean {
    return this.wasRead
  }

  override peek(): number {
    while (this.at !== this.end) {
      const place = this.at & this.mask
      if (((this.ints[place * 2 + 1] ?? 0) & KIND_MASK) !== PADDING) return place
      this.at = (this.at + (this.ints[place * 2] ?? 0)) | 0
    }
    return -1
  }

  override advance(): void {
    // READ is behind the record when the thread had taken it.
    this.wasRead = ((this.readUntil - this.at) | 0) > 0
    super.advance()
  }
}
