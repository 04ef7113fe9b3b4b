import { receiveMessageOnPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import type { RecordReader } from './record-channel.ts'
import { ATTACHED, FLAT, HEADER_UNITS, KIND_BITS, KIND_MASK, VALUE } from './ring-layout.ts'
import { ValueDecoder } from './value-decoder.ts'
import type { ReferenceCodec } from './value-encoder.ts'

/** Who gets what comes from one other thread. */
export interface ChannelReceiver {
  /** Must not throw. */
  receive(target: number, incarnation: number, event: unknown): void
  receiveControl(message: unknown): void
}

export type ChannelReaderInit = {
  readonly records: RecordReader
  /** The other end of the writer's. Nobody listens on it: it is read when a record refers to it. Absent: it is lost. */
  readonly port: MessagePort | undefined
  readonly references?: ReferenceCodec
  readonly receiver: ChannelReceiver
  /** Default: one that knows nothing yet. */
  readonly decoder?: ValueDecoder
}

/** Type of the event that stands for one whose content is lost. */
export const UNREADABLE = 'kernell.unreadable'

/** What `ChannelWriter.post` sends. */
type Posted = { readonly sequence: number; readonly bytes: Uint8Array | undefined; readonly aside: readonly unknown[] }

/** The receiving end between two threads. Plain fields: see `RingWriter`. */
export class ChannelReader {
  private readonly records: RecordReader
  private readonly port: MessagePort | undefined
  private readonly decoder: ValueDecoder
  private readonly receiver: ChannelReceiver
  private attached: Uint8Array | undefined
  private isClosed = false

  constructor({ records, port, references, receiver, decoder }: ChannelReaderInit) {
    this.records = records
    this.port = port
    this.decoder = decoder ?? new ValueDecoder(references)
    this.receiver = receiver
  }

  isEmpty(): boolean {
    return this.records.isEmpty()
  }

  /** Nothing more is handed over, even of what `drain` is at. */
  close(): void {
    this.isClosed = true
  }

  /**
   * Hands over at most `recordsMax` events, fewer when half of the way is taken up by what was not released.
   *
   * @returns How many.
   */
  drain(recordsMax: number): number {
    const { records } = this
    let count = 0
    while (count < recordsMax && !this.isClosed) {
      const place = records.peek()
      if (place < 0 || records.isHalfHeld) break
      this.take(place)
      count += 1
    }
    return count
  }

  /** What was handed over has been handled: its room may be used again. */
  release(): void {
    if (!this.isClosed) this.records.release()
  }

  /** Whether nothing more can be handed over before `release`. */
  get isHalfHeld(): boolean {
    return this.records.isHalfHeld
  }

  /** The event is complete and its place free before anybody sees it: a receiver that throws loses one event only. */
  private take(place: number): void {
    const { records, receiver } = this
    const { ints } = records
    const kind = ints[place * 2 + 1] ?? 0
    const target = (ints[place * 2 + 2] ?? 0) >>> 0
    const incarnation = (ints[place * 2 + 3] ?? 0) >>> 0
    const event = (kind & KIND_MASK) === FLAT ? this.readFlat(place, kind >> KIND_BITS) : this.readValue(place, kind)
    records.advance()
    if (target === 0) receiver.receiveControl(event)
    else receiver.receive(target, incarnation, event)
  }

  private readFlat(place: number, number: number): unknown {
    const { names, type } = this.decoder.shapeAt(number)
    const { floats } = this.records
    const event: Record<string, unknown> = { type }
    for (let index = 1; index < names.length; index += 1) {
      event[names[index] ?? ''] = floats[place + HEADER_UNITS + index - 1]
    }
    return event
  }

  private readValue(place: number, kind: number): unknown {
    const { records, decoder } = this
    const body = place + HEADER_UNITS
    if (kind === VALUE) {
      this.attach(records.bytes)
      return decoder.decode(body * 8, [])
    }
    if (this.port === undefined) return { type: UNREADABLE }
    const posted = takePosted(this.port, records.ints[body * 2] ?? 0)
    records.countTaken(records.ints[body * 2 + 1] ?? 0)
    if (kind === ATTACHED) {
      this.attach(records.bytes)
      return decoder.decode((body + 1) * 8, posted.aside)
    }
    assert(posted.bytes !== undefined, 'a large event comes with its bytes')
    this.attach(posted.bytes)
    return decoder.decode(0, posted.aside)
  }

  private attach(memory: Uint8Array): void {
    if (this.attached === memory) return
    this.attached = memory
    this.decoder.attach(memory)
  }
}

function takePosted(port: MessagePort, sequence: number): Posted {
  const received = receiveMessageOnPort(port)
  assert(received !== undefined, 'what a record refers to was posted before it was published')
  const posted = received.message as Posted
  assert(posted.sequence === sequence, 'the port keeps the order of the records')
  return posted
}
