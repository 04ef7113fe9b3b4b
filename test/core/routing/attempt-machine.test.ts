import { describe, expect, it } from 'vitest'
import { attemptMachine, type AttemptEvent, type AttemptState } from '../../../src/core/routing/attempt-machine.ts'
import type { PlannedStep } from '../../../src/core/routing/decision-record.ts'

const EVENTS: readonly AttemptEvent[] = [
  { type: 'run-started' },
  { type: 'answer-accepted', confidence: 0.9 },
  { type: 'answer-rejected', confidence: 0.6, isValid: true, check: 'confidence' },
  { type: 'answer-rejected', confidence: 0, isValid: false, check: 'not-refused' },
  { type: 'answer-kept', confidence: 0.6 },
  { type: 'call-failed', code: 'MODEL_TIMEOUT' },
  { type: 'budget-refused' },
  { type: 'run-aborted' },
]

const stepsOf = (count: number): readonly PlannedStep[] =>
  Array.from({ length: count }, (_, index) => ({
    modelId: `m${index}`,
    tier: 'cheap_api',
    role: index === 0 ? 'answer' : 'escalation',
  }))

/** Every state that any sequence of events reaches from a plan of `count` steps. */
function explore(count: number): { readonly states: readonly AttemptState[]; readonly calls: readonly number[][] } {
  const seen = new Map<string, AttemptState>()
  const calls: number[][] = []
  const visit = (state: AttemptState, called: readonly number[]): void => {
    const key = JSON.stringify(state)
    if (seen.has(key)) return
    seen.set(key, state)
    expect(attemptMachine.violations(state)).toEqual([])
    if (state.kind === 'finished') calls.push([...called])
    for (const event of EVENTS) {
      const next = attemptMachine.transition(state, event)
      expect(next.effects).toHaveLength(1)
      const effect = next.effects[0]
      if (effect?.type === 'event-refused') expect(next.state).toBe(state)
      else visit(next.state, effect?.type === 'call-model' ? [...called, effect.index] : called)
    }
  }
  visit(attemptMachine.initial({ steps: stepsOf(count) }), [])
  return { states: [...seen.values()], calls }
}

describe('escalation', () => {
  it.each([1, 2, 3, 4])('holds its invariants in every state of a plan of %i steps', (count) => {
    const { states, calls } = explore(count)
    expect(states.length).toBeGreaterThan(count)
    // No model is called twice, none is skipped.
    for (const called of calls) expect(called).toEqual(called.map((_, index) => index))
  })

  const run = (count: number, ...events: readonly AttemptEvent[]): AttemptState => {
    let state = attemptMachine.initial({ steps: stepsOf(count) })
    for (const event of [{ type: 'run-started' } as const, ...events])
      state = attemptMachine.transition(state, event).state
    return state
  }
  const endOf = (state: AttemptState): unknown => (state.kind === 'finished' ? state.end : state.kind)

  it('stops at the first accepted answer', () => {
    expect(endOf(run(3, { type: 'call-failed', code: 'X' }, { type: 'answer-accepted', confidence: 0.8 }))).toEqual({
      kind: 'accepted',
      index: 1,
    })
  })

  it('hands out the most probable valid answer when none was accepted', () => {
    const refused = (confidence: number, isValid: boolean): AttemptEvent => ({
      type: 'answer-rejected',
      confidence,
      isValid,
      check: 'c',
    })
    expect(endOf(run(3, refused(0.6, true), refused(0.65, true), refused(0.9, false)))).toEqual({
      kind: 'best-rejected',
      index: 1,
    })
    expect(endOf(run(2, refused(0.5, true), refused(0.5, true)))).toEqual({ kind: 'best-rejected', index: 1 })
  })

  it('names money as the reason only when nothing else failed', () => {
    expect(endOf(run(2, { type: 'budget-refused' }, { type: 'budget-refused' }))).toEqual({ kind: 'out-of-budget' })
    expect(endOf(run(2, { type: 'call-failed', code: 'X' }, { type: 'budget-refused' }))).toEqual({
      kind: 'all-failed',
    })
  })
})
