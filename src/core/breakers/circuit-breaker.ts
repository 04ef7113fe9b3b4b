import type { Machine, Step } from '../machine.ts'

/** When a breaker opens, and how it finds out that the other side is well again. */
export type BreakerRules = {
  /** Failures in a row that open it. */
  readonly failuresMax: number
  /** How long it is open the first time; twice as long after each trial that fails, up to `openMsMax`. */
  readonly openMs: number
  readonly openMsMax: number
  /** How long a trial may take. After that another one is let through, whatever became of it: nothing has to come back for that. */
  readonly trialMs: number
}

export const BREAKER_RULES_DEFAULT: BreakerRules = {
  failuresMax: 10,
  openMs: 2_000,
  openMsMax: 60_000,
  trialMs: 30_000,
}

type Kept = {
  readonly rules: BreakerRules
  /** Counts the changes from closed to open and the trials: what is told of an earlier time says nothing of now. */
  readonly generation: number
}

export type BreakerState = Kept &
  (
    | { readonly kind: 'closed'; readonly failures: number }
    /** Calls are refused until `untilMs`. */
    | { readonly kind: 'open'; readonly untilMs: number; readonly openedMs: number }
    /** One call is on its way to find out; others are refused until it comes back, or until `untilMs`. */
    | { readonly kind: 'half-open'; readonly untilMs: number; readonly openedMs: number }
  )

/** Instants are of a monotonic clock. */
export type BreakerEvent =
  | { readonly type: 'call-requested'; readonly atMs: number }
  | { readonly type: 'call-succeeded'; readonly generation: number; readonly atMs: number }
  /** `waitMs`: how long the other side asks to be left alone. */
  | { readonly type: 'call-failed'; readonly generation: number; readonly atMs: number; readonly waitMs?: number }
  /** It says nothing about the other side: the caller left. */
  | { readonly type: 'call-abandoned'; readonly generation: number; readonly atMs: number }

export type BreakerEffect =
  | { readonly type: 'admit-call'; readonly generation: number }
  | { readonly type: 'refuse-call'; readonly waitMs: number }
  | { readonly type: 'event-refused'; readonly code: 'EVENT_STALE' }

/**
 * Keeps calls from a service that fails again and again, and lets one through now and then to see whether it is well.
 *
 * ```text
 * closed -- failures in a row --> open -- time --> half-open -- success --> closed
 *                                  ^                  |  |
 *                                  +---- failure -----+  +-- no word in time, or the caller left: the next call is the trial
 * ```
 */
export const CIRCUIT_BREAKER: Machine<BreakerState, BreakerEvent, BreakerEffect, BreakerRules> = {
  name: 'circuit-breaker',
  initial: (rules) => ({ kind: 'closed', failures: 0, rules, generation: 0 }),
  transition,
  violations: (state) => {
    if (state.kind === 'closed') return state.failures < state.rules.failuresMax ? [] : ['too many failures open it']
    return state.openedMs <= state.rules.openMsMax ? [] : ['it is open for so long at most']
  },
}

function transition(state: BreakerState, event: BreakerEvent): Step<BreakerState, BreakerEffect> {
  if (event.type === 'call-requested') return request(state, event.atMs)
  if (event.generation !== state.generation || state.kind === 'open')
    return { state, effects: [{ type: 'event-refused', code: 'EVENT_STALE' }] }
  switch (event.type) {
    case 'call-succeeded':
      return { state: closed(state), effects: [] }
    case 'call-failed':
      return { state: failed(state, event), effects: [] }
    case 'call-abandoned':
      return { state: state.kind === 'closed' ? state : { ...state, untilMs: event.atMs }, effects: [] }
  }
}

function request(state: BreakerState, atMs: number): Step<BreakerState, BreakerEffect> {
  if (state.kind === 'closed') return { state, effects: [{ type: 'admit-call', generation: state.generation }] }
  // A clock that has gone back by more than anything here lasts is not waited for.
  const isAhead = state.untilMs - atMs > Math.max(state.rules.openMsMax, state.rules.trialMs)
  if (atMs < state.untilMs && !isAhead) {
    return { state, effects: [{ type: 'refuse-call', waitMs: state.untilMs - atMs }] }
  }
  const { rules, openedMs } = state
  const generation = state.generation + 1
  const trial: BreakerState = { kind: 'half-open', rules, generation, openedMs, untilMs: atMs + rules.trialMs }
  return { state: trial, effects: [{ type: 'admit-call', generation }] }
}

function closed({ rules, generation }: BreakerState): BreakerState {
  return { kind: 'closed', failures: 0, rules, generation }
}

type Failure = Extract<BreakerEvent, { type: 'call-failed' }>

function failed(state: BreakerState, { atMs, waitMs = 0 }: Failure): BreakerState {
  const { rules, generation } = state
  if (state.kind === 'closed' && state.failures + 1 < rules.failuresMax)
    return { ...state, failures: state.failures + 1 }
  const before = state.kind === 'closed' ? rules.openMs : state.openedMs * 2
  const openedMs = Math.min(rules.openMsMax, Math.max(before, rules.openMs, waitMs))
  return { kind: 'open', rules, generation: generation + 1, openedMs, untilMs: atMs + openedMs }
}
