import type { ReplyTarget } from 'kernell-os/actors'
import { CodedError, toPlainError } from 'kernell-os/core'
import {
  invalid,
  JOBS_MAX_DEFAULT,
  TIMEOUT_MS_DEFAULT,
  WAITING_MAX_DEFAULT,
  type DeskEmitted,
  type DeskLimits,
  type JobOutput,
} from './protocol.ts'

/** A request that has no answer yet. */
export type OpenRequest = {
  readonly id: string
  /** Name of the child that works on it. */
  readonly jobId: string
  readonly request: unknown
  readonly replyTo: ReplyTarget | undefined
}

export type DeskState = {
  readonly limits: DeskLimits
  readonly running: readonly OpenRequest[]
  /** In the order in which they came. */
  readonly waiting: readonly OpenRequest[]
  readonly nextNumber: number
  readonly answered: number
  readonly failed: number
}

export type DeskEffect =
  | { readonly kind: 'start-job'; readonly open: OpenRequest; readonly timeoutMs: number }
  | { readonly kind: 'stop-job'; readonly jobId: string }
  | { readonly kind: 'reply'; readonly to: ReplyTarget; readonly event: Reply }
  | { readonly kind: 'emit'; readonly event: DeskEmitted }

/** An answer as it is sent. */
export type Reply = { readonly type: string; readonly [field: string]: unknown }

/** How far a job is. */
export type JobReport = { readonly step: string; readonly details?: Readonly<Record<string, unknown>> | undefined }

export type DeskStep = { readonly state: DeskState; readonly effects: readonly DeskEffect[] }

export type NewRequest = {
  readonly id: unknown
  /** Different from all others, and not to be guessed: whoever knows it may speak for the job. */
  readonly jobId: string
  readonly replyTo: ReplyTarget | undefined
  /** Reads the request out of its event. Throws `REQUEST_INVALID`. */
  readonly read: () => unknown
}

const ID = /^[^\s/#]{1,128}$/

export function openDesk(limits: DeskLimits): DeskState {
  return { limits, running: [], waiting: [], nextNumber: 1, answered: 0, failed: 0 }
}

/** Takes a request up, keeps it waiting, or refuses it. */
export function admitRequest(state: DeskState, { id: given, jobId, replyTo, read }: NewRequest): DeskStep {
  const { id, nextNumber } = given === undefined ? freeId(state) : { id: given, nextNumber: state.nextNumber }
  try {
    assertFree(state, id)
    assertRoom(state)
    const open = { id, jobId, request: read(), replyTo }
    return takeUp({ ...state, nextNumber, waiting: [...state.waiting, open] }, [])
  } catch (error: unknown) {
    const failed = { type: 'failed', id: typeof id === 'string' ? id : '', error: toPlainError(error) }
    return { state: { ...state, failed: state.failed + 1 }, effects: repliesTo(replyTo, failed) }
  }
}

/** A job has ended by itself. */
export function finishJob(state: DeskState, jobId: string, output: JobOutput<Reply>): DeskStep {
  const open = jobOf(state, jobId)
  if (open === undefined) return { state, effects: [] }
  const { id } = open
  const event =
    output.kind === 'done' ? { ...output.reply, id } : { type: 'failed', id, error: toPlainError(output.error) }
  return closeRequest(state, open, event)
}

/** A job has had its time. */
export function expireJob(state: DeskState, jobId: string): DeskStep {
  const open = jobOf(state, jobId)
  if (open === undefined) return { state, effects: [] }
  const { id } = open
  const message = `Request ${id} was worked on for ${timeoutOf(state)} ms and then given up`
  return closeRequest(state, open, { type: 'failed', id, error: abortedError(message) })
}

export function cancelRequest(state: DeskState, id: string, replyTo: ReplyTarget | undefined): DeskStep {
  const open = find(state.running, id) ?? find(state.waiting, id)
  const told = repliesTo(replyTo, { type: 'cancelled', id, wasOpen: open !== undefined })
  if (open === undefined) return { state, effects: told }
  const error = abortedError(`Request ${id} was cancelled`)
  const { state: next, effects } = closeRequest(state, open, { type: 'failed', id, error })
  return { state: next, effects: [...effects, ...told] }
}

/** Passes on what a job says, while its request is open. */
export function reportJob(state: DeskState, jobId: string, { step, details }: JobReport): DeskStep {
  const open = jobOf(state, jobId)
  if (open === undefined) return { state, effects: [] }
  return { state, effects: [{ kind: 'emit', event: { ...details, type: 'progress', id: open.id, step } }] }
}

function closeRequest(state: DeskState, open: OpenRequest, event: Reply): DeskStep {
  const isOther = (each: OpenRequest): boolean => each !== open
  const isFailure = event.type === 'failed'
  const isRunning = state.running.includes(open)
  const next = {
    ...state,
    running: state.running.filter(isOther),
    waiting: state.waiting.filter(isOther),
    answered: state.answered + (isFailure ? 0 : 1),
    failed: state.failed + (isFailure ? 1 : 0),
  }
  return takeUp(next, [
    ...(isRunning ? [{ kind: 'stop-job' as const, jobId: open.jobId }] : []),
    ...repliesTo(open.replyTo, event),
    { kind: 'emit', event: { type: 'finished', id: open.id, reply: event.type } },
  ])
}

/** Starts what there is room for. */
function takeUp(state: DeskState, before: readonly DeskEffect[]): DeskStep {
  const room = Math.max(0, jobsMaxOf(state) - state.running.length)
  const next = state.waiting.slice(0, room)
  const effects = [...before]
  for (const open of next) {
    effects.push({ kind: 'emit', event: { type: 'started', id: open.id } })
    effects.push({ kind: 'start-job', open, timeoutMs: timeoutOf(state) })
  }
  return {
    state: { ...state, running: [...state.running, ...next], waiting: state.waiting.slice(next.length) },
    effects,
  }
}

function freeId(state: DeskState): { readonly id: string; readonly nextNumber: number } {
  let number = state.nextNumber
  while (isOpen(state, `request-${number}`)) number += 1
  return { id: `request-${number}`, nextNumber: number + 1 }
}

function assertFree(state: DeskState, id: unknown): asserts id is string {
  if (typeof id !== 'string' || !ID.test(id))
    throw invalid('The id of a request has 1 to 128 characters, none of them space, / or #')
  if (isOpen(state, id)) throw invalid(`Request ${id} is open already`)
}

function assertRoom(state: DeskState): void {
  const { running, waiting, limits } = state
  if (running.length < jobsMaxOf(state) || waiting.length < (limits.waitingMax ?? WAITING_MAX_DEFAULT)) return
  throw new CodedError('ACTOR_MAILBOX_FULL', {
    message: `The agent works on ${running.length} requests, ${waiting.length} wait, and it takes no more`,
    details: { running: running.length, waiting: waiting.length },
  })
}

function isOpen({ running, waiting }: DeskState, id: string): boolean {
  return find(running, id) !== undefined || find(waiting, id) !== undefined
}

function find(requests: readonly OpenRequest[], id: string): OpenRequest | undefined {
  return requests.find((open) => open.id === id)
}

function jobOf({ running }: DeskState, jobId: string): OpenRequest | undefined {
  return running.find((open) => open.jobId === jobId)
}

function jobsMaxOf({ limits }: DeskState): number {
  return limits.jobsMax ?? JOBS_MAX_DEFAULT
}

function timeoutOf({ limits }: DeskState): number {
  return limits.timeoutMs ?? TIMEOUT_MS_DEFAULT
}

function repliesTo(to: ReplyTarget | undefined, event: Reply): readonly DeskEffect[] {
  return to === undefined ? [] : [{ kind: 'reply', to, event }]
}

function abortedError(message: string): ReturnType<typeof toPlainError> {
  return toPlainError(new CodedError('REQUEST_ABORTED', { message }))
}
