import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import { detectDrift, type DriftReport } from '../../../../src/core/learning/drift/detect-drift.ts'
import { createNoveltyGauge } from '../../../../src/core/learning/drift/novelty.ts'
import { categoryStability, numericStability } from '../../../../src/core/learning/drift/population-stability.ts'
import type { LoggedTask } from '../../../../src/core/learning/logged-task.ts'
import { rowsOf } from '../off-policy/log-rows.ts'

const NAMES = Array.from({ length: 8 }, (_, at) => `f${at}`)

/** Tasks whose features are uniform, moved by `shift` in the first `moved` of them. */
function tasksOf(seed: number, { count = 2000, moved = 0, shift = 0 } = {}): readonly LoggedTask[] {
  const random = createRandomStream(seed)
  return rowsOf(count, (at) => ({ propensities: [0.5, 0.5], action: at % 2, success: Number(at % 4 !== 0) })).map(
    (task) => ({
      ...task,
      features: Float64Array.from(NAMES, (_, at) => random.nextUnit() + (at < moved ? shift : 0)),
    }),
  )
}

function drift(recent: readonly LoggedTask[], reference: readonly LoggedTask[] = tasksOf(1)): DriftReport {
  return detectDrift({ reference, recent, featureNames: NAMES, featuresOf: ({ features }) => features })
}

describe('detectDrift', () => {
  it('finds none between samples of the same tasks, in 50 draws', () => {
    const states = Array.from({ length: 50 }, (_, seed) => drift(tasksOf(seed + 2)).state)
    expect(states.filter((state) => state !== 'stable')).toEqual([])
  })

  it('finds it where many features moved', () => {
    const report = drift(tasksOf(2, { moved: 5, shift: 0.5 }))
    expect(report.state).toBe('drifted')
    expect(
      report.figures
        .slice(0, 5)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['feature: f0', 'feature: f1', 'feature: f2', 'feature: f3', 'feature: f4'])
  })

  it('only asks to watch a single feature that moved', () => {
    expect(drift(tasksOf(2, { moved: 1, shift: 0.25 })).state).toBe('watch')
  })

  it('sees a flag that was rare, by no more than chance in the bins that it has', () => {
    const flagged = (seed: number, share: number): readonly LoggedTask[] => {
      const random = createRandomStream(seed)
      return tasksOf(seed, { count: 250 }).map((task) => ({
        ...task,
        features: task.features?.with(3, Number(random.nextUnit() < share)),
      }))
    }
    const figureOf = (report: DriftReport): DriftReport['figures'][number] | undefined =>
      report.figures.find(({ name }) => name === 'feature: f3')
    expect(figureOf(drift(flagged(2, 0.9), flagged(1, 0.05)))?.state).toBe('drifted')
    // 5 % to 20 % is an index of 0.22; ten bins would take 0.07 of it for chance.
    expect(figureOf(drift(flagged(2, 0.2), flagged(1, 0.05)))?.figure).toBeGreaterThan(0.18)
    const figures = Array.from({ length: 30 }, (_, seed) => drift(flagged(seed, 0.05), flagged(100, 0.05)))
    expect(figures.map((report) => figureOf(report)?.state)).toEqual(figures.map(() => 'stable'))
  })

  it('sees other models, other risks and other success', () => {
    const recent = tasksOf(2).map((task): LoggedTask => ({
      ...task,
      risk: 'high',
      outcome: { ...task.outcome, success: 0 },
    }))
    const drifted = drift(recent).figures.filter(({ state }) => state === 'drifted')
    expect(drifted.map(({ name }) => name).toSorted()).toEqual(['risk', 'success'])
  })

  it('says nothing of few tasks', () => {
    expect(drift(tasksOf(2, { count: 199 }))).toMatchObject({ state: 'unknown', figures: [] })
  })

  it('compares what is known where features were not kept', () => {
    const bare = (tasks: readonly LoggedTask[]): readonly LoggedTask[] =>
      tasks.map((task) => ({ ...task, features: undefined }))
    expect(drift(bare(tasksOf(2)), bare(tasksOf(1))).figures.map(({ name }) => name)).toEqual([
      'model',
      'risk',
      'success',
      'tier',
    ])
  })
})

describe('population stability', () => {
  it('is the sum of differences times logarithms', () => {
    const reference = Array.from({ length: 100 }, (_, at) => (at < 50 ? 'x' : 'y'))
    const recent = Array.from({ length: 100 }, (_, at) => (at < 80 ? 'x' : 'y'))
    expect(categoryStability(reference, recent).bins).toBe(2)
    expect(categoryStability(reference, recent).index).toBeCloseTo(
      0.3 * Math.log(0.8 / 0.5) - 0.3 * Math.log(0.2 / 0.5),
      12,
    )
    expect(categoryStability(reference, reference).index).toBe(0)
  })

  it('is finite where a category is new, and no number without rows', () => {
    expect(categoryStability(['x'], ['y']).index).toBeGreaterThan(0)
    expect(Number.isFinite(categoryStability(['x'], ['y']).index)).toBe(true)
    expect(categoryStability([], ['y']).index).toBeNaN()
    expect(numericStability([1], []).index).toBeNaN()
  })

  it('cuts numbers at the deciles of the reference', () => {
    const reference = Array.from({ length: 1000 }, (_, at) => at)
    expect(numericStability(reference, reference)).toEqual({ index: 0, bins: 10 })
    const moved = reference.map((value) => value + 500)
    expect(numericStability(reference, moved).index).toBeGreaterThan(1)
  })

  const shareOf = (value: number, every: number): readonly number[] =>
    Array.from({ length: 1000 }, (_, at) => (at % every === 0 ? value : 0))
  const ones = shareOf(1, 1)

  it.each([
    ['a flag that one in twenty had', shareOf(1, 20), ones, 2],
    ['a flag that nobody had', shareOf(0, 1), ones, 2],
    ['a flag that all but one in twenty had', shareOf(-1, 20), shareOf(-1, 1), 2],
    ['a flag that is gone', ones, shareOf(0, 1), 2],
    ['a value between two others', shareOf(2, 2), ones, 3],
    ['a count that is mostly nothing', shareOf(1, 12).map((flag, at) => flag * at), ones.map((_, at) => at), 2],
    ['a debt that is mostly nothing', shareOf(-1, 12).map((flag, at) => flag * at), ones.map((_, at) => -at), 2],
  ])('sees %s', (_, reference, recent, bins) => {
    expect(numericStability(reference, reference).index).toBe(0)
    const found = numericStability(reference, recent)
    expect(found.bins).toBe(bins)
    expect(found.index).toBeGreaterThan(1)
  })
})

describe('createNoveltyGauge', () => {
  const reference = tasksOf(1).flatMap(({ features }) => features ?? [])

  it('finds a hundredth novel among tasks like those it knows', () => {
    expect(createNoveltyGauge(reference).share(reference)).toBeLessThanOrEqual(0.01)
  })

  it('finds tasks novel that are far from all', () => {
    expect(createNoveltyGauge(reference).share(reference.map((row) => row.map((value) => value + 3)))).toBe(1)
  })

  it('refuses rows of another length, and an empty reference', () => {
    expect(() => createNoveltyGauge([])).toThrow(RangeError)
    expect(() => createNoveltyGauge(reference).share([new Float64Array(2)])).toThrow(RangeError)
  })
})
