import { CodedError, fromPlainError } from '../../base/errors.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { PeerQuestion } from '../../ports/transport.ts'
import type { Frame } from '../../wire/v1/frames.ts'
import { questionPrefix, readFailure } from './frame-bodies.ts'
import type { OutgoingFrame } from './frame-outbox.ts'

/** Questions that one side may have open on a connection. */
export const QUESTIONS_OPEN_MAX = 64
/** Questions that wait for their turn on a connection. */
const QUESTIONS_WAITING_MAX = 4_096
const EMPTY = new Uint8Array(0)

type Waiting = {
  readonly question: PeerQuestion
  readonly resolve: (body: Uint8Array) => void
  readonly reject: (cause: unknown) => void
  /** `undefined` until it was sent. */
  correlation: bigint | undefined
}

export type AskedQuestionsComponents = {
  readonly send: (frame: OutgoingFrame) => void
  /** Whether a question may be sent now. */
  readonly maySend: () => boolean
  /** Nothing waits for its turn any more, or no question is open. */
  readonly onSettled: () => void
}

/** Our questions on one connection: at most `QUESTIONS_OPEN_MAX` of them are with the other side, so that a slow node is not buried; the others wait here. */
export class AskedQuestions {
  private readonly components: AskedQuestionsComponents
  private readonly open = new Map<bigint, Waiting>()
  private readonly queue = new Set<Waiting>()
  private nextCorrelation = 1n
  private credit = QUESTIONS_OPEN_MAX

  constructor(components: AskedQuestionsComponents) {
    this.components = components
  }

  /** Questions that have no answer yet. */
  get count(): number {
    return this.open.size + this.queue.size
  }

  get waitingCount(): number {
    return this.queue.size
  }

  /** Rejects as `Transport.request`. */
  async ask(question: PeerQuestion, { signal }: AbortOptions): Promise<Uint8Array> {
    if (this.queue.size >= QUESTIONS_WAITING_MAX)
      throw new CodedError('NETWORK_OVERLOADED', { message: `${this.queue.size} questions wait already` })
    const answered = Promise.withResolvers<Uint8Array>()
    const { resolve, reject } = answered
    const waiting: Waiting = { question, resolve, reject, correlation: undefined }
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

  /** Sends what may be sent. */
  pump(): void {
    for (const waiting of this.queue) {
      if (this.credit === 0 || !this.components.maySend()) return
      this.queue.delete(waiting)
      this.credit -= 1
      const correlation = this.nextCorrelation
      this.nextCorrelation += 1n
      waiting.correlation = correlation
      this.open.set(correlation, waiting)
      const { protocol, body } = waiting.question
      this.components.send({ type: 'request', correlation, credit: 0, prefix: questionPrefix(protocol), body })
    }
    if (this.queue.size === 0) this.components.onSettled()
  }

  /** Throws `NETWORK_FRAME_INVALID` for an answer that nobody asked for. */
  settle({ type, correlation, credit, body }: Frame): void {
    const waiting = this.open.get(correlation)
    if (waiting === undefined || credit !== 1)
      throw new CodedError('NETWORK_FRAME_INVALID', { message: 'An answer that nobody asked for' })
    this.open.delete(correlation)
    this.credit += credit
    if (type === 'answer') waiting.resolve(body)
    else waiting.reject(fromPlainError(readFailure(body)))
    this.pump()
  }

  rejectAll(cause: CodedError): void {
    for (const waiting of [...this.open.values(), ...this.queue]) waiting.reject(cause)
    this.open.clear()
    this.queue.clear()
  }

  /** Of a question that nobody waits for any more. Its place stays taken until the other side answers, so that both count alike. */
  private forget(waiting: Waiting, reason: unknown): void {
    waiting.reject(reason)
    if (this.queue.delete(waiting)) this.pump()
    else if (waiting.correlation !== undefined && this.open.has(waiting.correlation))
      this.components.send({ type: 'cancel', correlation: waiting.correlation, credit: 0, body: EMPTY })
  }
}
