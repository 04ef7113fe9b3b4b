import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { BatchReader } from './batch-reader.ts'
import { BatchWriter } from './batch-writer.ts'
import { ChannelReader } from './channel-reader.ts'
import type { ChannelReceiver } from './channel-reader.ts'
import { ChannelWriter } from './channel-writer.ts'
import { Doorbell } from './doorbell.ts'
import { createRingMemory } from './ring-layout.ts'
import type { RingMemory } from './ring-layout.ts'
import { RingReader } from './ring-reader.ts'
import { RingWriter } from './ring-writer.ts'
import type { Salvaged } from './salvage.ts'
import { viewThreadBoard } from './thread-board.ts'
import type { ThreadBoard } from './thread-board.ts'
import { ThreadPump } from './thread-pump.ts'
import type { ReferenceCodec } from './value-encoder.ts'

/** One direction between two threads: what either end needs. Crosses threads with its ports transferred. */
export type LinkEnd = {
  /** Number of the other thread. */
  readonly peer: number
  /** Absent: records go by `records`, in batches. */
  readonly ring: RingMemory | undefined
  readonly records: MessagePort | undefined
  /** What is too large for records, or only structured clone can carry. */
  readonly attachments: MessagePort
}

/** Both directions between this thread and another, as this one sees them. */
export type Link = { readonly outward: LinkEnd; readonly inward: LinkEnd }

export type LinkInit = {
  /** Bytes of each ring. */
  readonly ringBytes?: number
  /** False: batches by port even where memory can be shared. */
  readonly usesSharedMemory: boolean
}

/** A link between threads `left` and `right`: the first of the pair is for `left`. */
export function createLink(left: number, right: number, init: LinkInit): readonly [Link, Link] {
  const [toRight, fromLeft] = createDirection(left, right, init)
  const [toLeft, fromRight] = createDirection(right, left, init)
  return [
    { outward: toRight, inward: fromRight },
    { outward: toLeft, inward: fromLeft },
  ]
}

function createDirection(from: number, to: number, init: LinkInit): readonly [LinkEnd, LinkEnd] {
  const attachments = new MessageChannel()
  const ring = init.usesSharedMemory ? createRingMemory(init.ringBytes) : undefined
  const records = init.usesSharedMemory ? undefined : new MessageChannel()
  return [
    { peer: to, ring, records: records?.port1, attachments: attachments.port1 },
    { peer: from, ring, records: records?.port2, attachments: attachments.port2 },
  ]
}

/** What has to be in the transfer list of a message with these links. */
export function portsOf(links: readonly Link[]): MessagePort[] {
  const ends = links.flatMap(({ outward, inward }) => [outward, inward])
  return ends.flatMap(({ records, attachments }) => (records === undefined ? [attachments] : [records, attachments]))
}

export type ThreadEndInit = {
  readonly thread: number
  /** Of all threads; `undefined` where no memory is shared. */
  readonly board: SharedArrayBuffer | undefined
  readonly references?: (peer: number) => ReferenceCodec
  readonly receiver: (peer: number) => ChannelReceiver
  readonly spinUs?: number
  readonly isQuiet?: () => boolean
  readonly onTick?: () => void
}

/** This thread's ends of its links, and the loop that serves them. */
export class ThreadEnd {
  readonly thread: number
  readonly pump: ThreadPump
  private readonly board: ThreadBoard | undefined
  private readonly init: ThreadEndInit
  private readonly open = new Map<number, OpenLink>()

  constructor(init: ThreadEndInit) {
    this.init = init
    this.thread = init.thread
    this.board = init.board === undefined ? undefined : viewThreadBoard(init.board)
    this.pump = new ThreadPump({
      ...(this.board !== undefined && { doorbell: new Doorbell(this.board, init.thread) }),
      ...(init.spinUs !== undefined && { spinUs: init.spinUs }),
      ...(init.isQuiet !== undefined && { isQuiet: init.isQuiet }),
      ...(init.onTick !== undefined && { onTick: init.onTick }),
    })
  }

  /** @returns `undefined` when there is no link with this thread. */
  writerTo(peer: number): ChannelWriter | undefined {
    return this.open.get(peer)?.writer
  }

  connect({ outward, inward }: Link): void {
    const { peer } = outward
    this.disconnect(peer)
    const references = this.init.references?.(peer)
    const given = references === undefined ? {} : { references }
    const records = this.openWriter(outward)
    const writer = new ChannelWriter({
      records,
      port: outward.attachments,
      onDirty: this.pump.scheduleFlush,
      ...given,
    })
    const reader = new ChannelReader({
      records: this.openReader(inward),
      port: inward.attachments,
      receiver: this.init.receiver(peer),
      ...given,
    })
    this.open.set(peer, { writer, reader, records, ring: outward.ring, ports: portsOf([{ outward, inward }]) })
    this.listEnds()
  }

  /**
   * After the other thread has ended: takes what it had sent, closes the link, and returns what it did not get.
   */
  salvage(peer: number): readonly Salvaged[] {
    const link = this.open.get(peer)
    if (link === undefined) return []
    while (link.reader.drain(RECORDS_AT_ONCE) > 0) link.reader.release()
    // Replies are this thread's own, not the other's.
    const { ring, records } = link
    const batches = records instanceof BatchWriter ? records.unacknowledged() : []
    const salvaged = link.writer.salvage({ ring, batches }, this.init.references?.(this.thread))
    this.disconnect(peer)
    return salvaged
  }

  /** Closes the link; what the other thread sent and this one has not read is dropped. */
  disconnect(peer: number): void {
    const link = this.open.get(peer)
    if (link === undefined) return
    this.open.delete(peer)
    this.listEnds()
    link.reader.close()
    for (const port of link.ports) port.close()
  }

  /** Shows the other threads what was written, at once. */
  flush(): void {
    for (const { writer } of this.open.values()) writer.flush()
  }

  /** Takes all that was sent to this thread so far. */
  drain(): void {
    for (const { reader } of this.open.values()) while (reader.drain(RECORDS_AT_ONCE) > 0) reader.release()
  }

  /** Ends the loop and closes all links. What was sent before is still seen by the others. */
  close(): void {
    this.pump.stop()
    for (const peer of this.open.keys()) this.disconnect(peer)
  }

  private listEnds(): void {
    this.pump.setLinks([...this.open.values()])
  }

  private openWriter({ ring, records, peer }: LinkEnd): RingWriter | BatchWriter {
    if (ring !== undefined && this.board !== undefined) {
      return new RingWriter({ memory: ring, board: this.board, readerThread: peer })
    }
    return new BatchWriter({ port: requirePort(records), onRoom: this.pump.kick })
  }

  private openReader({ ring, records, peer }: LinkEnd): RingReader | BatchReader {
    if (ring !== undefined && this.board !== undefined) {
      return new RingReader({ memory: ring, board: this.board, writerThread: peer })
    }
    return new BatchReader({ port: requirePort(records), onRecords: this.pump.kick })
  }
}

const RECORDS_AT_ONCE = 512

type OpenLink = {
  readonly writer: ChannelWriter
  readonly reader: ChannelReader
  readonly records: RingWriter | BatchWriter
  readonly ring: RingMemory | undefined
  readonly ports: readonly MessagePort[]
}

function requirePort(port: MessagePort | undefined): MessagePort {
  if (port === undefined) throw new TypeError('A link has a ring and a board, or a port for records')
  return port
}
