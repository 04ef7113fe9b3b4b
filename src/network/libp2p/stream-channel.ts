import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import type { Did } from '../../core/evidence/names.ts'
import { type BucketRate, fullBucket, takeTokens, waitOf } from '../../core/peers/token-bucket.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Timers } from '../../ports/timers.ts'
import type { ByteChannel, ChannelEvents } from '../framed/byte-channel.ts'
import type { AcceptChannel } from '../framed/framed-transport.ts'
import { CLOSE_MS } from './limits.ts'

export type StreamChannelComponents = {
  readonly clock: Pick<Clock, 'monotonicMs' | 'timeoutSignal'>
  readonly timers: Timers
}

export type StreamChannelInit = {
  readonly stream: Stream
  /** Whom the connection below has authenticated. */
  readonly peer: Did
  readonly questions: BucketRate
  readonly accept: AcceptChannel
}

/**
 * A stream of a multiplexed connection as frames see it. What the stream does not take now waits here, where it is counted, and not in libp2p, where it
 * would have no bound. Questions that come faster than `questions` are slowed down by not reading on, which the other side's window tells it.
 */
export class StreamChannel implements ByteChannel {
  readonly peer: Did
  private readonly stream: Stream
  private readonly components: StreamChannelComponents
  private readonly rate: BucketRate
  private readonly events: ChannelEvents
  private readonly waiting: Uint8Array[] = []
  private queuedBytes = 0
  private bucket: ReturnType<typeof fullBucket>
  private isPaused = false
  private isClosing = false
  private isEnded = false

  constructor(components: StreamChannelComponents, { stream, peer, questions, accept }: StreamChannelInit) {
    this.components = components
    this.stream = stream
    this.peer = peer
    this.rate = questions
    this.bucket = fullBucket(questions, components.clock.monotonicMs())
    this.events = accept(this)
    stream.addEventListener('drain', () => this.drained())
    stream.addEventListener('close', (event: StreamCloseEvent) => this.ended(event.error))
    // Neither side goes on when the other has finished.
    stream.addEventListener('remoteCloseWrite', () => this.ended(undefined))
    stream.addEventListener('message', ({ data }: StreamMessageEvent) => this.received(data))
    if (stream.status !== 'open') this.ended(undefined)
  }

  get waitingBytes(): number {
    return this.queuedBytes + this.stream.writeBufferLength
  }

  send(bytes: Uint8Array): void {
    if (this.isEnded || this.isClosing) return
    if (this.waiting.length === 0 && !this.stream.writableNeedsDrain) {
      this.give(bytes)
      return
    }
    this.waiting.push(bytes)
    this.queuedBytes += bytes.byteLength
  }

  questionTaken(): void {
    const { clock, timers } = this.components
    this.bucket = takeTokens(this.bucket, { rate: this.rate, count: 1, atMs: clock.monotonicMs() })
    const waitMs = waitOf(this.bucket, this.rate)
    if (waitMs === 0 || this.isPaused || this.isEnded || this.stream.readStatus !== 'readable') return
    this.isPaused = true
    this.stream.pause()
    timers.schedule(waitMs, () => this.readOn())
  }

  close(): void {
    if (this.isClosing) return
    this.isClosing = true
    if (this.isEnded) this.stream.abort(new Error('The stream has ended'))
    else this.finish()
    this.components.clock.timeoutSignal(CLOSE_MS).addEventListener('abort', () => {
      if (this.stream.status === 'open') this.stream.abort(new Error('The other side did not close'))
    })
  }

  private received(data: StreamMessageEvent['data']): void {
    if (data instanceof Uint8Array) this.events.onBytes(data)
    else for (const piece of data) this.events.onBytes(piece)
  }

  private readOn(): void {
    if (this.stream.readStatus !== 'paused') return
    const { clock } = this.components
    this.bucket = takeTokens(this.bucket, { rate: this.rate, count: 0, atMs: clock.monotonicMs() })
    this.isPaused = false
    try {
      this.stream.resume()
    } catch (error: unknown) {
      // The connection below has gone in the meantime, and a timer has nobody to tell.
      this.ended(error)
    }
  }

  private give(bytes: Uint8Array): void {
    try {
      this.stream.send(bytes)
    } catch (error: unknown) {
      this.ended(error)
    }
  }

  private drained(): void {
    while (this.waiting.length > 0 && !this.stream.writableNeedsDrain) {
      const next = this.waiting.shift()
      if (next === undefined) break
      this.queuedBytes -= next.byteLength
      this.give(next)
    }
    if (this.waiting.length > 0) return
    if (this.isClosing) this.finish()
    else this.events.onDrain()
  }

  /** Once all is with the stream, this side has said what it had to say. */
  private finish(): void {
    if (this.waiting.length > 0 || this.stream.writeStatus !== 'writable') return
    this.stream.close({ signal: this.components.clock.timeoutSignal(CLOSE_MS) }).catch((error: unknown) => {
      this.stream.abort(error instanceof Error ? error : new Error('The stream could not be closed'))
    })
  }

  private ended(cause: unknown): void {
    if (this.isEnded) return
    this.isEnded = true
    this.waiting.length = 0
    this.queuedBytes = 0
    this.events.onEnd(cause)
  }
}
