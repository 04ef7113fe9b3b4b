import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import type { ActorRef, AskOptions, Terminated } from '../actor-ref.ts'
import { ASK_TIMEOUT_MS_DEFAULT } from '../delivery/ask.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { OpenReply } from './requests.ts'
import type { Requests } from './requests.ts'

/** What an ask uses of a reference to another thread. */
export interface AskedRef extends Pick<ActorRef, 'id' | 'send' | 'watch'> {
  readonly thread: number
  readonly terminated: Terminated | undefined
  stoppedError(cause: unknown): CodedError
}

type AskRouter = { readonly system: ActorSystem; readonly requests: Requests }

/** @see `ActorRef.ask`; besides its errors, `ACTOR_WORKER_LOST`. */
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
  const reply = new OpenReply(
    ref.thread,
    (answer) => {
      release()
      answered.resolve(answer)
    },
    (error) => {
      release()
      answered.reject(error)
    },
  )
  const number = router.requests.openReply(reply)
  const onAbort = (): void => reply.fail(signal?.reason)
  const timer = router.system.after(timeoutMs, () => reply.fail(timeoutError(ref, event, timeoutMs)))
  const end = ref.watch(({ error }) => reply.fail(ref.stoppedError(error)))
  const release = (): void => {
    router.requests.closeReply(number)
    timer.cancel()
    signal?.removeEventListener('abort', onAbort)
    end.unsubscribe()
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    if (!ref.send({ ...event, replyTo: reply })) reply.fail(refusalOf(ref))
  } catch (error: unknown) {
    reply.fail(error)
  }
  return answered.promise
}

function refusalOf(ref: AskedRef): CodedError {
  return ref.terminated === undefined ? fullError(ref) : ref.stoppedError(ref.terminated.error)
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
