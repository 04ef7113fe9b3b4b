import { CodedError, toPlainError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import { BODY_BYTES_MAX, type RequestHandler } from '../../ports/transport.ts'
import type { Frame } from '../../wire/v1/frames.ts'
import { QUESTIONS_OPEN_MAX } from './asked-questions.ts'
import { readQuestion, writeFailure } from './frame-bodies.ts'
import type { OutgoingFrame } from './frame-outbox.ts'

export type GivenAnswersComponents = {
  /** The handler of a protocol; `undefined` where there is none. */
  readonly handlerOf: (protocol: string) => RequestHandler | undefined
  readonly send: (frame: OutgoingFrame) => void
  /** Whether an answer may be sent now. */
  readonly maySend: () => boolean
  /** No question of the other side is left. */
  readonly onSettled: () => void
  /** `heldBytes` may have changed. */
  readonly onHeld: () => void
}

/** A question that is being answered: what its handler is given besides. Most handlers never ask for the signal, and making one costs more than a small answer. */
class Answering implements AbortOptions {
  /** Bytes of the question, until its answer waits. */
  bodyBytes: number
  private controller: AbortController | undefined
  private cause: CodedError | undefined

  constructor(bodyBytes: number) {
    this.bodyBytes = bodyBytes
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController()
    if (this.cause !== undefined) this.controller.abort(this.cause)
    return this.controller.signal
  }

  abort(cause: CodedError): void {
    this.cause ??= cause
    this.controller?.abort(cause)
  }
}

/**
 * Questions of the other side on one connection. A question keeps its place until its answer is on its way: who does not read the answers to
 * `QUESTIONS_OPEN_MAX` questions gets no more of them, and who asks all the same has broken the rules.
 */
export class GivenAnswers {
  private readonly components: GivenAnswersComponents
  private readonly answering = new Map<bigint, Answering>()
  /** Answers that wait for the other side to read. */
  private readonly ready: OutgoingFrame[] = []
  /** Bytes of questions that are being answered, and of answers that wait. */
  heldBytes = 0

  constructor(components: GivenAnswersComponents) {
    this.components = components
  }

  get count(): number {
    return this.answering.size
  }

  /** Throws `NETWORK_FRAME_INVALID`. */
  answer(from: Did, { correlation, body }: Frame): void {
    if (this.answering.size >= QUESTIONS_OPEN_MAX || this.answering.has(correlation))
      throw new CodedError('NETWORK_FRAME_INVALID', { message: 'More questions at a time than were allowed' })
    const question = readQuestion(body)
    const answering = new Answering(body.byteLength)
    this.answering.set(correlation, answering)
    this.heldBytes += body.byteLength
    const handler = this.components.handlerOf(question.protocol)
    if (handler === undefined) {
      const message = `${question.protocol} is not served`
      this.fail(correlation, new CodedError('NETWORK_PROTOCOL_UNKNOWN', { message }))
      return
    }
    start(handler, { from, body: question.body }, answering).then(
      (answer) => {
        if (answer.byteLength > BODY_BYTES_MAX)
          this.fail(correlation, new CodedError('NETWORK_BODY_TOO_LARGE', { message: `${answer.byteLength} bytes` }))
        else this.reply({ type: 'answer', correlation, credit: 1, body: answer })
      },
      (error: unknown) => this.fail(correlation, error),
    )
  }

  cancel(correlation: bigint): void {
    this.answering.get(correlation)?.abort(closed('The asker gave up'))
  }

  abortAll(cause: CodedError): void {
    for (const answering of this.answering.values()) answering.abort(cause)
    this.answering.clear()
    this.ready.length = 0
    this.heldBytes = 0
  }

  /** Sends the answers that may be sent. */
  pump(): void {
    let sent = 0
    for (const frame of this.ready) {
      if (!this.components.maySend()) break
      sent += 1
      this.heldBytes -= frame.body.byteLength
      this.leave(frame)
    }
    this.ready.splice(0, sent)
    if (this.answering.size === 0) this.components.onSettled()
  }

  private fail(correlation: bigint, error: unknown): void {
    // What a handler threw by mistake may say things that are not for others.
    const plain = CodedError.is(error) ? toPlainError(error) : { code: 'INTERNAL_ERROR' as const, message: 'It failed' }
    this.reply({ type: 'failure', correlation, credit: 1, body: writeFailure(plain) })
  }

  private reply(frame: OutgoingFrame): void {
    const answering = this.answering.get(frame.correlation)
    if (answering === undefined) return
    this.heldBytes -= answering.bodyBytes
    if (this.ready.length === 0 && this.components.maySend()) {
      this.leave(frame)
      if (this.answering.size === 0) this.components.onSettled()
    } else {
      answering.bodyBytes = 0
      this.heldBytes += frame.body.byteLength
      this.ready.push(frame)
    }
    this.components.onHeld()
  }

  private leave(frame: OutgoingFrame): void {
    this.answering.delete(frame.correlation)
    this.components.send(frame)
  }
}

/** A handler that throws at once has failed like one that rejects. */
async function start(
  handler: RequestHandler,
  question: Parameters<RequestHandler>[0],
  options: Parameters<RequestHandler>[1],
): Promise<Uint8Array> {
  return await handler(question, options)
}

function closed(message: string): CodedError {
  return new CodedError('NETWORK_CLOSED', { message })
}
