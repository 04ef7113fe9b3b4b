import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import type { ActorRef, AskOptions, Terminated } from '../actor-ref.ts'
import { ASK_TIMEOUT_MS_DEFAULT } from '../delivery/ask.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { describeError } from './describe-error.ts'
import { OpenReply } from './requests.ts'
import type { Requests } from './requests.ts'

/** What an ask uses of a reference to another thread. */
export interface AskedRef extends Pick<ActorRef, 'id' | 'send' | 'watch'> {
  readonly thread: number
  readonly terminated: Terminated | undefined
  stoppedError(cause: unknown): CodedError
}

type AskRouter = { readonly system: ActorSystem; readonly requests: Requests; expectAnswer(): void }

/**
 * @see `ActorRef.ask`; besides its errors, `ACTOR_WORKER_LOST`, and `ACTOR_START_FAILED` or `ACTOR_MODULE_INVALID` of an actor
 *   that could not start on its worker.
 */
export function askRemote(
  ref: AskedRef,
  event: AnyEventObject,
  { timeoutMs = ASK_TIMEOUT_MS_DEFAULT, signal, router }: AskOptions & { readonly router: AskRouter },
): Promise<unknown> {
  if (!Number.isFinite(timeoutMs) || timeoutMs < 0)
    throw new RangeError(`timeoutMs ${timeoutMs} is not finite and >= 0`)
  const answered = Promise.withResolvers<unknown>()
  if (signal?.aborted === true) {
    answered.reject(signal.reason)
    return answered.promise
  }
  const releases: (() => void)[] = []
  const release = (): void => {
    router.requests.closeReply(number)
    for (const each of releases) each()
  }
  const reply = new OpenReply(
    ref.thread,
    {
      onAnswer: (answer) => {
        release()
        answered.resolve(answer)
      },
      onFailure: (error) => {
        release()
        answered.reject(error)
      },
      failureOf: (error) => failedError(ref, event, error),
    },
    ref,
  )
  const number = router.requests.openReply(reply)
  try {
    if (!ref.send({ ...event, replyTo: reply })) reply.fail(refusalOf(ref))
  } catch (error: unknown) {
    reply.fail(error)
  }
  if (!reply.isOpen) return answered.promise
  // First of all: the other thread can wake while this one does the rest.
  router.expectAnswer()
  const onAbort = (): void => reply.fail(signal?.reason)
  const timer = router.system.after(timeoutMs, () => reply.fail(timeoutError(ref, event, timeoutMs)))
  const end = ref.watch((terminated) => reply.fail(endError(ref, terminated)))
  signal?.addEventListener('abort', onAbort, { once: true })
  releases.push(
    () => timer.cancel(),
    () => end.unsubscribe(),
    () => signal?.removeEventListener('abort', onAbort),
  )
  return answered.promise
}

function refusalOf(ref: AskedRef): CodedError {
  return ref.terminated === undefined ? fullError(ref) : endError(ref, ref.terminated)
}

/** One that could not start says why, as `spawn` does where that is known at once. */
function endError(ref: AskedRef, { error }: Terminated): CodedError {
  const isOfStart = CodedError.is(error, 'ACTOR_START_FAILED') || CodedError.is(error, 'ACTOR_MODULE_INVALID')
  return isOfStart ? error : ref.stoppedError(error)
}

function failedError({ id }: AskedRef, { type }: AnyEventObject, cause: unknown): CodedError {
  const message = `Actor ${id} failed while it handled ${type}: ${describeError(cause)}`
  return new CodedError('ACTOR_FAILED', { message, cause, details: { id, event: type } })
}

/** The way to the actor, or its mailbox, has no room. */
export function fullError({ id, thread }: { readonly id: string; readonly thread: number }): CodedError {
  const message = `Actor ${id} on thread ${thread} takes no more messages now`
  return new CodedError('ACTOR_MAILBOX_FULL', { message, details: { id } })
}

function timeoutError({ id }: AskedRef, { type }: AnyEventObject, timeoutMs: number): CodedError {
  const message = `Actor ${id} did not answer ${type} within ${timeoutMs} ms`
  return new CodedError('ACTOR_ASK_TIMEOUT', { message, details: { id, event: type, timeoutMs } })
}
