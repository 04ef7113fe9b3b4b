import type { AnyEventObject } from 'xstate'
import type { Cell } from '../../actors/cell/cell.ts'
import { sha256HexOfBytes } from '../../base/sha256.ts'
import { RecordWriter } from './record-writer.ts'
import { ValueRecorder } from './value-recorder.ts'

/** Something that happened: when, to whom, what. */
export type TracedEvent = {
  /** From 0, without a gap. */
  readonly index: number
  /** Virtual milliseconds since the world began. */
  readonly atMs: number
  /** Who it befell: a process, a link, a disk, an actor. */
  readonly address: string
  readonly type: string
  /** Of what came with it, 16 hexadecimal digits. */
  readonly digest: string
}

export type RecordedEvent = { readonly address: string; readonly type: string; readonly payload: unknown }

// The first byte of an event, and whether its time is another one than that of the event before.
const HAPPENED = 0
const HANDLED = 2
const NOTED = 4
const LATER = 1

const DIGEST_DIGITS = 16

/**
 * Hashes a run: of every event the time, the place in the order, the address, the type and what came with it, and at the end what the scenario says of the state. The seed is not part
 * of it.
 */
export class RunRecorder {
  /** Events so far. */
  events = 0
  private readonly writer = new RecordWriter()
  private readonly values = new ValueRecorder(this.writer)
  private readonly onEvent: ((event: TracedEvent) => void) | undefined
  private lastMs = 0

  constructor(onEvent?: (event: TracedEvent) => void) {
    this.onEvent = onEvent
    this.writer.isKept = onEvent !== undefined
  }

  /** Of all that happened so far, 64 hexadecimal digits. */
  get hash(): string {
    return this.writer.hex()
  }

  happened(atMs: number, { address, type, payload }: RecordedEvent): void {
    const { writer } = this
    this.begin(HAPPENED, atMs)
    writer.name(address)
    writer.name(type)
    const from = writer.position
    this.values.value(payload)
    this.end(atMs, { from, type, address })
  }

  /** An actor handles a message. */
  handled(atMs: number, cell: Cell, event: AnyEventObject): void {
    const { writer } = this
    this.begin(HANDLED, atMs)
    this.values.actors.write(cell)
    writer.name(event.type)
    const from = writer.position
    this.values.members(event)
    if (this.onEvent !== undefined) this.end(atMs, { from, type: event.type, address: cell.address })
    else this.events += 1
  }

  /** Something that is no event and is to be the same in equal runs. */
  noted(text: string): void {
    this.writer.byte(NOTED)
    this.writer.text(text)
  }

  private begin(kind: number, atMs: number): void {
    const { writer } = this
    if (this.onEvent !== undefined) writer.flush()
    if (atMs === this.lastMs) writer.byte(kind)
    else {
      writer.byte(kind + LATER)
      writer.double(atMs)
      this.lastMs = atMs
    }
    writer.whole(this.events)
  }

  private end(
    atMs: number,
    { from, type, address }: { readonly from: number; readonly type: string; readonly address: string },
  ): void {
    const index = this.events
    this.events += 1
    if (this.onEvent === undefined) return
    const digest = sha256HexOfBytes(this.writer.since(from)).slice(0, DIGEST_DIGITS)
    this.onEvent({ index, atMs, address, type, digest })
  }
}
