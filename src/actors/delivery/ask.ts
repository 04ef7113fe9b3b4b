import type { AnyEventObject, EventObject } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import type { AskOptions, DeliverOptions, ReplyTarget, Terminated } from '../actor-ref.ts'
import { eventTypeError, STOPPED, type Cell } from '../cell/cell.ts'
import { terminatedOf } from '../cell/life.ts'
import { mailSize } from './full-mailbox.ts'

export const ASK_TIMEOUT_MS_DEFAULT = 5_000

type ReplyEnds = {
  readonly settle: (event: EventObject) => void
  /** The mailbox did not keep the question. */
  readonly refuse: () => void
  /** The actor failed over the question. */
  readonly fail: (error: unknown) => void
}

/** Takes the first event that is sent to it; later ones are refused. */
class PendingReply implements ReplyTarget {
  readonly #ends: ReplyEnds
  #isOpen = true

  constructor(ends: ReplyEnds) {
    this.#ends = ends
  }

  send(event: EventObject): boolean {
    if (typeof event?.type !== 'string') throw eventTypeError(event)
    if (!this.#isOpen) return false
    this.#isOpen = false
    this.#ends.settle(event)
    return true
  }

  close(): void {
    this.#isOpen = false
  }

  refused(): void {
    if (this.#isOpen) this.#ends.refuse()
  }

  failed(error: unknown): void {
    if (this.#isOpen) this.#ends.fail(error)
  }

  /** XState's `sendTo` delivers through this. */
  _send(event: EventObject): void {
    this.send(event)
  }
}

/** Whether the event is a question, whose answer only this process can hear. */
export function isQuestion({ replyTo }: AnyEventObject): boolean {
  return replyTo instanceof PendingReply
}

/** What an ask needs: a delay that can be taken back. */
export type Delay = (delayMs: number, task: () => void) => { cancel(): void }

/** @see `ActorRef.ask` */
export function askCell(
  cell: Cell,
  event: AnyEventObject,
  options: AskOptions & { readonly delay: Delay },
): Promise<unknown> {
  const { timeoutMs = ASK_TIMEOUT_MS_DEFAULT, signal, delay } = options
  if (!Number.isFinite(timeoutMs) || timeoutMs < 0)
    throw new RangeError(`timeoutMs ${timeoutMs} is not finite and >= 0`)
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const release = (): void => {
      reply.close()
      timer.cancel()
      signal?.removeEventListener('abort', onAbort)
      cell.extras?.endListeners?.delete(listener)
    }
    const fail = (error: Error): void => {
      release()
      reject(error)
    }
    const reply = new PendingReply({
      settle: (answer) => {
        release()
        resolve(answer)
      },
      refuse: () => fail(fullError(cell)),
      fail: (error) => fail(failedError(cell, event, error)),
    })
    const onAbort = (): void => fail(signal?.reason)
    const listener = { ended: (end: Terminated): void => fail(stoppedError(cell, end.error)) }
    const timer = delay(timeoutMs, () => fail(timeoutError(cell, event, timeoutMs)))
    signal?.addEventListener('abort', onAbort, { once: true })
    if (cell.status === STOPPED) {
      cell.system.deadLetters.put(cell, event, 'stopped')
      fail(stoppedError(cell, terminatedOf(cell).error))
      return
    }
    const extras = cell.more()
    extras.endListeners ??= new Set()
    extras.endListeners.add(listener)
    try {
      if (!cell.send({ ...event, replyTo: reply })) fail(fullError(cell))
    } catch (error: unknown) {
      release()
      throw error
    }
  })
}

/** @see `ActorRef.deliver`: for an actor that is not durable, accepted means in the mailbox. */
export async function deliverToCell(cell: Cell, event: AnyEventObject, { signal }: DeliverOptions): Promise<void> {
  signal?.throwIfAborted()
  if (cell.status === STOPPED) {
    cell.system.deadLetters.put(cell, event, 'stopped')
    throw stoppedError(cell, terminatedOf(cell).error)
  }
  const { bound, atBound } = cell.behaviour.definition.mailbox
  const isWaitedFor = (cell.extras?.roomWaiters?.size ?? 0) > 0
  if (atBound === 'credit' && (isWaitedFor || mailSize(cell) >= bound)) await deliverWhenRoom(cell, event, signal)
  else if (!cell.send(event)) throw fullError(cell)
}

/** Behind those that wait already. */
function deliverWhenRoom(cell: Cell, event: AnyEventObject, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const extras = cell.more()
    const finish = (): void => signal?.removeEventListener('abort', onAbort)
    const fail = (error: Error): void => {
      finish()
      reject(error)
    }
    const waiter = {
      take: () => {
        try {
          if (!cell.send(event)) return fail(fullError(cell))
        } catch (error: unknown) {
          return fail(error as Error)
        }
        finish()
        resolve()
      },
      ended: () => {
        cell.system.deadLetters.put(cell, event, 'stopped')
        fail(stoppedError(cell, terminatedOf(cell).error))
      },
    }
    const onAbort = (): void => {
      extras.roomWaiters?.delete(waiter)
      fail(signal?.reason as Error)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    extras.roomWaiters ??= new Set()
    extras.roomWaiters.add(waiter)
  })
}

function timeoutError(cell: Cell, event: AnyEventObject, timeoutMs: number): CodedError {
  const message = `Actor ${cell.id} did not answer ${event.type} within ${timeoutMs} ms`
  return new CodedError('ACTOR_ASK_TIMEOUT', { message, details: { id: cell.id, event: event.type, timeoutMs } })
}

export function stoppedError(cell: Cell, cause: unknown): CodedError {
  const message = `Actor ${cell.id} has ended${cause instanceof Error ? `: ${cause.message}` : ''}`
  return new CodedError('ACTOR_STOPPED', { message, ...(cause !== undefined && { cause }), details: { id: cell.id } })
}

function failedError(cell: Cell, event: AnyEventObject, cause: unknown): CodedError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const message = `Actor ${cell.id} failed while it handled ${event.type}: ${why}`
  return new CodedError('ACTOR_FAILED', { message, cause, details: { id: cell.id, event: event.type } })
}

export function fullError(cell: Cell): CodedError {
  const { bound } = cell.behaviour.definition.mailbox
  const message = `The mailbox of actor ${cell.id} is full (${bound} messages)`
  return new CodedError('ACTOR_MAILBOX_FULL', { message, details: { id: cell.id, bound } })
}
