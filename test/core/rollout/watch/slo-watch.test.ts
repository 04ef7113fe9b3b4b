import { describe, expect, it } from 'vitest'
import { createRandomStream, type RandomStream } from '../../../../src/base/random-stream.ts'
import { betOn, NEW_BET, wealthOf } from '../../../../src/core/rollout/watch/bet.ts'
import { DEFAULT_ROLLOUT_RULES } from '../../../../src/core/rollout/rollout-rules.ts'
import type { WatchedOutcome } from '../../../../src/core/rollout/watch/arm-totals.ts'
import { addServed, NO_WINDOW } from '../../../../src/core/rollout/serving-record.ts'
import { controlsPerCanaryAt, watchOutcome, watchWithoutControl } from '../../../../src/core/rollout/watch/slo-watch.ts'
import type { SloBreach } from '../../../../src/core/rollout/watch/watch-evidence.ts'
import { NEW_WATCH, type WatchState } from '../../../../src/core/rollout/watch/watch-state.ts'

const RULES = DEFAULT_ROLLOUT_RULES.slo

type Arm = {
  readonly bad: number
  readonly errors?: number
  readonly costUsd?: number
  readonly latencyMs?: number
  readonly predicted?: number
}

function outcomeOf(arm: Arm, random: RandomStream): WatchedOutcome {
  const isError = random.nextUnit() < (arm.errors ?? 0)
  return {
    isAccepted: !isError && random.nextUnit() >= arm.bad,
    isError,
    costUsd: (arm.costUsd ?? 0.01) * (0.5 + random.nextUnit()),
    latencyMs: (arm.latencyMs ?? 1_000) * (0.5 + random.nextUnit()),
    predicted: arm.predicted ?? 0.9,
  }
}

type Run = {
  readonly seed: number
  readonly percent?: number
  readonly canaryMax: number
  readonly rules?: typeof RULES
}

/** Requests of both arms until the watch breaks or the canary has had enough. */
function run(candidate: Arm, control: Arm, { seed, percent = 10, canaryMax, rules = RULES }: Run) {
  const random = createRandomStream(seed)
  const controlsPerCanary = controlsPerCanaryAt(percent)
  let watch: WatchState = NEW_WATCH
  while (watch.canary.requests < canaryMax) {
    const arm = random.nextUnit() * 100 < percent ? 'candidate' : 'incumbent'
    const outcome = outcomeOf(arm === 'candidate' ? candidate : control, random)
    const step: { watch: WatchState; breach: SloBreach | undefined } = watchOutcome(
      watch,
      { arm, outcome, controlsPerCanary },
      rules,
    )
    watch = step.watch
    if (step.breach !== undefined) return { breach: step.breach, requests: watch.canary.requests, watch }
  }
  return { breach: undefined, requests: watch.canary.requests, watch }
}

const SOUND: Arm = { bad: 0.05 }

describe('the watch of a canary', () => {
  it('breaks within 100 canary requests at 10 % when 30 % of the answers are bad, for 200 seeds', () => {
    const late: number[] = []
    for (let seed = 1; seed <= 200; seed += 1) {
      const { breach } = run({ bad: 0.3 }, SOUND, { seed, canaryMax: 100 })
      if (breach?.slo !== 'quality') late.push(seed)
    }
    expect(late).toEqual([])
  })

  // Of a canary at 95 % one request in twenty is a control: how fast a difference can be known depends on those.
  it.each([
    [50, 200],
    [75, 400],
    [90, 700],
    [95, 1_500],
  ])(
    'breaks at %i % as well, within %i canary requests, and in no more clean runs than it may',
    { timeout: 60_000 },
    (percent, within) => {
      const late: number[] = []
      const broken: number[] = []
      for (let seed = 1; seed <= 100; seed += 1) {
        if (run({ bad: 0.3 }, SOUND, { seed, percent, canaryMax: within }).breach === undefined) late.push(seed)
        if (run(SOUND, SOUND, { seed: 1_000_000 + seed, percent, canaryMax: 1_500 }).breach) broken.push(seed)
      }
      expect(late).toEqual([])
      expect(broken.length).toBeLessThanOrEqual(100 * RULES.falseAlarm)
    },
  )

  it('goes on when the arms change places, and compares nothing with what came before', () => {
    const random = createRandomStream(6)
    let watch = NEW_WATCH
    const take = (arm: 'candidate' | 'incumbent', percent: number): void => {
      const controlsPerCanary = controlsPerCanaryAt(percent)
      watch = watchOutcome(watch, { arm, outcome: outcomeOf(SOUND, random), controlsPerCanary }, RULES).watch
    }
    for (let count = 0; count < 3; count += 1) take('candidate', 10)
    expect([watch.waits, watch.waiting.length, watch.block.count]).toEqual(['candidate', 3, 0])
    take('incumbent', 90)
    expect([watch.waits, watch.waiting.length, watch.block.count]).toEqual(['incumbent', 1, 0])
    for (let count = 0; count < 5; count += 1) take('candidate', 90)
    expect(watch.againstControl.quality.count).toBe(0)
    take('candidate', 90)
    expect([watch.againstControl.quality.count, watch.waiting.length, watch.block.count]).toEqual([1, 0, 0])
  })

  it(
    'never breaks in 200 clean runs of 2,000 canary requests, one in twenty bad in both arms',
    { timeout: 120_000 },
    () => {
      const broken: number[] = []
      for (let seed = 1; seed <= 200; seed += 1) {
        if (run(SOUND, SOUND, { seed: 1_000_000 + seed, canaryMax: 2_000 }).breach !== undefined) broken.push(seed)
      }
      expect(broken).toEqual([])
    },
  )

  it.each([
    ['errors', { bad: 0.05, errors: 0.3 }],
    ['cost', { bad: 0.05, costUsd: 0.03 }],
    ['latency', { bad: 0.05, latencyMs: 3_000 }],
    ['drift', { bad: 0.4, predicted: 1 }],
  ] as const)('breaks for %s', (slo, candidate) => {
    const rules = { ...RULES, qualityMargin: 1, acceptedShareMin: null, errorShareMax: null }
    const { breach } = run(candidate, SOUND, { seed: 3, canaryMax: 2_000, rules })
    expect(breach?.slo).toBe(slo)
  })

  it.each([
    ['quality', { bad: 0.6 }, { acceptedShareMin: 0.8 }],
    ['errors', { bad: 0, errors: 0.5 }, { errorShareMax: 0.1 }],
    ['cost', { bad: 0.05, costUsd: 0.1 }, { costUsdMax: 0.05 }],
    ['latency', { bad: 0.05, latencyMs: 9_000 }, { latencyMsMax: 3_000 }],
  ] as const)('breaks for the absolute limit of %s though the control is no better', (slo, arm, limits) => {
    const rules = { ...RULES, driftMargin: 1, acceptedShareMin: null, errorShareMax: null, ...limits }
    const { breach } = run(arm, arm, { seed: 5, canaryMax: 2_000, rules })
    expect(breach).toMatchObject({ slo, against: 'limit' })
  })

  it('breaks for drift where others have to answer for what was predicted, though every task ends well', () => {
    const rules = { ...RULES, qualityMargin: 1 }
    const end = (rescuedShare: number): SloBreach | undefined => {
      const random = createRandomStream(8)
      let watch = NEW_WATCH
      for (let count = 0; count < 600; count += 1) {
        const outcome = { ...outcomeOf({ bad: 0 }, random), isRescued: random.nextUnit() < rescuedShare }
        const step = watchOutcome(watch, { arm: 'candidate', outcome, controlsPerCanary: 1 }, rules)
        watch = step.watch
        if (step.breach !== undefined) return step.breach
      }
      return undefined
    }
    expect(end(0.45)).toMatchObject({ slo: 'drift', against: 'limit' })
    expect(end(0.1)).toBeUndefined()
  })

  it('takes what a policy refuses as its error beside the incumbent, and for nothing where both refuse', () => {
    const refused = { isAccepted: false, isError: true, isRefused: true, costUsd: null, latencyMs: 0, predicted: null }
    const answered = outcomeOf({ bad: 0 }, createRandomStream(1))
    for (const [incumbentRefuses, expected] of [
      [false, 'errors'],
      [true, undefined],
    ] as const) {
      let watch = NEW_WATCH
      let breach: SloBreach | undefined
      for (let count = 0; count < 400 && breach === undefined; count += 1) {
        const arm = count % 2 === 0 ? 'candidate' : 'incumbent'
        const outcome = arm === 'candidate' || incumbentRefuses ? refused : answered
        const step = watchOutcome(watch, { arm, outcome, controlsPerCanary: 1 }, { ...RULES, qualityMargin: 1 })
        watch = step.watch
        breach = step.breach
      }
      expect(breach?.slo).toBe(expected)
    }
  })

  it.each([0.000_02, 0.002, 2])('sees twice the cost as soon at $%s a request as at any other price', (costUsd) => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const twice = run({ bad: 0.05, costUsd: 2 * costUsd }, { bad: 0.05, costUsd }, { seed, canaryMax: 200 })
      expect(twice.breach?.slo, `seed ${seed}`).toBe('cost')
    }
  })

  it('sees what becomes dearer though the first requests of the incumbent cost nothing', () => {
    const random = createRandomStream(4)
    let watch = NEW_WATCH
    let breach: SloBreach | undefined
    const controlsPerCanary = controlsPerCanaryAt(50)
    for (let count = 0; count < 2_000 && breach === undefined; count += 1) {
      const isCanary = count % 2 === 1
      const costUsd = (count < 100 ? 0 : 0.002) * (isCanary ? 2 : 1)
      const arm = isCanary ? 'candidate' : 'incumbent'
      const step = watchOutcome(
        watch,
        { arm, outcome: outcomeOf({ bad: 0.05, costUsd }, random), controlsPerCanary },
        RULES,
      )
      watch = step.watch
      breach = step.breach
    }
    expect(breach?.slo).toBe('cost')
  })

  it('sees that a request costs something where the incumbent costs nothing', () => {
    const { breach } = run({ bad: 0.05, costUsd: 0.001 }, { bad: 0.05, costUsd: 0 }, { seed: 2, canaryMax: 100 })
    expect(breach?.slo).toBe('cost')
  })

  it('notices within a few hundred requests what goes wrong after two thousand good ones', () => {
    const { watch } = run(SOUND, SOUND, { seed: 8, canaryMax: 2_000 })
    const random = createRandomStream(9)
    let state = watch
    let canary = 0
    let breach: SloBreach | undefined
    while (breach === undefined && canary < 1_000) {
      const isCanary = random.nextUnit() < 0.1
      if (isCanary) canary += 1
      const outcome = outcomeOf(isCanary ? { bad: 0.3 } : SOUND, random)
      const arm = isCanary ? 'candidate' : 'incumbent'
      const step = watchOutcome(state, { arm, outcome, controlsPerCanary: controlsPerCanaryAt(10) }, RULES)
      state = step.watch
      breach = step.breach
    }
    expect(breach?.slo).toBe('quality')
    expect(canary).toBeLessThan(400)
  })

  it('goes on without a control against what the control was', () => {
    const { watch } = run(SOUND, SOUND, { seed: 11, canaryMax: 300 })
    const before = createRandomStream(13)
    let lately = NO_WINDOW
    for (let count = 0; count < 300; count += 1) lately = addServed(lately, outcomeOf(SOUND, before))
    for (const [bad, expected] of [
      [0.05, undefined],
      [0.3, 'quality'],
    ] as const) {
      const random = createRandomStream(12)
      let state = watchWithoutControl(watch, lately, RULES)
      let breach: SloBreach | undefined
      for (let count = 0; count < 2_000 && breach === undefined; count += 1) {
        const outcome = outcomeOf({ bad }, random)
        const step = watchOutcome(state, { arm: 'candidate', outcome, controlsPerCanary: 0 }, RULES)
        state = step.watch
        breach = step.breach
      }
      expect(breach?.slo).toBe(expected)
    }
  })

  it('keeps no more waiting than it may, and counts every request', () => {
    let watch = NEW_WATCH
    const random = createRandomStream(1)
    for (let count = 0; count < 500; count += 1) {
      const outcome = outcomeOf(SOUND, random)
      watch = watchOutcome(watch, { arm: 'candidate', outcome, controlsPerCanary: 6 }, RULES).watch
    }
    expect(watch.waiting).toHaveLength(128)
    expect(watch.canary.requests).toBe(500)
  })
})

describe('a bet', () => {
  it(
    'wins on average nothing while the claim is true, at any length (mean of 20,000 bets)',
    { timeout: 60_000 },
    () => {
      // A fair difference at the border of the claim: +0.9 with 1 / 10, -0.1 else.
      for (const length of [5, 40]) {
        let sum = 0
        for (let seed = 1; seed <= 20_000; seed += 1) {
          const random = createRandomStream(seed)
          let bet = NEW_BET
          for (let count = 0; count < length; count += 1) bet = betOn(bet, random.nextUnit() < 0.1 ? 0.9 : -0.1, 1)
          sum += wealthOf(bet)
        }
        expect(sum / 20_000).toBeGreaterThan(0.75)
        expect(sum / 20_000).toBeLessThan(1.1)
      }
    },
  )

  it(
    'reaches twenty dollars in fewer than one of twenty runs of a thousand fair differences',
    { timeout: 60_000 },
    () => {
      let reached = 0
      for (let seed = 1; seed <= 1_000; seed += 1) {
        const random = createRandomStream(seed)
        let bet = NEW_BET
        for (let count = 0; count < 1_000; count += 1) {
          bet = betOn(bet, random.nextUnit() < 0.1 ? 0.9 : -0.1, 1)
          if (wealthOf(bet) < 20) continue
          reached += 1
          break
        }
      }
      expect(reached).toBeLessThan(50)
      // It would reach them in nearly all runs if it bet without regard to what it may lose.
      expect(reached).toBeGreaterThan(0)
    },
  )
})
