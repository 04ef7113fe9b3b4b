import type { ReplyTarget } from 'kernell-os/actors'
import { CodedError, type PlainError } from 'kernell-os/core'

/** Bounds of an agent that takes requests; part of its input. */
export type DeskLimits = {
  /** Requests that are worked on at once, 1 or more. Default 4. */
  readonly jobsMax?: number
  /** Requests that may wait, 0 or more; the next one is refused with `ACTOR_MAILBOX_FULL`. Default 64. */
  readonly waitingMax?: number
  /** Longest that one request is worked on, milliseconds; then it fails with `REQUEST_ABORTED`. Default 15 minutes. */
  readonly timeoutMs?: number
}

export const JOBS_MAX_DEFAULT = 4
export const WAITING_MAX_DEFAULT = 64
export const TIMEOUT_MS_DEFAULT: number = 15 * 60_000

/** Throws RangeError when a bound is out of its range. */
export function checkLimits({ jobsMax, waitingMax, timeoutMs }: DeskLimits): void {
  checkWhole('jobsMax', jobsMax, { min: 1 })
  checkWhole('waitingMax', waitingMax, { min: 0 })
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0))
    throw new RangeError(`timeoutMs ${timeoutMs} is not a finite number above 0`)
}

type Range = { readonly min: number; readonly max?: number }

/** Throws RangeError for an input's bound that is there and is not a whole number from `min` to `max`. */
export function checkWhole(name: string, value: unknown, { min, max = 1_000_000 }: Range): void {
  if (value === undefined) return
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return
  const given = typeof value === 'number' ? String(value) : `of type ${typeof value}`
  throw new RangeError(`${name} ${given} is not a whole number from ${min} to ${max}`)
}

/** What every request may carry. */
export type RequestFields = {
  /** Names the request in progress events and for `cancel`; unique among those that are open. Default: a number. */
  readonly id?: string
  /** Where the answer goes; `ask` sets it. */
  readonly replyTo?: ReplyTarget
}

/** Ends a request that waits or is worked on: its calls are aborted, and it is answered with `REQUEST_ABORTED`. */
export type CancelRequest = {
  readonly type: 'cancel'
  readonly id: string
  /** Answered with `cancelled`. */
  readonly replyTo?: ReplyTarget
}

/** Answer to `cancel`. `wasOpen` is false where there was no such request (any more). */
export type Cancelled = { readonly type: 'cancelled'; readonly id: string; readonly wasOpen: boolean }

/** The answer to a request that came to nothing. */
export type RequestFailed = { readonly type: 'failed'; readonly id: string; readonly error: PlainError }

/** Emitted when a request is taken up, while it is worked on (`step` says what has just happened), and when it was answered. */
export type DeskEmitted =
  | { readonly type: 'started'; readonly id: string }
  | { readonly type: 'progress'; readonly id: string; readonly step: string; readonly [detail: string]: unknown }
  | { readonly type: 'finished'; readonly id: string; readonly reply: string }

/** The input of a job: the agent's own input, one request as it was read, and a way to say how far it is. */
export type JobInput<Resources, Request> = {
  readonly resources: Resources
  readonly request: Request
  readonly report: (step: string, details?: Readonly<Record<string, unknown>>) => void
}

/** How a job ends: with its reply, which is given the request's id, or with an error that is passed on as it is. */
export type JobOutput<Reply> =
  | { readonly kind: 'done'; readonly reply: Reply }
  | { readonly kind: 'failed'; readonly error: unknown }

/** An event that is not of the documented form. */
export function invalid(message: string): CodedError {
  return new CodedError('REQUEST_INVALID', { message })
}
