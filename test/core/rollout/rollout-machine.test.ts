import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { timestampFromMs, type Timestamp } from '../../../src/base/time.ts'
import {
  formatRolloutEvent,
  formatRolloutState,
  parseRolloutEvent,
  parseRolloutState,
} from '../../../src/core/rollout/journal/rollout-codec.ts'
import { ROLLOUT_MACHINE } from '../../../src/core/rollout/rollout-machine.ts'
import { DEFAULT_ROLLOUT_RULES, type RolloutRules } from '../../../src/core/rollout/rollout-rules.ts'
import {
  percentOf,
  trialOf,
  type RolloutEffect,
  type RolloutEvent,
  type RolloutState,
} from '../../../src/core/rollout/rollout-state.ts'
import type { DriftCause, DriftReading } from '../../../src/core/rollout/watch/trial-drift.ts'
import type { WatchedOutcome } from '../../../src/core/rollout/watch/arm-totals.ts'

const GOOD: WatchedOutcome = { isAccepted: true, isError: false, costUsd: 0.01, latencyMs: 100, predicted: 0.9 }
const BAD: WatchedOutcome = { ...GOOD, isAccepted: false }
const at: Timestamp = timestampFromMs(1_000)

/** Steps that are taken after one request, so that short orders of events reach every stage. */
const HASTY: RolloutRules = {
  ...DEFAULT_ROLLOUT_RULES,
  canarySteps: [10, 50],
  minCanaryRequests: 1,
  minStepMs: 0,
  minShadowRuns: 1,
}

function promote(version: string, more: object = {}): RolloutEvent {
  const event = { type: 'candidate-promoted', version, incumbent: 'priors-1', baseline: 'priors-1', stage: 'shadow' }
  return { ...event, by: 'test', reason: 'because', at, ...more } as RolloutEvent
}

const FULL = { stage: 'full', isWithoutReference: true } as const

/** Requests of the policy that serves alone. */
const servedBy = (policy: string, count = 20, outcome = GOOD): RolloutEvent => ({
  type: 'served-observed',
  policy,
  outcomes: Array.from({ length: count }, () => outcome),
  at,
})

const observed = (candidate: string, arm: 'candidate' | 'incumbent', outcome = GOOD): RolloutEvent => ({
  type: 'request-observed',
  candidate,
  arm,
  outcome,
  at,
})

function drifted(reading: DriftReading, since = 1): RolloutEvent {
  return { type: 'drift-observed', candidate: 'a', since, reading, at }
}

function decided(cause: DriftCause, index: number): DriftReading {
  return {
    kind: 'decisions',
    decisions: { cause, index, models: 4, referenceRows: 400, rows: 200, figures: [] },
  }
}

const EVENTS: readonly RolloutEvent[] = [
  promote('a'),
  promote('a', { stage: 'canary' }),
  promote('a', { stage: 'full', isWithoutReference: true }),
  promote('b', { incumbent: 'a' }),
  { ...promote('b'), type: 'candidate-replaced' } as RolloutEvent,
  { type: 'step-taken', by: 'test', reason: 'on', at },
  { type: 'pause-set', isPaused: true, by: 'test', reason: 'wait', at },
  { type: 'rolled-back', baseline: 'priors-1', by: 'test', reason: 'back', at },
  { type: 'rolled-back', to: 'a', baseline: 'priors-1', by: 'test', reason: 'back', at },
  { type: 'slo-breached', by: 'drift', reason: 'harm', at },
  observed('a', 'candidate'),
  observed('b', 'incumbent', BAD),
  { type: 'shadow-observed', candidate: 'a', tried: BAD, served: GOOD, isCalled: true, at },
  { type: 'rules-set', rules: { ...HASTY, autoAdvance: false }, at },
  servedBy('priors-1'),
  drifted({ kind: 'traffic', traffic: { state: 'drifted', rows: 200, figures: [] } }),
  drifted(decided('candidate', 5)),
  { type: 'feedback-observed', candidate: 'a', began: 1, arm: 'candidate', value: 0, at },
]

const start = (rules: RolloutRules = HASTY): RolloutState => ROLLOUT_MACHINE.initial({ rules, at: timestampFromMs(0) })

function apply(state: RolloutState, ...events: readonly RolloutEvent[]): RolloutState {
  return events.reduce((before, event) => ROLLOUT_MACHINE.transition(before, event).state, state)
}

const briefOf = (state: RolloutState): string => `${state.position.stage} ${percentOf(state.position)}`

function expectSound(before: RolloutState, event: RolloutEvent): RolloutState {
  const { state, effects } = ROLLOUT_MACHINE.transition(before, event)
  const [effect] = effects
  const label = `${briefOf(before)} + ${event.type} -> ${briefOf(state)}`
  if (ROLLOUT_MACHINE.violations(state).length > 0) expect(ROLLOUT_MACHINE.violations(state), label).toEqual([])
  if (effects.length !== 1) expect(effects, label).toHaveLength(1)
  // A refusal leaves the very same state.
  if (effect?.type === 'event-refused' && state !== before) expect(state, label).toBe(before)
  const isMoved = state.revision !== before.revision
  if (isMoved !== (effect?.type === 'announce-transition')) expect(isMoved, label).toBe(!isMoved)
  // Without a transition nobody is moved from one arm to the other.
  if (!isMoved && briefOf(state) !== briefOf(before)) expect(briefOf(state), label).toBe(briefOf(before))
  return state
}

describe('the rollout machine', () => {
  it(
    'keeps its invariants through every order of nine events, and comes back from each as it was',
    { timeout: 120_000 },
    () => {
      const seen = new Map<string, RolloutState>()
      const stages = new Set<string>()
      let frontier: RolloutState[] = [start()]
      let steps = 0
      for (let depth = 0; depth < 9; depth += 1) {
        const next: RolloutState[] = []
        for (const state of frontier) {
          for (const event of EVENTS) {
            steps += 1
            const after = expectSound(state, event)
            // History apart, equal states go on equally.
            const { transitions: _, revision: _r, rollbacks: _b, ...rest } = after
            const key = JSON.stringify(rest)
            if (seen.has(key)) continue
            seen.set(key, after)
            stages.add(briefOf(after))
            next.push(after)
          }
        }
        frontier = next
      }
      expect([...stages].toSorted()).toEqual(['canary 10', 'canary 50', 'full 100', 'legacy_only 0', 'shadow 0'])
      expect(steps).toBeGreaterThan(5_000)
      for (const state of seen.values()) {
        const again = parseRolloutState(JSON.parse(JSON.stringify(formatRolloutState(state))))
        if (JSON.stringify(again) !== JSON.stringify(state)) expect(again).toEqual(state)
      }
    },
  )

  it('does so through all 65,536 orders of four events, whatever was seen before', { timeout: 120_000 }, () => {
    const walk = (state: RolloutState, depth: number): number => {
      if (depth === 0) return 1
      return EVENTS.reduce((sum, event) => sum + walk(expectSound(state, event), depth - 1), 0)
    }
    expect(walk(start(), 4)).toBe(EVENTS.length ** 4)
  })

  it('reads every event that it writes, and nothing else', () => {
    const refused = observed('a', 'candidate', { ...BAD, isError: true, isRefused: true })
    const rescued = observed('a', 'candidate', { ...GOOD, isRescued: true })
    for (const event of [...EVENTS, refused, rescued])
      expect(parseRolloutEvent(formatRolloutEvent(event))).toEqual(event)
    for (const json of [null, {}, { type: 'rolled-back' }, { ...EVENTS[0], at: -1 }, { ...EVENTS[0], version: 1 }]) {
      expect(parseRolloutEvent(json)).toBeUndefined()
    }
    const state = apply(start(), promote('a', { stage: 'canary' }))
    const broken = { ...(formatRolloutState(state) as object), served: [1] }
    expect(parseRolloutState(broken)).toBeUndefined()
  })

  it('goes from the shadow through all steps to everything by itself, each after enough clean requests', () => {
    const paired: RolloutEvent = {
      type: 'shadow-observed',
      candidate: 'a',
      tried: GOOD,
      served: GOOD,
      isCalled: true,
      at,
    }
    let state = apply(start(), servedBy('priors-1'), promote('a'))
    const path = [briefOf(state)]
    for (const event of [paired, observed('a', 'candidate'), observed('a', 'candidate')]) {
      state = apply(state, event)
      path.push(briefOf(state))
    }
    expect(path).toEqual(['shadow 0', 'canary 10', 'canary 50', 'full 100'])
    expect(state.transitions[0]).toMatchObject({ cause: 'step', by: 'watch', from: 'canary', to: 'full' })
    expect(state.served).toEqual(['a', 'priors-1'])
  })

  it('does not leave the shadow for choices that were the incumbent’s as well', () => {
    const known: RolloutEvent = {
      type: 'shadow-observed',
      candidate: 'a',
      tried: GOOD,
      served: GOOD,
      isCalled: false,
      at,
    }
    let state = apply(start({ ...HASTY, minShadowRuns: 10 }), promote('a'))
    for (let count = 0; count < 50; count += 1) state = apply(state, known)
    for (const expected of ['shadow 0', 'shadow 0', 'canary 10']) {
      state = apply(state, { ...known, isCalled: true })
      expect(briefOf(state)).toBe(expected)
    }
    expect(trialOf(state.position)).toMatchObject({ requests: 0, called: 0 })
  })

  it('waits for the time of a step, for evidence to fade, and for a command where it may not go on by itself', () => {
    const canary = promote('a', { stage: 'canary' })
    const slow = apply(start({ ...HASTY, minStepMs: 1_000 }), canary, observed('a', 'candidate'))
    expect(briefOf(slow)).toBe('canary 10')
    expect(briefOf(apply(slow, { ...observed('a', 'candidate'), elapsedMs: 999 }))).toBe('canary 10')
    expect(briefOf(apply(slow, { ...observed('a', 'candidate'), elapsedMs: 1_000 }))).toBe('canary 50')
    const manual = apply(start({ ...HASTY, autoAdvance: false }), canary, observed('a', 'candidate'))
    expect(briefOf(manual)).toBe('canary 10')
    expect(briefOf(apply(manual, { type: 'step-taken', by: 'me', reason: 'on', at }))).toBe('canary 50')
  })

  it('neither ends a step nor holds it for a wrong time of day, and says when it began by the right one again', () => {
    const seen = (ms: number, elapsedMs: number): RolloutEvent => ({
      ...observed('a', 'candidate'),
      at: timestampFromMs(ms),
      elapsedMs,
    })
    const years = 75 * 365 * 86_400_000
    const canary = promote('a', { stage: 'canary' })
    let state = apply(start({ ...HASTY, minStepMs: 600_000 }), servedBy('priors-1'), canary)
    state = apply(state, seen(years, 10))
    expect(briefOf(state)).toBe('canary 10')
    expect(trialOf(state.position)?.since).toBe(1_000)
    state = apply(state, seen(500, 10))
    expect([state.at, trialOf(state.position)?.since]).toEqual([500, 500])
    state = apply(state, seen(600, 599_970))
    expect(briefOf(state)).toBe('canary 10')
    state = apply(state, seen(years, 10))
    expect(briefOf(state)).toBe('canary 50')
    state = apply(state, seen(700, 10))
    expect([briefOf(state), trialOf(state.position)?.since]).toEqual(['canary 50', 700])
    expect(briefOf(apply(state, seen(800, 600_000)))).toBe('full 100')
  })

  it('rolls back when the candidate answers badly, remembers why, and does not go back up to it by a rollback', () => {
    let state = apply(start({ ...HASTY, autoAdvance: false }), promote('a', FULL))
    state = apply(start({ ...HASTY, autoAdvance: false }), promote('a', { stage: 'canary' }))
    for (let round = 0; round < 40 && state.position.stage === 'canary'; round += 1) {
      for (let count = 0; count < 6; count += 1) state = apply(state, observed('a', 'incumbent'))
      state = apply(state, observed('a', 'candidate', BAD))
    }
    expect(state.position.stage).toBe('legacy_only')
    expect(state.incumbent).toBe('priors-1')
    expect(state.rollbacks).toBe(1)
    expect(state.transitions[0]).toMatchObject({
      cause: 'slo-breach',
      by: 'watch',
      reason: 'the candidate is worse than the incumbent in quality',
      breach: { slo: 'quality', against: 'control' },
      canary: { acceptedShare: 0 },
      control: { acceptedShare: 1 },
    })
    const [effect] = ROLLOUT_MACHINE.transition(state, {
      type: 'rolled-back',
      to: 'a',
      baseline: 'priors-1',
      by: 'me',
      reason: 'up',
      at,
    }).effects
    expect(effect).toEqual({ type: 'event-refused', code: 'NEVER_SERVED' })
  })

  it('rolls back for decisions of the candidate alone, of this trial alone, and by less chance the longer it goes on', () => {
    const canary = apply(start(), promote('a', { stage: 'canary' }))
    expect(briefOf(apply(canary, drifted(decided('candidate', 5))))).toBe('legacy_only 0')
    for (const cause of ['nobody', 'traffic', 'common', 'unknown'] as const)
      expect(briefOf(apply(canary, drifted(decided(cause, 5)))), cause).toBe('canary 10')
    expect(ROLLOUT_MACHINE.transition(canary, drifted(decided('candidate', 5), 7)).effects).toEqual([
      { type: 'event-refused', code: 'STALE' },
    ])
    const needed = (periods: number): number => {
      let state = canary
      for (let count = 1; count < periods; count += 1) state = apply(state, drifted(decided('nobody', 0)))
      let [enough, tooLittle] = [5, 0]
      while (enough - tooLittle > 0.001) {
        const index = (enough + tooLittle) / 2
        if (briefOf(apply(state, drifted(decided('candidate', index)))) === 'canary 10') tooLittle = index
        else enough = index
      }
      return enough
    }
    // Never less than what counts as another population: 0.25 above what chance brings, 3 (1 / 400 + 1 / 200).
    expect(needed(1)).toBeCloseTo(0.2725, 2)
    expect(needed(100)).toBeCloseTo(0.3522, 2)
    expect(needed(1_000)).toBeGreaterThan(needed(100))
  })

  it('stays where it is while drift holds it, and goes on by a hand that then begins anew', () => {
    const held = apply(
      start(),
      promote('a', { stage: 'canary' }),
      drifted(decided('nobody', 0)),
      drifted({ kind: 'traffic', traffic: { state: 'drifted', rows: 200, figures: [] } }),
      observed('a', 'candidate'),
    )
    expect(briefOf(held)).toBe('canary 10')
    const calm = drifted({ kind: 'traffic', traffic: { state: 'watch', rows: 200, figures: [] } })
    expect(briefOf(apply(held, calm, observed('a', 'candidate')))).toBe('canary 50')
    const forced = apply(held, { type: 'step-taken', by: 'me', reason: 'seen', at })
    expect([briefOf(forced), trialOf(forced.position)?.drift]).toEqual([
      'canary 50',
      { since: 2, periods: 1, traffic: null, decisions: null },
    ])
  })

  it('compares what is said of a candidate that answers everything with what was said of the incumbent', () => {
    const said = (arm: 'candidate' | 'incumbent', value: number): RolloutEvent => ({
      type: 'feedback-observed',
      candidate: 'a',
      began: 1,
      arm,
      value,
      at,
    })
    let state = apply(start({ ...HASTY, autoAdvance: false }), promote('a', { stage: 'canary', percent: 50 }))
    for (let count = 0; count < 60; count += 1) state = apply(state, said('incumbent', 1), said('candidate', 1))
    state = apply(state, promote('a', FULL))
    const [effect] = ROLLOUT_MACHINE.transition(state, said('incumbent', 0)).effects
    expect(effect).toEqual({ type: 'event-refused', code: 'STALE' })
    expect(ROLLOUT_MACHINE.transition(state, said('candidate', 2)).effects).toEqual([
      { type: 'event-refused', code: 'EVENT_INVALID' },
    ])
    for (let count = 0; count < 40 && state.position.stage === 'full'; count += 1)
      state = apply(state, said('candidate', 0))
    expect(state.transitions[0]).toMatchObject({
      cause: 'slo-breach',
      reason: 'the candidate is worse than the incumbent in feedback',
      breach: { slo: 'feedback', against: 'control' },
    })
  })

  it('goes back through what served before, one at a time, and to what the configuration names', () => {
    const back: RolloutEvent = { type: 'rolled-back', baseline: 'priors-1', by: 'me', reason: 'back', at }
    let state = apply(
      start(),
      promote('a', FULL),
      promote('b', { ...FULL, incumbent: 'a' }),
      promote('c', { ...FULL, incumbent: 'b' }),
    )
    const path: (string | undefined)[] = []
    for (let count = 0; count < 3; count += 1) {
      state = apply(state, back)
      path.push(state.incumbent)
    }
    expect(path).toEqual(['b', 'a', 'priors-1'])
    expect(ROLLOUT_MACHINE.transition(state, back).effects).toEqual([{ type: 'event-refused', code: 'NOTHING_BEFORE' }])
    expect(apply(state, { ...back, to: 'b' }).incumbent).toBe('b')
  })

  it('lets nothing answer everything before enough is known of the incumbent, or somebody says so', () => {
    const refused = [{ type: 'event-refused', code: 'NO_REFERENCE' }]
    const codes = (state: RolloutState, event: RolloutEvent): readonly RolloutEffect[] =>
      ROLLOUT_MACHINE.transition(state, event).effects
    const full = promote('a', { stage: 'full' })
    const few = apply(start(), servedBy('priors-1', 19))
    expect(codes(few, full)).toEqual(refused)
    expect(codes(apply(few, servedBy('z', 20)), full)).toEqual(refused)
    expect(briefOf(apply(few, promote('a', FULL)))).toBe('full 100')
    expect(briefOf(apply(few, servedBy('priors-1', 1), full))).toBe('full 100')
    // Neither by a step, nor by itself.
    const canary = apply(few, promote('a', { stage: 'canary', percent: 50 }), observed('a', 'candidate'))
    expect(briefOf(canary)).toBe('canary 50')
    expect(codes(canary, { type: 'step-taken', by: 'me', reason: 'on', at })).toEqual(refused)
    expect(briefOf(apply(canary, observed('a', 'incumbent'), observed('a', 'candidate')))).toBe('full 100')
    // What serves in full is what the next one is compared with; after a rollback the one before begins anew.
    let state = apply(start(), servedBy('priors-1'), full)
    for (let count = 0; count < 20; count += 1) state = apply(state, observed('a', 'candidate'))
    expect(briefOf(apply(state, promote('b', { stage: 'full', incumbent: 'a' })))).toBe('full 100')
    const back = apply(state, { type: 'rolled-back', baseline: 'priors-1', by: 'me', reason: 'back', at })
    expect(codes(back, full)).toEqual(refused)
  })

  it.each([
    ['errors', { ...BAD, isError: true }],
    ['cost', { ...GOOD, costUsd: 1 }],
    ['latency', { ...GOOD, latencyMs: 10_000 }],
  ] as const)(
    'takes back within fifteen requests what answers everything at once and is worse in %s',
    (slo, outcome) => {
      for (const stage of ['legacy_only', 'shadow'] as const) {
        let state = apply(start({ ...DEFAULT_ROLLOUT_RULES, slo: { ...HASTY.slo, errorShareMax: null } }))
        if (stage === 'shadow') state = apply(state, promote('a'))
        for (let count = 0; count < 30; count += 1) {
          const bad = count % 10 === 0 ? { ...GOOD, isAccepted: false } : GOOD
          state = apply(
            state,
            servedBy('priors-1', 1, { ...bad, costUsd: 0.005 + 0.0004 * count, latencyMs: 50 + 4 * count }),
          )
        }
        state = apply(state, promote('a', { stage: 'full' }))
        let asked = 0
        while (state.position.stage === 'full' && asked < 100) {
          asked += 1
          state = apply(state, observed('a', 'candidate', asked % 3 === 0 && slo === 'errors' ? GOOD : outcome))
        }
        expect(asked).toBeLessThanOrEqual(15)
        expect(state.transitions[0]).toMatchObject({ cause: 'slo-breach', breach: { against: 'control' } })
      }
    },
  )

  it('leaves a candidate alone that answers everything as the incumbent did', () => {
    const random = createRandomStream(3)
    const like = (): WatchedOutcome => ({
      isAccepted: random.nextUnit() < 0.9,
      isError: random.nextUnit() < 0.02,
      costUsd: 0.01 * random.nextUnit() * random.nextUnit() * random.nextUnit(),
      latencyMs: 1_000 * random.nextUnit() * random.nextUnit(),
      predicted: null,
    })
    for (let seed = 0; seed < 50; seed += 1) {
      let state = apply(start(DEFAULT_ROLLOUT_RULES))
      for (let count = 0; count < 20 + 10 * seed; count += 1) state = apply(state, servedBy('priors-1', 1, like()))
      state = apply(state, promote('a', { stage: 'full' }))
      for (let count = 0; count < 1_000; count += 1) state = apply(state, observed('a', 'candidate', like()))
      expect(briefOf(state)).toBe('full 100')
    }
  })

  it('refuses what is about a candidate that is gone', () => {
    const state = apply(start(), promote('a', { stage: 'canary' }))
    const codes = (event: RolloutEvent): readonly RolloutEffect[] => ROLLOUT_MACHINE.transition(state, event).effects
    expect(codes(observed('z', 'candidate'))).toEqual([{ type: 'event-refused', code: 'STALE' }])
    expect(codes(promote('b'))).toEqual([{ type: 'event-refused', code: 'CANDIDATE_UNDER_WAY' }])
    expect(codes(promote('a'))).toEqual([{ type: 'event-refused', code: 'NOT_FURTHER_UP' }])
    expect(codes(promote('a', { stage: 'canary', percent: 100 }))).toEqual([
      { type: 'event-refused', code: 'EVENT_INVALID' },
    ])
    expect(trialOf(state.position)?.candidate).toBe('a')
  })

  it('remembers fifty transitions and counts them all', () => {
    let state = start()
    for (let count = 0; count < 40; count += 1) {
      state = apply(state, promote('a'), { type: 'rolled-back', baseline: 'priors-1', by: 'me', reason: 'back', at })
    }
    expect(state.revision).toBe(80)
    expect(state.transitions).toHaveLength(50)
    expect(ROLLOUT_MACHINE.violations(state)).toEqual([])
  })
})

describe('a pause', () => {
  const paused: RolloutEvent = { type: 'pause-set', isPaused: true, by: 'test', reason: 'wait', at }
  const resumed: RolloutEvent = { ...paused, isPaused: false, reason: 'on' }
  const shadowed: RolloutEvent = {
    type: 'shadow-observed',
    candidate: 'a',
    tried: GOOD,
    served: GOOD,
    isCalled: true,
    at,
  }

  it('keeps the candidate where it is until it is taken back, and says who did both', () => {
    const waiting = apply(start(), promote('a'), paused, shadowed, shadowed)
    expect(briefOf(waiting)).toBe('shadow 0')
    const on = apply(waiting, resumed, shadowed)
    expect(briefOf(on)).toBe('canary 10')
    expect(on.transitions.map(({ cause, by }) => [cause, by])).toEqual([
      ['step', 'watch'],
      ['resume', 'test'],
      ['pause', 'test'],
      ['promote', 'test'],
    ])
  })

  it('holds nobody who promotes or rolls back by hand, and stays with the candidate alone', () => {
    const waiting = apply(start(), promote('a'), paused)
    expect(briefOf(apply(waiting, promote('a', { stage: 'canary' })))).toBe('canary 10')
    const again = apply(
      waiting,
      { type: 'rolled-back', baseline: 'priors-1', by: 'test', reason: 'back', at },
      promote('a'),
      shadowed,
    )
    expect(briefOf(again)).toBe('canary 10')
  })

  it('is refused without a candidate that could go on, and twice', () => {
    const codeOf = (state: RolloutState, event: RolloutEvent): unknown => {
      const [effect] = ROLLOUT_MACHINE.transition(state, event).effects
      return effect?.type === 'event-refused' ? effect.code : effect?.type
    }
    expect(codeOf(start(), paused)).toBe('NO_CANDIDATE')
    expect(codeOf(apply(start(), promote('a', FULL)), paused)).toBe('NOT_FURTHER_UP')
    expect(codeOf(apply(start(), promote('a'), paused), paused)).toBe('NOT_FURTHER_UP')
    expect(codeOf(apply(start(), promote('a')), resumed)).toBe('NOT_FURTHER_UP')
  })

  it('is unknown to journals of earlier versions, whose candidates go on', () => {
    const state = apply(start(), promote('a'))
    const json = JSON.parse(JSON.stringify(formatRolloutState(state)).replace('"isPaused":false,', '')) as unknown
    expect(JSON.stringify(json)).not.toContain('isPaused')
    expect(parseRolloutState(json)).toEqual(state)
  })
})
