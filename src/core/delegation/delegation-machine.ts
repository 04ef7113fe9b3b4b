import { assertNever } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Machine, Step } from '../machine.ts'
import type { DelegationCode } from './delegation-codes.ts'
import { PARTS_MAX, SILENT_SPANS } from './delegation-state.ts'
import type {
  CancellingState,
  DelegationEffect,
  DelegationEvent,
  DelegationInput,
  DelegationRequest,
  DelegationState,
  DelegationTimer,
  EndKind,
  EndedState,
  RequestedState,
  WorkingState,
} from './delegation-state.ts'

export type DelegationStep = Step<DelegationState, DelegationEffect>

/**
 * One task handed to another machine, as either side sees it.
 *
 * ```text
 * requested -- accept --> working -- result --> finished
 *     |                    |   |  \-- failure, finishBy --> failed, expired
 *     | refuse, answerBy   |   +-- cancel --> cancelling -- stopped, finishBy --> cancelled
 *     v                    |                      +-- result --> finished
 * refused, expired         +-- progress, part: stays
 * ```
 *
 * It moves no money: what a result, a failure or a cancelled task costs is the contract's business.
 */
export const DELEGATION_MACHINE: Machine<DelegationState, DelegationEvent, DelegationEffect, DelegationInput> = {
  name: 'delegation',
  initial: (input) => ({ kind: 'requested', ...input }),
  transition,
  violations,
}

/** Whether the deadlines of a request can be met at all. */
export function isSoundRequest({ answerBy, finishBy }: DelegationRequest, at: Timestamp): boolean {
  return at < answerBy && answerBy < finishBy
}

/** The timers of a request that was sent. */
export function timersOfRequest({ request }: DelegationInput): readonly DelegationEffect[] {
  return [{ type: 'start-timer', name: 'answer', firesAt: request.answerBy }]
}

function transition(state: DelegationState, event: DelegationEvent): DelegationStep {
  if (event.at < state.at) return refused(state, 'DELEGATION_STAMP_BACKWARD')
  if (event.type === 'timer-fired') return fireTimer(state, event)
  if (event.request !== state.id) return refused(state, 'DELEGATION_OTHER')
  const signer = event.type === 'cancel-asked' ? state.payer : state.worker
  if (event.iss !== signer) return refused(state, 'DELEGATION_SIGNER_WRONG')
  switch (state.kind) {
    case 'requested':
      return answer(state, event)
    case 'working':
    case 'cancelling':
      return work(state, event)
    case 'finished':
    case 'refused':
    case 'failed':
    case 'expired':
    case 'cancelled':
      return refused(state, 'DELEGATION_STATE_WRONG')
    default:
      return assertNever(state)
  }
}

type Message = Exclude<DelegationEvent, { readonly type: 'timer-fired' }>

function answer(state: RequestedState, event: Message): DelegationStep {
  const { answerBy, finishBy } = state.request
  if (event.at >= answerBy) return refused(state, 'DELEGATION_LATE')
  const { at } = event
  if (event.type === 'request-refused') return end(state, 'refused', { at, code: event.code })
  if (event.type === 'cancel-asked') return end(state, 'cancelled', { at, code: event.reason })
  if (event.type !== 'request-accepted') return refused(state, 'DELEGATION_STATE_WRONG')
  if (!isSoundRequest(state.request, at)) return refused(state, 'DELEGATION_REQUEST_INVALID')
  const working: WorkingState = {
    ...state,
    kind: 'working',
    at,
    parts: [],
    progress: undefined,
    silentAt: silenceAt(state.request, at),
  }
  return {
    state: working,
    effects: [
      { type: 'cancel-timer', name: 'answer' },
      { type: 'start-timer', name: 'finish', firesAt: finishBy },
      ...restartSilence(working),
    ],
  }
}

function work(state: WorkingState | CancellingState, event: Message): DelegationStep {
  const { at } = event
  if (at >= state.request.finishBy) return refused(state, 'DELEGATION_LATE')
  switch (event.type) {
    case 'progress-told':
      if (state.progress !== undefined && event.step <= state.progress.step) {
        return refused(state, 'DELEGATION_PROGRESS_OLD')
      }
      return alive({ ...state, at, progress: { step: event.step, donePpm: event.donePpm } })
    case 'part-delivered': {
      if (event.part !== state.parts.length) return refused(state, 'DELEGATION_PART_ORDER')
      if (state.parts.length >= PARTS_MAX) return refused(state, 'DELEGATION_PARTS_FULL')
      const part = { hash: event.partHash, bytes: event.partBytes, envelope: event.envelope }
      return alive({ ...state, at, parts: [...state.parts, part] })
    }
    case 'result-delivered':
      if (event.parts !== state.parts.length) return refused(state, 'DELEGATION_PARTS_MISSING')
      return finish(state, event)
    case 'task-failed':
      return end(state, 'failed', { at, code: event.code })
    case 'cancel-asked':
      return state.kind === 'working' ? askCancel(state, event) : refused(state, 'DELEGATION_STATE_WRONG')
    case 'work-stopped':
      if (state.kind !== 'cancelling') return refused(state, 'DELEGATION_STATE_WRONG')
      if (event.parts !== state.parts.length) return refused(state, 'DELEGATION_PARTS_MISSING')
      return end(state, 'cancelled', { at, code: state.reason })
    case 'request-accepted':
    case 'request-refused':
      return refused(state, 'DELEGATION_STATE_WRONG')
    default:
      return assertNever(event)
  }
}

function finish(
  state: WorkingState | CancellingState,
  event: Extract<Message, { readonly type: 'result-delivered' }>,
): DelegationStep {
  const { id, payer, worker, request, parts, progress } = state
  const { at, resultHash, resultBytes } = event
  return {
    state: { id, payer, worker, request, parts, progress, at, kind: 'finished', resultHash, resultBytes },
    effects: [...stopTimers(state), { type: 'report-end', id, kind: 'finished' }],
  }
}

function askCancel(state: WorkingState, event: Extract<Message, { readonly type: 'cancel-asked' }>): DelegationStep {
  const { silentAt, ...rest } = state
  return {
    state: { ...rest, kind: 'cancelling', reason: event.reason, at: event.at },
    effects: silentAt === undefined ? [] : [{ type: 'cancel-timer', name: 'progress' }],
  }
}

/** A sign of life: silence is counted from now. */
function alive(state: WorkingState | CancellingState): DelegationStep {
  if (state.kind === 'cancelling') return { state, effects: [] }
  const next: WorkingState = { ...state, silentAt: silenceAt(state.request, state.at) }
  const stopped: readonly DelegationEffect[] =
    state.silentAt === undefined ? [] : [{ type: 'cancel-timer', name: 'progress' }]
  return { state: next, effects: [...stopped, ...restartSilence(next)] }
}

function fireTimer(
  state: DelegationState,
  event: Extract<DelegationEvent, { readonly type: 'timer-fired' }>,
): DelegationStep {
  const firesAt = delegationTimersOf(state)[event.name]
  if (firesAt === undefined) return refused(state, 'DELEGATION_TIMER_UNKNOWN')
  if (event.at < firesAt) return refused(state, 'DELEGATION_TIMER_EARLY')
  if (event.name === 'progress' && state.kind === 'working') {
    return {
      state: { ...state, at: event.at, silentAt: undefined },
      effects: [{ type: 'report-silence', id: state.id }],
    }
  }
  const { at } = event
  if (state.kind === 'cancelling') return end(state, 'cancelled', { at, code: state.reason })
  if (state.kind === 'requested' || state.kind === 'working') return end(state, 'expired', { at, code: undefined })
  return refused(state, 'DELEGATION_TIMER_UNKNOWN')
}

/** The timers that run in a state, with the instants at which they fire. Every state that is not an end has one. */
export function delegationTimersOf(state: DelegationState): { readonly [Name in DelegationTimer]?: Timestamp } {
  switch (state.kind) {
    case 'requested':
      return { answer: state.request.answerBy }
    case 'working':
      return {
        finish: state.request.finishBy,
        ...(state.silentAt !== undefined && { progress: state.silentAt }),
      }
    case 'cancelling':
      return { finish: state.request.finishBy }
    default:
      return {}
  }
}

function end(
  state: RequestedState | WorkingState | CancellingState,
  kind: EndKind,
  { at, code }: Pick<EndedState, 'at' | 'code'>,
): DelegationStep {
  const { id, payer, worker, request } = state
  const done = state.kind === 'requested' ? { parts: [], progress: undefined } : state
  return {
    state: { id, payer, worker, request, at, kind, code, parts: done.parts, progress: done.progress },
    effects: [...stopTimers(state), { type: 'report-end', id, kind }],
  }
}

function stopTimers(state: DelegationState): readonly DelegationEffect[] {
  const running = delegationTimersOf(state)
  return (['answer', 'finish', 'progress'] as const)
    .filter((name) => running[name] !== undefined)
    .map((name) => ({ type: 'cancel-timer', name }))
}

function silenceAt({ progressMs }: DelegationRequest, at: Timestamp): Timestamp | undefined {
  return progressMs === 0 ? undefined : ((at + SILENT_SPANS * progressMs) as Timestamp)
}

function restartSilence({ silentAt }: WorkingState): readonly DelegationEffect[] {
  return silentAt === undefined ? [] : [{ type: 'start-timer', name: 'progress', firesAt: silentAt }]
}

function refused(state: DelegationState, code: DelegationCode): DelegationStep {
  return { state, effects: [{ type: 'event-refused', code }] }
}

function violations(state: DelegationState): readonly string[] {
  const broken: string[] = []
  if ('parts' in state && state.parts.length > PARTS_MAX) broken.push('a result has at most as many parts as it may')
  const isOpen = state.kind === 'requested' || state.kind === 'working' || state.kind === 'cancelling'
  const hasTimer = Object.keys(delegationTimersOf(state)).length > 0
  if (isOpen !== hasTimer) broken.push('a timer runs exactly until the end')
  return broken
}
