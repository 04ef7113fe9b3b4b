import { describe, expect, it } from 'vitest'
import { createRandomStream, type RandomStream } from '../../../src/base/random-stream.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { PROMPT_FEATURES } from '../../../src/core/policy/prompt-features.ts'
import { parseTrialReferences, type TrialReferences } from '../../../src/core/rollout/journal/drift-codec.ts'
import { ROLLOUT_MACHINE } from '../../../src/core/rollout/rollout-machine.ts'
import { DEFAULT_ROLLOUT_RULES, type RolloutRules } from '../../../src/core/rollout/rollout-rules.ts'
import { percentOf, trialOf, type RolloutEvent, type RolloutState } from '../../../src/core/rollout/rollout-state.ts'
import { isHeldByDrift, type TrialDrift } from '../../../src/core/rollout/watch/trial-drift.ts'
import type { DecisionRecord } from '../../../src/core/routing/decision-record.ts'
import { createDriftMonitor, type DriftMonitor } from '../../../src/router/rollout/drift-monitor.ts'

const at = timestampFromMs(1_000)
const why = { by: 'test', reason: 'because' }
const RULES: RolloutRules = { ...DEFAULT_ROLLOUT_RULES, canarySteps: [20, 50], minCanaryRequests: 300, minStepMs: 0 }
const GOOD = { isAccepted: true, isError: false, costUsd: 0.01, latencyMs: 100, predicted: 0.9 }

/** How tasks are, and how a policy chooses among four models: the first of `shares` is the cheapest one's. */
type World = { readonly shift?: number; readonly shares?: Partial<Record<Arm, readonly number[]>> }
type Arm = 'candidate' | 'incumbent'
const SHARES: Readonly<Record<Arm, readonly number[]>> = {
  candidate: [0.55, 0.25, 0.15, 0.05],
  incumbent: [0.3, 0.3, 0.3, 0.1],
}
const MOVED = [0.15, 0.25, 0.2, 0.4]

function decisionOf(random: RandomStream, arm: Arm, { shift = 0, shares }: World): DecisionRecord {
  const features = Float64Array.from(PROMPT_FEATURES, (_, place) => {
    const value = random.nextUnit() * random.nextUnit()
    // Counts that are mostly 0, and lengths.
    return (place % 3 === 0 ? Math.floor(3 * value) : value) + (place < 12 ? shift : 0)
  })
  // The same tasks go to the same model but for a part that is drawn.
  const draw = (0.5 * (features[0] ?? 0)) / 3 + random.nextUnit() * (1 - 0.5 / 3)
  let upTo = 0
  let model = 0
  for (const share of shares?.[arm] ?? SHARES[arm]) {
    upTo += share
    if (draw >= upTo) model += 1
  }
  const modelId = `model-${Math.min(model, 3)}`
  const risk = random.nextUnit() < 0.05 ? 'high' : 'low'
  return { features, risk, plan: [{ modelId, tier: 'cheap_api', role: 'answer' }] } as unknown as DecisionRecord
}

/** A rollout without its journal. */
class Trial {
  readonly kept: TrialReferences[] = []
  state: RolloutState = ROLLOUT_MACHINE.initial({ rules: RULES, at: timestampFromMs(0) })
  monitor: DriftMonitor
  readonly #random: RandomStream

  constructor(seed: number, rules: RolloutRules, stage: 'shadow' | 'canary' | 'full' = 'canary') {
    this.#random = createRandomStream(seed)
    this.apply({ type: 'rules-set', rules, at })
    const named = {
      version: 'a',
      incumbent: 'priors-1',
      baseline: 'priors-1',
      stage,
      ...(stage === 'full' && { isWithoutReference: true }),
    }
    this.apply({ type: 'candidate-promoted', ...named, ...why, at })
    this.monitor = this.open()
  }

  open(known?: TrialReferences): DriftMonitor {
    this.monitor = createDriftMonitor(
      {
        owner: Object.create(null, {
          state: { get: () => this.state },
          observe: { value: (seen: object) => this.apply({ ...seen, at } as RolloutEvent) },
        }) as Parameters<typeof createDriftMonitor>[0]['owner'],
        keep: (references) => void this.kept.push(references),
      },
      known,
    )
    return this.monitor
  }

  apply(event: RolloutEvent): void {
    this.state = ROLLOUT_MACHINE.transition(this.state, event).state
  }

  /** Requests until there were `count`, or the candidate is gone. */
  serve(count: number, world: World = {}): this {
    for (let done = 0; done < count && trialOf(this.state.position) !== undefined; done += 1) {
      const isCandidate = this.#random.nextUnit() * 100 < percentOf(this.state.position)
      const arm = isCandidate ? 'candidate' : 'incumbent'
      this.apply({ type: 'request-observed', candidate: 'a', arm, outcome: GOOD, at })
      this.monitor.take(arm, decisionOf(this.#random, arm, world))
    }
    return this
  }

  get drift(): TrialDrift | undefined {
    return trialOf(this.state.position)?.drift
  }
}

const MANUAL: RolloutRules = { ...RULES, autoAdvance: false }

describe('drift of what comes, for both arms', () => {
  it('holds the canary where it is, is told, and rolls nothing back', () => {
    const trial = new Trial(1, RULES).serve(1_000)
    expect(trial.state.position).toMatchObject({ stage: 'canary', percent: 20 })
    // Longer by far than two steps take.
    trial.serve(6_000, { shift: 0.4 })
    expect(trial.state.position).toMatchObject({ stage: 'canary', percent: 20 })
    expect(trial.state.rollbacks).toBe(0)
    expect(trial.drift?.traffic).toMatchObject({ state: 'drifted', rows: 200 })
    expect(trial.drift?.traffic?.figures[0]?.name).toMatch(/^feature: |novelty/)
    expect(trial.drift?.decisions?.cause).not.toBe('candidate')
  })

  it('lets the canary go on by itself once tasks are what they were, and at once by hand', () => {
    const back = new Trial(2, RULES).serve(1_000).serve(2_000, { shift: 0.4 })
    expect(back.state.position).toMatchObject({ percent: 20 })
    back.serve(4_000)
    expect(back.state.position).toMatchObject({ stage: 'full' })

    const forward = new Trial(3, RULES).serve(1_000).serve(2_000, { shift: 0.4 })
    forward.apply({ type: 'step-taken', ...why, at })
    expect(forward.state.position).toMatchObject({ percent: 50 })
    // What comes now is the new reference.
    expect(forward.drift).toMatchObject({ since: 2, traffic: null, decisions: null })
    forward.serve(3_000, { shift: 0.4 })
    expect(forward.state.position).toMatchObject({ stage: 'full' })
  })

  it('is seen in the shadow too, where the candidate answers nothing', () => {
    const trial = new Trial(4, RULES, 'shadow').serve(400).serve(200, { shift: 0.4 })
    expect(trial.drift).toMatchObject({ traffic: { state: 'drifted' }, decisions: null })
  })
})

describe('drift of what the candidate decides', () => {
  it('rolls it back within two windows of its requests, for 20 seeds', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const trial = new Trial(seed, MANUAL).serve(4_000)
      expect(trial.drift?.periods, `seed ${seed}`).toBeGreaterThan(0)
      const before = trialOf(trial.state.position)?.watch.canary.requests ?? 0
      trial.serve(4_000, { shares: { candidate: MOVED } })
      const [last] = trial.state.transitions
      expect(last, `seed ${seed}`).toMatchObject({
        cause: 'slo-breach',
        by: 'watch',
        reason: 'the candidate decides otherwise than at first, on tasks that are the same',
        breach: { slo: 'drift', against: 'beginning' },
      })
      expect((last?.canary?.requests ?? 0) - before, `seed ${seed}`).toBeLessThanOrEqual(400)
    }
  })

  it('only holds it where the incumbent decides otherwise too: a model is gone, or prices are others', () => {
    const world = { shares: { candidate: MOVED, incumbent: MOVED } }
    const trial = new Trial(5, MANUAL).serve(4_000).serve(4_000, world)
    trial.apply({ type: 'rules-set', rules: RULES, at })
    trial.serve(200, world)
    expect(trial.state.position).toMatchObject({ stage: 'canary', percent: 20 })
    expect(trial.state.rollbacks).toBe(0)
    expect(trial.drift?.decisions?.cause).toBe('common')
  })

  it('is not the candidate’s doing where its tasks are others', () => {
    const trial = new Trial(6, MANUAL).serve(4_000).serve(4_000, { shift: 0.4, shares: { candidate: MOVED } })
    expect(trial.state.rollbacks).toBe(0)
    expect(trial.drift?.decisions?.cause).toBe('traffic')
  })

  it('has nobody to be measured by once the candidate answers everything', () => {
    const trial = new Trial(7, MANUAL, 'full').serve(800).serve(600, { shares: { candidate: MOVED } })
    expect(trial.state.rollbacks).toBe(0)
    expect(trial.drift?.decisions?.cause).toBe('unknown')
  })

  it(
    'is found in none of 60 clean trials of 2,000 canary requests, and what comes in hardly any window',
    { timeout: 120_000 },
    () => {
      let [rolledBack, held, readings] = [0, 0, 0]
      for (let seed = 1; seed <= 60; seed += 1) {
        const trial = new Trial(1_000 + seed, { ...MANUAL, canarySteps: [50] })
        for (let part = 0; part < 20 && trial.drift !== undefined; part += 1) {
          trial.serve(200)
          readings += 1
          held += Number(trial.drift !== undefined && isHeldByDrift(trial.drift))
        }
        rolledBack += trial.state.rollbacks
      }
      expect(rolledBack).toBe(0)
      expect(readings).toBe(1_200)
      // Of 4,000 windows two were.
      expect(held).toBeLessThanOrEqual(2)
    },
  )
})

describe('what a trial began with', () => {
  it('is kept a few times, comes back after a restart, and is of one trial', () => {
    const trial = new Trial(8, MANUAL).serve(4_000)
    expect(trial.kept).toHaveLength(2)
    const text = JSON.stringify(trial.kept.at(-1))
    // As large after ten thousand tasks as after four hundred.
    expect(text.length).toBeLessThan(65_536)
    const known = parseTrialReferences(JSON.parse(text))
    expect(known).toEqual(trial.kept.at(-1))
    // Drift that began before the restart is still drift after it.
    trial.open(known)
    trial.serve(200, { shift: 0.4 })
    expect(trial.drift?.traffic?.state).toBe('drifted')
    trial.open({ ...(known as TrialReferences), candidate: 'b' })
    const { traffic } = trial.drift as TrialDrift
    trial.serve(399)
    expect(trial.drift?.traffic).toBe(traffic)
  })

  it('is passed over when it is of other features or no reference at all', () => {
    const trial = new Trial(9, MANUAL).serve(4_000)
    const known = trial.kept.at(-1) as TrialReferences
    const edges = known.traffic?.edges.slice(1) ?? []
    trial.open({ ...known, traffic: { ...(known.traffic as NonNullable<typeof known.traffic>), edges } })
    expect(() => trial.serve(10)).not.toThrow()
    for (const json of [null, {}, { ...known, traffic: { rows: 1 } }])
      expect(parseTrialReferences(json)).toBeUndefined()
  })
})
