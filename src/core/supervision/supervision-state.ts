import { checkBackOff, type BackOff, type BackOffInit } from './back-off.ts'
import { createRestartIntensity, type RestartIntensity, type RestartIntensityLimit } from './restart-intensity.ts'
import type { EndReason, RestartKind, RestartStrategy } from './restart-plan.ts'

/**
 * Where a child is.
 *
 * - `starting`: `start-child` was given out, `child-started` has not come.
 * - `running`.
 * - `stopping`: `stop-child` was given out, `child-ended` has not come.
 * - `waiting`: ended; its back-off runs.
 * - `down`: ended; it starts as soon as those that come before it are up.
 */
export type ChildPhase =
  | { readonly kind: 'starting' | 'running' }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'waiting'; readonly timer: number }
  | { readonly kind: 'down' }

/** What becomes of an active child: it stays, it ends and starts again, or it ends and leaves. */
export type ChildFate = 'stay' | 'restart' | 'leave'

export type SupervisedChild = {
  readonly id: string
  readonly restartKind: RestartKind
  readonly phase: ChildPhase
  readonly fate: ChildFate
  readonly backOff: BackOff | undefined
}

export type SupervisionSettings = {
  readonly strategy: RestartStrategy
  /** Wait before restarts; `undefined`: none. */
  readonly backOff: BackOffInit | undefined
}

export type SupervisionState =
  | {
      readonly kind: 'supervising'
      readonly settings: SupervisionSettings
      /** In the order in which they were added. */
      readonly children: readonly SupervisedChild[]
      readonly intensity: RestartIntensity
      /** Number of the next timer; a timer of a lower number that no child waits for is stale. */
      readonly nextTimer: number
    }
  | {
      /** Ends its children one by one, newest first, and then itself. */
      readonly kind: 'stopping'
      readonly children: readonly SupervisedChild[]
      /** The child whose end was one too many; absent in an orderly stop. */
      readonly escalated?: { readonly id: string; readonly reason: EndReason }
    }
  | { readonly kind: 'ended' }

export type Supervising = Extract<SupervisionState, { kind: 'supervising' }>
export type Stopping = Extract<SupervisionState, { kind: 'stopping' }>

export type SupervisionInput = {
  readonly strategy: RestartStrategy
  readonly intensity: RestartIntensityLimit
  readonly backOff?: BackOffInit
}

/** Children that one supervision machine may hold: each step costs O(children). */
export const SUPERVISED_CHILDREN_MAX = 1_024

/** @throws RangeError when the intensity or the back-off is out of range. */
export function initialSupervision(input: SupervisionInput): Supervising {
  return {
    kind: 'supervising',
    settings: { strategy: input.strategy, backOff: input.backOff && checkBackOff(input.backOff) },
    children: [],
    intensity: createRestartIntensity(input.intensity),
    nextTimer: 0,
  }
}

/** Runs or is about to: it will still say `child-ended`. */
export function isActive(child: SupervisedChild): boolean {
  return child.phase.kind === 'starting' || child.phase.kind === 'running'
}

/** Names of broken invariants. */
export function supervisionViolations(state: SupervisionState): readonly string[] {
  if (state.kind === 'ended') return []
  const { children } = state
  const broken: string[] = []
  if (children.length > SUPERVISED_CHILDREN_MAX) broken.push('more children than a supervisor holds')
  if (new Set(children.map(({ id }) => id)).size !== children.length) broken.push('two children have one id')
  for (const child of children) {
    const isPending = child.phase.kind === 'waiting' || child.phase.kind === 'down'
    if (isPending && child.restartKind === 'temporary') broken.push(`temporary child ${child.id} would start again`)
    if (isPending && child.fate !== 'restart') broken.push(`child ${child.id} is down and nothing brings it back`)
    if (child.phase.kind === 'stopping' && child.fate === 'stay')
      broken.push(`child ${child.id} stops without a reason`)
    if (isPending && state.kind === 'stopping') broken.push(`child ${child.id} waits for a supervisor that stops`)
  }
  if (state.kind === 'supervising') broken.push(...groupViolations(state))
  return broken
}

function groupViolations(state: Supervising): readonly string[] {
  const { children, settings, intensity } = state
  const broken: string[] = []
  if (intensity.recentMs.length > intensity.limit.restarts) broken.push('more restarts remembered than can count')
  if (children.some(({ phase }) => phase.kind === 'waiting' && phase.timer >= state.nextTimer))
    broken.push('a child waits for a timer that was never started')
  if (settings.strategy === 'one-for-one') {
    if (children.some(({ phase }) => phase.kind === 'down')) broken.push('a child is kept down without a reason')
    return broken
  }
  const starting = children.findIndex(({ phase, fate }) => phase.kind === 'starting' && fate === 'stay')
  const older = starting === -1 ? [] : children.slice(0, starting)
  if (older.some(({ phase }) => phase.kind === 'down' || phase.kind === 'waiting'))
    broken.push('a child starts before an older one that is down')
  return broken
}
