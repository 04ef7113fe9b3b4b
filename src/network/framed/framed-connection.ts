import { assertNever } from '../../base/assert.ts'
import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { Clock } from '../../ports/clock.ts'
import { BODY_BYTES_MAX, type PeerQuestion, type RequestHandler } from '../../ports/transport.ts'
import { type Frame, FrameReader } from '../../wire/v1/frames.ts'
import { AskedQuestions } from './asked-questions.ts'
import type { ByteChannel } from './byte-channel.ts'
import { FrameOutbox, type OutgoingFrame } from './frame-outbox.ts'
import { GivenAnswers } from './given-answers.ts'
import { Handshake, type HandshakeComponents, type Introduction, KnownPeer } from './handshake.ts'

export type FramedConnectionComponents = Omit<HandshakeComponents, 'send'> & {
  readonly channel: ByteChannel
  readonly clock: Pick<Clock, 'timeoutSignal'>
  /** The handler of a protocol; `undefined` where there is none. */
  readonly handlerOf: (protocol: string) => RequestHandler | undefined
  /** It is known who the other side is. Throwing closes the connection. */
  readonly onOpen: (peer: Did) => void
  /** Told once, with why. */
  readonly onEnd: (cause: CodedError) => void
  /** Told when the connection holds so many bytes more, or less, than before. */
  readonly onHeld?: (difference: number) => void
}

/** Bytes that may wait for the other side to read before nothing more is asked or answered. */
const CONGESTED_BYTES = BODY_BYTES_MAX
/** A side that reads nothing for so long is cut off. Longer than a link that stands still for half a minute. */
const STALL_MS = 60_000
/** Longest body before the other side is known. */
const HANDSHAKE_BODY_BYTES_MAX = 1_024
/** What a request's body has besides the question itself. */
const PREFIX_BYTES_MAX = 256
const EMPTY = new Uint8Array(0)

/** What went over a connection since it was opened. */
export type ConnectionTraffic = {
  /** Bytes of frames, without what the channel below adds. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Questions of this node. */
  readonly asked: number
  /** Questions of the other side. */
  readonly answered: number
}

/**
 * Questions and answers over one stream of bytes, both ways at once. First it must be known who the other side is: from the channel, or by a greeting in
 * which each proves its key. A side that breaks the rules is cut off, and one that does not read what it is sent.
 *
 * ```text
 * ask -> AskedQuestions -> FrameOutbox -> channel -> FrameReader -> GivenAnswers -> handler
 *              ^------------ FrameReader <- channel <- FrameOutbox <-----+
 * ```
 */
export class FramedConnection {
  private readonly components: FramedConnectionComponents
  private readonly reader = new FrameReader(HANDSHAKE_BODY_BYTES_MAX)
  private readonly outbox: FrameOutbox
  private readonly introduction: Introduction
  private readonly asked: AskedQuestions
  private readonly given: GivenAnswers
  private end: CodedError | undefined
  private heard = 0
  private retirement: 'none' | 'wanted' | 'said' = 'none'
  private hasHeardGoodbye = false
  private isStallWatched = false
  private reportedBytes = 0
  private readonly counted = { bytesIn: 0, bytesOut: 0, asked: 0, answered: 0 }

  constructor(components: FramedConnectionComponents) {
    this.components = components
    const { channel } = components
    this.outbox = new FrameOutbox((bytes) => {
      this.counted.bytesOut += bytes.byteLength
      channel.send(bytes)
      this.reportHeld()
    })
    const send = (frame: OutgoingFrame): void => this.send(frame)
    const maySend = (): boolean => this.end === undefined && this.introduction.isDone && !this.isCongested()
    const onSettled = (): void => this.proceedRetirement()
    this.asked = new AskedQuestions({ send, maySend, onSettled })
    const onHeld = (): void => this.reportHeld()
    this.given = new GivenAnswers({ handlerOf: components.handlerOf, send, maySend, onSettled, onHeld })
    this.introduction =
      channel.peer === undefined
        ? new Handshake({ ...components, send: (type, body) => this.send({ type, correlation: 0n, credit: 0, body }) })
        : new KnownPeer(channel.peer, components)
  }

  /** Whose connection this is; `undefined` before that is known. */
  get peer(): Did | undefined {
    return this.introduction.peer
  }

  /** Who opened it. */
  get opener(): Did | undefined {
    return this.components.expected === undefined ? this.peer : this.components.own
  }

  /** Bytes that are kept here because somebody has not read, sent or answered them yet. */
  get heldBytes(): number {
    const outgoing = this.outbox.gatheredBytes + this.components.channel.waitingBytes
    return this.reader.heldBytes + this.given.heldBytes + outgoing
  }

  /** Whether nothing more is to be asked here. */
  get isLeaving(): boolean {
    return this.end !== undefined || this.retirement !== 'none' || this.hasHeardGoodbye
  }

  /** Pieces that came so far: the same number later says that the other side was silent in between. */
  get heardCount(): number {
    return this.heard
  }

  get traffic(): ConnectionTraffic {
    return { ...this.counted }
  }

  start(): void {
    if (this.isEnded()) return
    try {
      this.introduction.start()
      this.opened()
    } catch (error: unknown) {
      this.closeFor(error)
    }
  }

  /** Bytes that came. */
  receive(chunk: Uint8Array): void {
    if (this.isEnded()) return
    this.heard += 1
    this.counted.bytesIn += chunk.byteLength
    try {
      for (const frame of this.reader.push(chunk)) {
        this.take(frame)
        if (this.isEnded()) return
      }
      this.reportHeld()
    } catch (error: unknown) {
      this.closeFor(error)
    }
  }

  /** The channel has sent what it was given. */
  drained(): void {
    this.given.pump()
    this.asked.pump()
    this.reportHeld()
  }

  /** Rejects as `Transport.request`. */
  async request(question: PeerQuestion, options: AbortOptions = {}): Promise<Uint8Array> {
    if (this.end !== undefined) throw this.end
    this.counted.asked += 1
    return await this.asked.ask(question, options)
  }

  /** Asks nothing more once what waits has been sent, and ends when neither side needs it any longer: another connection has taken its place. */
  retire(): void {
    if (this.retirement !== 'none') return
    this.retirement = 'wanted'
    this.proceedRetirement()
  }

  /** Idempotent. Questions under way are rejected with `cause`, answers under way are given up. */
  close(cause: CodedError): void {
    if (this.end !== undefined) return
    this.end = cause
    this.outbox.flush()
    this.components.channel.close()
    this.given.abortAll(cause)
    this.asked.rejectAll(cause)
    this.components.onHeld?.(-this.reportedBytes)
    this.components.onEnd(cause)
  }

  private isEnded(): boolean {
    return this.end !== undefined
  }

  private closeFor(error: unknown): void {
    this.close(
      CodedError.is(error) ? error : new CodedError('NETWORK_FRAME_INVALID', { message: 'Unreadable', cause: error }),
    )
  }

  private take(frame: Frame): void {
    if (frame.type === 'hello' || frame.type === 'proof') {
      this.introduction.take(frame.type, frame.body)
      this.opened()
      return
    }
    const { peer } = this
    if (peer === undefined)
      throw new CodedError('NETWORK_FRAME_INVALID', { message: 'A question before the other side has proved its key' })
    switch (frame.type) {
      case 'request':
        this.components.channel.questionTaken?.()
        this.counted.answered += 1
        this.given.answer(peer, frame)
        return
      case 'answer':
      case 'failure':
        this.asked.settle(frame)
        return
      case 'cancel':
        this.components.channel.questionTaken?.()
        this.given.cancel(frame.correlation)
        return
      case 'goodbye':
        if (this.hasHeardGoodbye) throw new CodedError('NETWORK_FRAME_INVALID', { message: 'A second goodbye' })
        this.hasHeardGoodbye = true
        this.retire()
        this.proceedRetirement()
        return
      default:
        assertNever(frame.type)
    }
  }

  private opened(): void {
    const { peer } = this
    if (peer === undefined) return
    this.reader.bodyBytesMax = BODY_BYTES_MAX + PREFIX_BYTES_MAX
    this.components.onOpen(peer)
    this.asked.pump()
  }

  private proceedRetirement(): void {
    if (this.retirement === 'wanted' && this.asked.waitingCount === 0 && this.introduction.isDone) {
      this.retirement = 'said'
      this.send({ type: 'goodbye', correlation: 0n, credit: 0, body: EMPTY })
    }
    const isDone = this.retirement === 'said' && this.hasHeardGoodbye && this.asked.count + this.given.count === 0
    // One side closes, so that no answer of the other is cut short.
    if (isDone && this.opener === this.components.own)
      this.close(new CodedError('NETWORK_CLOSED', { message: 'Another connection has taken the place of this one' }))
  }

  private isCongested(): boolean {
    return this.outbox.gatheredBytes + this.components.channel.waitingBytes > CONGESTED_BYTES
  }

  private send(frame: OutgoingFrame): void {
    if (this.end !== undefined) return
    this.outbox.push(frame)
    if (this.isCongested()) this.watchStall()
  }

  /** Looks again and again, for as long as the other side is behind, whether it has read anything. */
  private watchStall(): void {
    if (this.isStallWatched) return
    this.isStallWatched = true
    const { channel, clock } = this.components
    const before = channel.waitingBytes
    clock.timeoutSignal(STALL_MS).addEventListener('abort', () => {
      this.isStallWatched = false
      if (this.end !== undefined || !this.isCongested()) return
      if (channel.waitingBytes < before) this.watchStall()
      else this.close(new CodedError('NETWORK_OVERLOADED', { message: 'The other side does not read what it is sent' }))
    })
  }

  private reportHeld(): void {
    const { onHeld } = this.components
    if (onHeld === undefined || this.end !== undefined) return
    const difference = this.heldBytes - this.reportedBytes
    if (difference === 0) return
    this.reportedBytes += difference
    onHeld(difference)
  }
}
