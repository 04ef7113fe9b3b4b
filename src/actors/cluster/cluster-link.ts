import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import { findPath } from '../threads/find-path.ts'
import type { EventWriter } from '../threads/remote-ref.ts'
import { ValueDecoder } from '../threads/value-decoder.ts'
import { notCloneableError, ValueEncoder, type ReferenceCodec } from '../threads/value-encoder.ts'
import { recordSize } from './cluster-message.ts'

/** An event on its way, as whoever sent it named its actor. */
export type LinkEvent = { readonly number: number; readonly home: number; readonly event: AnyEventObject }

export type ClusterLinkInit = {
  readonly session: string
  readonly references: ReferenceCodec
  /** Sends records from number `first` on; resolves with the number of the first one that the other side has not taken. Rejects when it must be sent again. */
  readonly send: (first: number, records: readonly Uint8Array[]) => Promise<number>
  /** Waits before what was not taken is sent again. */
  readonly pause: () => Promise<void>
  /** What is to go for `home` of this node, as the other one has to read it: 0 for an actor of the sender, 1 for one of the receiver. */
  readonly homeOf: (home: number) => number
  readonly receiver: {
    receive(home: number, number: number, event: AnyEventObject): void
    receiveControl(message: unknown): void
  }
  /** More waits than ever may. */
  readonly onOverload: () => void
}

type Waiting = { readonly bytes: Uint8Array; readonly sent: LinkEvent | undefined }

/** Largest record, bytes: what is larger has to go in pieces. */
export const RECORD_BYTES_MAX = 524_288
/** Bytes of one batch, which must fit into a question of the transport with all that is around it. */
const BATCH_BYTES_MAX = 786_432
const BATCH_RECORDS_MAX = 4_096
/** Senders that can wait do so beyond this many events. */
const WRITABLE_MAX = 1_024
/** Events that may wait; more are refused. */
const EVENTS_MAX = 65_536
const BYTES_MAX = 67_108_864
/** Events and what the nodes tell each other, together: an end of the session is better than no end of memory. */
const RECORDS_MAX = 262_144

/**
 * What one node sends to another under one session: events and control messages, in order, each at most once. One batch is on its way at a time; it is
 * sent again until the other side says that it has it, which takes each record once by its number.
 */
export class ClusterLink implements EventWriter {
  readonly session: string
  private readonly init: ClusterLinkInit
  private readonly encoder: ValueEncoder
  private readonly decoder: ValueDecoder
  private waiting: Waiting[] = []
  private events = 0
  private bytes = 0
  /** Number of the first record that waits. */
  private first = 0
  /** Records of the batch that is on its way. */
  private underWay = 0
  /** Number of the next record of the other side. */
  private next = 0
  private isPumping = false
  private isClosed = false
  private waiters: (() => void)[] = []

  constructor(init: ClusterLinkInit) {
    this.init = init
    this.session = init.session
    this.encoder = new ValueEncoder(init.references)
    this.decoder = new ValueDecoder(init.references)
  }

  get isWritable(): boolean {
    return this.isClosed || this.events < WRITABLE_MAX
  }

  /** Whether the other side has taken all. */
  get isEmpty(): boolean {
    return this.waiting.length === 0
  }

  /** @throws `ACTOR_EVENT_NOT_CLONEABLE`, `ACTOR_EVENT_TOO_LARGE`. */
  send(number: number, home: number, event: AnyEventObject): boolean {
    if (this.isClosed || this.events >= EVENTS_MAX || this.bytes >= BYTES_MAX) return false
    const bytes = this.encode([this.init.homeOf(home), number, event], event)
    this.events += 1
    this.push({ bytes, sent: { number, home, event } })
    return true
  }

  /** Never refused, but for what no link can carry. */
  sendControl(message: unknown): void {
    if (this.isClosed) return
    this.push({ bytes: this.encode([message], message), sent: undefined })
    if (this.waiting.length > RECORDS_MAX) this.init.onOverload()
  }

  /** As `sendControl`, but refused where events are. */
  trySendControl(message: unknown): boolean {
    if (this.isClosed || this.events >= EVENTS_MAX || this.bytes >= BYTES_MAX) return false
    this.sendControl(message)
    return true
  }

  async whenWritable(): Promise<void> {
    if (!this.isWritable) await new Promise<void>((resolve) => this.waiters.push(resolve))
  }

  /** Takes a batch of the other side. @returns The number of the record that is to come next. */
  receive(first: number, records: readonly Uint8Array[]): number {
    for (const [index, record] of records.entries()) {
      if (this.isClosed || first + index !== this.next) continue
      // Before it is handled: what it leads to may end the session.
      this.next += 1
      this.take(record)
    }
    return this.next
  }

  /** @returns What was not taken by the other side, oldest first; `isUncertain`: it may have been. */
  close(): readonly (LinkEvent & { readonly isUncertain: boolean })[] {
    this.isClosed = true
    const left = this.waiting.flatMap(({ sent }, index) =>
      sent === undefined ? [] : [{ ...sent, isUncertain: index < this.underWay }],
    )
    this.waiting = []
    this.tellWaiters()
    return left
  }

  /** Throws what `send` would. */
  check(value: unknown): void {
    this.encode([value], value)
  }

  private encode(message: readonly unknown[], value: unknown): Uint8Array {
    const { encoder } = this
    encoder.encode(message)
    // Each record says all that is needed to read it: it may be sent twice, and its reader may have forgotten the one before.
    encoder.takeBack()
    const [aside] = encoder.aside
    if (aside !== undefined) {
      throw notCloneableError({ path: findPath(value, aside), reason: 'it cannot leave this machine' })
    }
    const { bytes, position } = encoder.buffer
    if (position > RECORD_BYTES_MAX) {
      const message = `An event of ${position} bytes is larger than ${RECORD_BYTES_MAX}`
      throw new CodedError('ACTOR_EVENT_TOO_LARGE', { message })
    }
    return new Uint8Array(bytes.subarray(0, position))
  }

  private push(waiting: Waiting): void {
    this.waiting.push(waiting)
    this.bytes += waiting.bytes.byteLength
    if (this.isPumping) return
    this.isPumping = true
    this.pump().catch(() => {
      // Nothing in it rejects; the session would end by its lease.
      this.isPumping = false
    })
  }

  private async pump(): Promise<void> {
    // One turn later: what one turn sends goes together.
    await Promise.resolve()
    while (this.waiting.length > 0 && !this.isClosed) {
      const records = this.nextBatch()
      this.underWay = records.length
      try {
        this.taken(await this.init.send(this.first, records))
      } catch {
        if (!this.isClosed) await this.init.pause()
      }
    }
    this.isPumping = false
  }

  private nextBatch(): readonly Uint8Array[] {
    // What is sent again is the same batch: of all behind it, it stays known that the other side cannot have it.
    const countMax = this.underWay === 0 ? BATCH_RECORDS_MAX : this.underWay
    const records: Uint8Array[] = []
    let size = 0
    for (const { bytes } of this.waiting) {
      size += recordSize(bytes)
      if (records.length > 0 && (size > BATCH_BYTES_MAX || records.length >= countMax)) break
      records.push(bytes)
    }
    return records
  }

  private taken(next: number): void {
    const count = next - this.first
    if (this.isClosed || count < 0 || count > this.underWay) return
    for (const { bytes, sent } of this.waiting.splice(0, count)) {
      this.bytes -= bytes.byteLength
      if (sent !== undefined) this.events -= 1
    }
    this.first = next
    this.underWay = 0
    if (this.isWritable) this.tellWaiters()
  }

  private tellWaiters(): void {
    for (const waiter of this.waiters.splice(0)) waiter()
  }

  private take(record: Uint8Array): void {
    this.decoder.attach(record)
    this.decoder.shapes.length = 0
    const message = this.decoder.decode(0, [])
    if (!Array.isArray(message)) throw new CodedError('NETWORK_FRAME_INVALID', { message: 'A record that is none' })
    const [first, number, event] = message as readonly unknown[]
    if (message.length === 1) this.init.receiver.receiveControl(first)
    else if (isHome(first) && Number.isSafeInteger(number) && isEvent(event))
      this.init.receiver.receive(first, number as number, event)
    else throw new CodedError('NETWORK_FRAME_INVALID', { message: 'A record that is none' })
  }
}

function isHome(value: unknown): value is 0 | 1 {
  return value === 0 || value === 1
}

function isEvent(value: unknown): value is AnyEventObject {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
