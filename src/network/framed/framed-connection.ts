import { assertNever } from '../../base/assert.ts'
import { CodedError, fromPlainError, toPlainError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import { BODY_BYTES_MAX, type PeerQuestion, type RequestHandler } from '../../ports/transport.ts'
import { encodeFrame, type Frame, FrameReader, type FrameType } from '../../wire/v1/frames.ts'
import type { ByteChannel } from './byte-channel.ts'
import { readFailure, readQuestion, writeFailure, writeQuestion } from './frame-bodies.ts'
import { Handshake, type HandshakeComponents } from './handshake.ts'

export type FramedConnectionComponents = Omit<HandshakeComponents, 'send'> & {
  readonly channel: ByteChannel
  /** The handler of a protocol; `undefined` where there is none. */
  readonly handlerOf: (protocol: string) => RequestHandler | undefined
  /** The other side has proved its key. Throwing closes the connection. */
  readonly onOpen: (peer: Did) => void
  /** Told once, with why. */
  readonly onEnd: (cause: CodedError) => void
}

/** Questions that one side may have open on a connection. */
export const QUESTIONS_OPEN_MAX = 64
/** Questions that wait for their turn on a connection. */
const QUESTIONS_WAITING_MAX = 4_096
/** Bytes that wait for the other side to read; beyond it nothing more is asked or answered, and the connection ends. */
const WAITING_BYTES_MAX = 64 * BODY_BYTES_MAX
/** Longest body before the other side is known. */
const HANDSHAKE_BODY_BYTES_MAX = 1_024
/** What a request's body has besides the question itself. */
const PREFIX_BYTES_MAX = 256
const EMPTY = new Uint8Array(0)

type Waiting = {
  readonly question: PeerQuestion
  readonly resolve: (body: Uint8Array) => void
  readonly reject: (cause: unknown) => void
  /** `undefined` until it was sent. */
  correlation: bigint | undefined
}

/**
 * Questions and answers over one stream of bytes, both ways at once. Each side first proves its key. Then either may have `QUESTIONS_OPEN_MAX` questions
 * open; more wait here, so that a slow node is not buried and a fast one is never idle. A side that breaks the rules is cut off.
 */
export class FramedConnection {
  private readonly components: FramedConnectionComponents
  private readonly reader = new FrameReader(HANDSHAKE_BODY_BYTES_MAX)
  private readonly handshake: Handshake
  private readonly open = new Map<bigint, Waiting>()
  private readonly queue = new Set<Waiting>()
  /** Questions of the other side that are being answered. */
  private readonly answering = new Map<bigint, AbortController>()
  private nextCorrelation = 1n
  private credit = QUESTIONS_OPEN_MAX
  private end: CodedError | undefined
  private heard = 0

  constructor(components: FramedConnectionComponents) {
    this.components = components
    this.handshake = new Handshake({
      ...components,
      send: (type, body) => this.send(type, { correlation: 0n, credit: 0, body }),
    })
  }

  /** Whose connection this is; `undefined` before the other side has proved it. */
  get peer(): Did | undefined {
    return this.handshake.peer
  }

  /** Questions of ours that have no answer yet. */
  get questionCount(): number {
    return this.open.size + this.queue.size
  }

  /** Pieces that came so far: the same number later says that the other side was silent in between. */
  get heardCount(): number {
    return this.heard
  }

  start(): void {
    this.handshake.start()
  }

  /** Bytes that came. */
  receive(chunk: Uint8Array): void {
    if (this.end !== undefined) return
    this.heard += 1
    try {
      for (const frame of this.reader.push(chunk)) {
        this.take(frame)
        if (this.isEnded()) return
      }
    } catch (error: unknown) {
      this.close(
        CodedError.is(error) ? error : new CodedError('NETWORK_FRAME_INVALID', { message: 'Unreadable', cause: error }),
      )
    }
  }

  /** Rejects as `Transport.request`. */
  async request(question: PeerQuestion, { signal }: AbortOptions = {}): Promise<Uint8Array> {
    if (this.end !== undefined) throw this.end
    if (this.queue.size >= QUESTIONS_WAITING_MAX)
      throw new CodedError('NETWORK_OVERLOADED', { message: `${this.queue.size} questions wait for ${this.peer}` })
    const answered = Promise.withResolvers<Uint8Array>()
    const waiting: Waiting = {
      question,
      resolve: answered.resolve,
      reject: answered.reject,
      correlation: undefined,
    }
    const stop = (): void => this.forget(waiting, signal?.reason)
    signal?.addEventListener('abort', stop, { once: true })
    this.queue.add(waiting)
    this.pump()
    try {
      return await answered.promise
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  /** Idempotent. Questions under way are rejected with `cause`, answers under way are given up. */
  close(cause: CodedError): void {
    if (this.end !== undefined) return
    this.end = cause
    this.components.channel.close()
    for (const controller of this.answering.values()) controller.abort(cause)
    this.answering.clear()
    for (const waiting of [...this.open.values(), ...this.queue]) waiting.reject(cause)
    this.open.clear()
    this.queue.clear()
    this.components.onEnd(cause)
  }

  private isEnded(): boolean {
    return this.end !== undefined
  }

  private take(frame: Frame): void {
    switch (frame.type) {
      case 'hello':
      case 'proof':
        this.takeHandshake(frame)
        return
      case 'request':
        this.mustBeOpen()
        this.answer(frame)
        return
      case 'answer':
      case 'failure':
        this.mustBeOpen()
        this.settle(frame)
        return
      case 'cancel':
        this.mustBeOpen()
        this.answering.get(frame.correlation)?.abort(new CodedError('NETWORK_CLOSED', { message: 'The asker gave up' }))
        return
      default:
        assertNever(frame.type)
    }
  }

  private mustBeOpen(): void {
    if (this.peer === undefined)
      throw new CodedError('NETWORK_FRAME_INVALID', { message: 'A question before the other side has proved its key' })
  }

  private takeHandshake(frame: Frame): void {
    this.handshake.take(frame.type, frame.body)
    const { peer } = this
    if (peer === undefined || !this.handshake.isDone) return
    this.reader.bodyBytesMax = BODY_BYTES_MAX + PREFIX_BYTES_MAX
    this.components.onOpen(peer)
    this.pump()
  }

  /** Sends what may be sent. */
  private pump(): void {
    if (!this.handshake.isDone) return
    for (const waiting of this.queue) {
      if (this.credit === 0) return
      this.queue.delete(waiting)
      this.credit -= 1
      const correlation = this.nextCorrelation
      this.nextCorrelation += 1n
      waiting.correlation = correlation
      this.open.set(correlation, waiting)
      const { protocol, body } = waiting.question
      this.send('request', { correlation, credit: 0, body: writeQuestion(protocol, body) })
      if (this.isEnded()) return
    }
  }

  /** Of a question that nobody waits for any more. Its place stays taken until the other side answers, so that both count alike. */
  private forget(waiting: Waiting, reason: unknown): void {
    waiting.reject(reason)
    if (this.queue.delete(waiting) || waiting.correlation === undefined) return
    if (this.open.has(waiting.correlation))
      this.send('cancel', { correlation: waiting.correlation, credit: 0, body: EMPTY })
  }

  private settle({ type, correlation, credit, body }: Frame): void {
    const waiting = this.open.get(correlation)
    if (waiting === undefined || credit !== 1)
      throw new CodedError('NETWORK_FRAME_INVALID', { message: 'An answer that nobody asked for' })
    this.open.delete(correlation)
    this.credit += credit
    if (type === 'answer') waiting.resolve(body)
    else waiting.reject(fromPlainError(readFailure(body)))
    this.pump()
  }

  private answer({ correlation, body }: Frame): void {
    const from = this.peer
    if (from === undefined) return
    if (this.answering.size >= QUESTIONS_OPEN_MAX || this.answering.has(correlation))
      throw new CodedError('NETWORK_FRAME_INVALID', { message: 'More questions at a time than were allowed' })
    const question = readQuestion(body)
    const controller = new AbortController()
    this.answering.set(correlation, controller)
    const handler = this.components.handlerOf(question.protocol)
    const answered =
      handler === undefined
        ? Promise.reject(new CodedError('NETWORK_PROTOCOL_UNKNOWN', { message: `${question.protocol} is not served` }))
        : Promise.resolve().then(
            async () => await handler({ from, body: question.body }, { signal: controller.signal }),
          )
    answered.then(
      (answer) => {
        if (answer.byteLength <= BODY_BYTES_MAX) this.reply('answer', correlation, answer)
        else
          this.replyFailure(
            correlation,
            new CodedError('NETWORK_BODY_TOO_LARGE', { message: `${answer.byteLength} bytes` }),
          )
      },
      (error: unknown) => this.replyFailure(correlation, error),
    )
  }

  private replyFailure(correlation: bigint, error: unknown): void {
    // What a handler threw by mistake may say things that are not for others.
    const plain = CodedError.is(error) ? toPlainError(error) : { code: 'INTERNAL_ERROR' as const, message: 'It failed' }
    this.reply('failure', correlation, writeFailure(plain))
  }

  private reply(type: 'answer' | 'failure', correlation: bigint, body: Uint8Array): void {
    if (!this.answering.delete(correlation) || this.end !== undefined) return
    this.send(type, { correlation, credit: 1, body })
  }

  private send(type: FrameType, rest: Omit<Frame, 'type'>): void {
    const { channel } = this.components
    if (channel.waitingBytes + rest.body.byteLength > WAITING_BYTES_MAX) {
      this.close(new CodedError('NETWORK_OVERLOADED', { message: 'The other side does not read what it is sent' }))
      return
    }
    channel.send(encodeFrame({ type, ...rest }))
  }
}
