import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { shuffle } from '../../../src/base/random-stream.ts'
import type { RoutingRow } from '../../../src/core/learning/routing-rows.ts'
import { evaluateCost, readCostRows, trainCost } from '../../../src/learning/evaluation/cost.ts'
import { formatPolicyArtefact } from '../../../src/core/policy/policy-artefact.ts'
import { createPolicyService } from '../../../src/router/policy-service.ts'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { drawnQuestions } from '../../../src/simulation/scenarios/routing-savings/drawn-questions.ts'
import { ROUTING_SAVINGS } from '../../../src/simulation/scenarios/routing-savings.ts'
import { streamOf } from '../../../src/simulation/world/seeded-random.ts'
import { modelWorld } from '../models/simulated-world.ts'

type Point = {
  readonly quality_share: number
  readonly cost_share: number
  readonly first_choice_cost_share: number
  readonly is_trained_for: number
  readonly quality: number
}

function pointsOf(metrics: Readonly<Record<string, unknown>>): readonly Point[] {
  return Object.values(metrics['points'] as Readonly<Record<string, Point>>)
}

/** Rows as somebody may have recorded them: prompts, scores and costs of three models. */
function madeRows(): readonly RoutingRow[] {
  const { train } = drawnQuestions(modelWorld(5).stage, { tasks: 0, trainTasks: 200, repeated: 0 })
  return train.map(({ prompt, outcomes }) => ({
    prompt,
    outcomes: new Map([...outcomes].slice(0, 3)),
    isContaminated: false,
  }))
}

const fileOf = (name: string, rows: readonly RoutingRow[]): { readonly name: string; readonly text: string } => ({
  name,
  text: rows
    .map(({ prompt, outcomes }) =>
      JSON.stringify({
        prompt,
        models: Object.fromEntries(
          [...outcomes].map(([model, { score, costUsd }]) => [model, { score, cost_usd: costUsd }]),
        ),
      }),
    )
    .join('\n'),
})

describe('recorded rows through the real router', () => {
  it('come to what the evaluation of costs says of the same rows', async () => {
    const data = madeRows()
    const order = shuffle([...data], streamOf(1, 'scenario/split'))
    const files = { train: fileOf('train', order.slice(0, 100)), test: fileOf('test', order.slice(100)) }
    const rows = readCostRows(files)
    const artefact = trainCost(rows, { ...files, seed: 1, codeVersion: 'test' })
    const openScorer = () => {
      const { scorer } = createPolicyService({ artefact, quality: 0.7, explorationRate: 0 })
      if (scorer === undefined) throw new TypeError('A trained policy scores')
      return scorer
    }
    const expected = evaluateCost({ openScorer }, { artefact, rows, seed: 1 })
    const report = await runScenario(ROUTING_SAVINGS, { seed: 1, options: { qualityShares: [0.9, 0.99] }, data })
    expect(report.violations).toEqual([])
    expect(report.metrics['best_single']).toBe(expected.best_single.name)
    expect(report.handled.router).toBe(200)
    for (const point of pointsOf(report.metrics)) {
      const other = expected.points.find(({ quality_share: share }) => share === point.quality_share)
      expect(other).toBeDefined()
      if (other === undefined || other.kernell === null || point.is_trained_for === 0) continue
      // What is asked first is the same choice; where the policy doubts itself the router then asks another model, too.
      expect(point.first_choice_cost_share).toBeGreaterThanOrEqual(other.ci95?.[0] ?? 0)
      expect(point.first_choice_cost_share).toBeLessThanOrEqual(other.ci95?.[1] ?? 0)
      expect(point.cost_share).toBeGreaterThanOrEqual(point.first_choice_cost_share)
      expect(point.quality).toBeGreaterThan(other.achieved - 0.05)
    }
    expect(pointsOf(report.metrics).some(({ is_trained_for: is }) => is === 1)).toBe(true)
  }, 60_000)

  it('are all asked under a policy that was trained elsewhere', async () => {
    const data = madeRows().slice(0, 60)
    const files = { train: fileOf('train', madeRows().slice(60, 140)), test: fileOf('test', data) }
    const policy = formatPolicyArtefact(trainCost(readCostRows(files), { ...files, seed: 1, codeVersion: 'test' }))
    const options = { policy, qualityShares: [0.9], best: 'openai/gpt-3.5-turbo-1106' }
    const report = await runScenario(ROUTING_SAVINGS, { seed: 1, options, data })
    expect([report.metrics['asked'], report.metrics['trained_on']]).toEqual([60, 0])
    expect(report.metrics['best_single']).toBe(options.best)
    expect(report.violations).toEqual([])
    const other = runScenario(ROUTING_SAVINGS, { seed: 1, options: { ...options, best: 'nobody' }, data })
    await expect(other).rejects.toSatisfy((error: unknown) => CodedError.is(error, 'SIMULATION_OPTIONS_INVALID'))
  })

  it('are trained on from the first where that is asked for, and some have to be left to ask', async () => {
    const data = madeRows().slice(0, 60)
    const options = { trainRows: 40, qualityShares: [0.9] }
    const report = await runScenario(ROUTING_SAVINGS, { seed: 1, options, data })
    expect([report.metrics['asked'], report.metrics['trained_on']]).toEqual([20, 40])
    expect(report.metrics['source']).toMatchObject({ answers: expect.stringContaining('made up') })
    const all = runScenario(ROUTING_SAVINGS, { seed: 1, options: { ...options, trainRows: 60 }, data })
    await expect(all).rejects.toSatisfy((error: unknown) => CodedError.is(error, 'SIMULATION_OPTIONS_INVALID'))
  })

  it('are refused where too few of them have two models of known price', async () => {
    const run = runScenario(ROUTING_SAVINGS, { seed: 1, data: madeRows().slice(0, 10) })
    await expect(run).rejects.toSatisfy((error: unknown) => CodedError.is(error, 'TRAINING_DATA_INVALID'))
  })
})

describe('tasks of the fitted distributions', () => {
  it('save money at a quality, by the cache too, and say where the figures come from', async () => {
    const options = { tasks: 150, trainTasks: 100, qualityShares: [0.9], repeated: 0.4 }
    const report = await runScenario(ROUTING_SAVINGS, { seed: 3, options })
    expect(report.violations).toEqual([])
    const [point] = pointsOf(report.metrics)
    expect(point?.cost_share).toBeLessThan(1)
    expect(point?.quality).toBeGreaterThan(0.7)
    expect(report.metrics['source']).toMatchObject({
      outcomes: 'distributions',
      latency: expect.stringContaining('assumed'),
    })
    expect(report.metrics['answered_by']).toMatchObject({ 0.9: { tiers: { cache: expect.any(Number) } } })
    for (const checker of ['records-equal-bill', 'answer-was-served'])
      expect(report.checks[checker]).toBeGreaterThan(50)
    expect(report.checks['one-record-per-task']).toBe(1)
    const units = report.series.map(({ unit }) => unit)
    expect(units).toContain('cost of a task, share of the best single model')
    expect(units.filter((unit) => unit.startsWith('share of the tasks by who answers')).length).toBeGreaterThan(1)
    for (const { points } of report.series) expect(points.length).toBeGreaterThan(2)
    const again = await runScenario(ROUTING_SAVINGS, { seed: 3, options })
    expect(again.hash).toBe(report.hash)
  })
})
