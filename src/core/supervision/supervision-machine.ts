import type { Machine, Step } from '../machine.ts'
import { nextBackOff } from './back-off.ts'
import { recordRestart } from './restart-intensity.ts'
import { isRestartedAfter, planRestart, type EndReason, type RestartKind } from './restart-plan.ts'
import {
  initialSupervision,
  isActive,
  SUPERVISED_CHILDREN_MAX,
  supervisionViolations,
  type ChildFate,
  type SupervisedChild,
  type Supervising,
  type SupervisionInput,
  type SupervisionState,
  type Stopping,
} from './supervision-state.ts'

export type SupervisionEvent =
  /** A new child runs. */
  | { readonly type: 'child-added'; readonly id: string; readonly restartKind: RestartKind }
  /** A child that `start-child` named runs. One that cannot start says `child-ended` instead. */
  | { readonly type: 'child-started'; readonly id: string }
  | {
      readonly type: 'child-ended'
      readonly id: string
      readonly reason: EndReason
      /** Milliseconds; always of the same clock. */
      readonly atMs: number
      /** A draw 0 <= draw < 1 for the jitter of the back-off. Default 0. */
      readonly draw?: number
    }
  /** The timer of a `start-timer` effect fired. */
  | { readonly type: 'restart-due'; readonly timer: number }
  /** Somebody wants this child ended for good. */
  | { readonly type: 'child-stop-requested'; readonly id: string }
  /** The supervisor is to end, its children before it. */
  | { readonly type: 'stop-requested' }

export type SupervisionEffect =
  | { readonly type: 'stop-child'; readonly id: string }
  | { readonly type: 'start-child'; readonly id: string }
  /** Say `restart-due` with this timer after `delayMs` milliseconds. */
  | { readonly type: 'start-timer'; readonly timer: number; readonly delayMs: number }
  /** All children have ended after a `stop-requested`. */
  | { readonly type: 'finish-stop' }
  /** All children have ended, because this one ended once too often. The supervisor fails. */
  | { readonly type: 'escalate'; readonly id: string; readonly reason: EndReason }
  | { readonly type: 'event-refused'; readonly code: 'SUPERVISION_EVENT_REFUSED'; readonly detail: string }

type SupervisionStep = Step<SupervisionState, SupervisionEffect>

/**
 * One supervisor with at most `SUPERVISED_CHILDREN_MAX` children: which are stopped and started, and in which order, when
 * one of them ends. With `one-for-one` every child comes back on its own; otherwise those affected stop one after the
 * other, newest first, and start one after the other, oldest first.
 */
export const supervisionMachine: Machine<SupervisionState, SupervisionEvent, SupervisionEffect, SupervisionInput> = {
  name: 'supervision',
  initial: initialSupervision,
  transition,
  violations: supervisionViolations,
}

/** Total: an event that does not apply leaves the state unchanged and yields one `event-refused`. */
function transition(state: SupervisionState, event: SupervisionEvent): SupervisionStep {
  if (state.kind === 'ended') return refuse(state, 'the supervisor has ended')
  if (event.type === 'stop-requested') {
    return state.kind === 'supervising' ? stopAll(state.children) : refuse(state, 'the supervisor stops already')
  }
  if (event.type === 'child-added') return addChild(state, event)
  if (event.type === 'restart-due') return endWait(state, event.timer)
  const child = state.children.find(({ id }) => id === event.id)
  if (child === undefined) return refuse(state, `there is no child ${event.id}`)
  switch (event.type) {
    case 'child-started':
      if (child.phase.kind !== 'starting') return refuse(state, `child ${child.id} is not starting`)
      return advance(withChild(state, { ...child, phase: { kind: 'running' } }))
    case 'child-stop-requested':
      return stopChild(state, child)
    case 'child-ended':
      if (!isActive(child) && child.phase.kind !== 'stopping')
        return refuse(state, `child ${child.id} had ended already`)
      if (state.kind === 'stopping' || child.fate === 'leave') return advance(withoutChild(state, child))
      if (child.fate === 'restart') return advance(withChild(state, { ...child, phase: { kind: 'down' } }))
      return childEnded(state, child, event)
  }
}

function addChild(
  state: Supervising | Stopping,
  { id, restartKind }: { readonly id: string; readonly restartKind: RestartKind },
): SupervisionStep {
  if (state.kind === 'stopping') return refuse(state, 'the supervisor stops')
  if (state.children.some((child) => child.id === id)) return refuse(state, `there is a child ${id} already`)
  if (state.children.length >= SUPERVISED_CHILDREN_MAX) return refuse(state, 'the supervisor has no room')
  const added: SupervisedChild = { id, restartKind, phase: { kind: 'running' }, fate: 'stay', backOff: undefined }
  return { state: { ...state, children: [...state.children, added] }, effects: [] }
}

function endWait(state: Supervising | Stopping, timer: number): SupervisionStep {
  const child = state.children.find(({ phase }) => phase.kind === 'waiting' && phase.timer === timer)
  if (child === undefined) return refuse(state, `nobody waits for timer ${timer}`)
  return advance(withChild(state, { ...child, phase: { kind: 'down' } }))
}

function stopChild(state: Supervising | Stopping, child: SupervisedChild): SupervisionStep {
  if (child.phase.kind === 'stopping' && child.fate === 'leave') return refuse(state, `child ${child.id} stops already`)
  if (child.phase.kind === 'stopping') return { state: withChild(state, { ...child, fate: 'leave' }), effects: [] }
  if (!isActive(child)) return advance(withoutChild(state, child))
  return orderStop(state, { ...child, fate: 'leave' })
}

type EndedChild = { readonly reason: EndReason; readonly atMs: number; readonly draw?: number }

/** An end that nobody ordered. */
function childEnded(state: Supervising, child: SupervisedChild, end: EndedChild): SupervisionStep {
  const { strategy, backOff: init } = state.settings
  if (!isRestartedAfter(child.restartKind, end.reason)) return advance(withoutChild(state, child))
  const recorded = recordRestart(state.intensity, end.atMs)
  const plan = planRestart({
    strategy,
    children: state.children,
    ended: child,
    reason: end.reason,
    isExceeded: recorded.isExceeded,
  })
  if (plan.kind !== 'restart') {
    return stopAll(withoutChild(state, child).children, { id: child.id, reason: end.reason })
  }
  const wait = init && nextBackOff(init, child.backOff, end)
  const isWaiting = wait !== undefined && wait.delayMs > 0
  const ended: SupervisedChild = {
    ...child,
    fate: 'restart',
    phase: isWaiting ? { kind: 'waiting', timer: state.nextTimer } : { kind: 'down' },
    backOff: wait?.state ?? child.backOff,
  }
  const affected = new Set(plan.stop)
  const children = state.children.map((each) => {
    if (each === child) return ended
    return affected.has(each) && isActive(each) && each.fate === 'stay' ? { ...each, fate: fateOf(each) } : each
  })
  const nextTimer = isWaiting ? state.nextTimer + 1 : state.nextTimer
  const step = advance({ ...state, children, intensity: recorded.state, nextTimer })
  if (!isWaiting) return step
  const timer: SupervisionEffect = { type: 'start-timer', timer: state.nextTimer, delayMs: wait.delayMs }
  return { state: step.state, effects: [timer, ...step.effects] }
}

function fateOf(child: SupervisedChild): ChildFate {
  return child.restartKind === 'temporary' ? 'leave' : 'restart'
}

/** Children that are down simply leave; the others are ended one by one. */
function stopAll(children: readonly SupervisedChild[], escalated?: Stopping['escalated']): SupervisionStep {
  const left = children.filter((child) => isActive(child) || child.phase.kind === 'stopping')
  return advance({ kind: 'stopping', children: left, ...(escalated && { escalated }) })
}

/** Gives out the next order that the children's phases allow. */
function advance(state: Supervising | Stopping): SupervisionStep {
  if (state.kind === 'stopping' && state.children.length === 0) {
    const { escalated } = state
    return {
      state: { kind: 'ended' },
      effects: [escalated === undefined ? { type: 'finish-stop' } : { type: 'escalate', ...escalated }],
    }
  }
  if (state.kind === 'supervising' && state.settings.strategy === 'one-for-one') return startEach(state)
  if (state.children.some(({ phase }) => phase.kind === 'stopping')) return { state, effects: [] }
  const isStopping = state.kind === 'stopping'
  const next = state.children.findLast((child) => isActive(child) && (isStopping || child.fate !== 'stay'))
  if (next !== undefined) return orderStop(state, isStopping ? { ...next, fate: 'leave' } : next)
  return state.kind === 'supervising' ? startOldest(state) : { state, effects: [] }
}

function orderStop(state: Supervising | Stopping, child: SupervisedChild): SupervisionStep {
  const stopping: SupervisedChild = { ...child, phase: { kind: 'stopping' } }
  return { state: withChild(state, stopping), effects: [{ type: 'stop-child', id: child.id }] }
}

function startEach(state: Supervising): SupervisionStep {
  const effects: SupervisionEffect[] = []
  const children = state.children.map((child) => {
    if (child.phase.kind !== 'down') return child
    effects.push({ type: 'start-child', id: child.id })
    return started(child)
  })
  return { state: effects.length === 0 ? state : { ...state, children }, effects }
}

/** One at a time. With `one-for-all` a single wait holds all back, with `rest-for-one` only the younger ones. */
function startOldest(state: Supervising): SupervisionStep {
  const { children } = state
  const isHeld = state.settings.strategy === 'one-for-all' && children.some(({ phase }) => phase.kind === 'waiting')
  const next = children.find(({ phase }) => phase.kind === 'waiting' || phase.kind === 'down')
  if (isHeld || next?.phase.kind !== 'down' || children.some(({ phase }) => phase.kind === 'starting'))
    return { state, effects: [] }
  return { state: withChild(state, started(next)), effects: [{ type: 'start-child', id: next.id }] }
}

function started(child: SupervisedChild): SupervisedChild {
  return { ...child, phase: { kind: 'starting' }, fate: 'stay' }
}

function withChild<State extends Supervising | Stopping>(state: State, child: SupervisedChild): State {
  return { ...state, children: state.children.map((each) => (each.id === child.id ? child : each)) }
}

function withoutChild<State extends Supervising | Stopping>(state: State, child: SupervisedChild): State {
  return { ...state, children: state.children.filter(({ id }) => id !== child.id) }
}

function refuse(state: SupervisionState, detail: string): SupervisionStep {
  return { state, effects: [{ type: 'event-refused', code: 'SUPERVISION_EVENT_REFUSED', detail }] }
}
