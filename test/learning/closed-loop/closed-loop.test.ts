import { describe, expect, it } from 'vitest'
import { createPolicyScorer } from '../../../src/core/policy/policy-scorer.ts'
import {
  bestOf,
  chosenMeans,
  costAtQuality,
  judgedRows,
  policyCurve,
  scoreAtCost,
} from '../../../src/learning/closed-loop/cost-quality-curve.ts'
import { judgeRun, regretBlocks } from '../../../src/learning/closed-loop/judge-run.ts'
import {
  createOutcomeSource,
  unexecutedReads,
  type OutcomeRead,
} from '../../../src/learning/closed-loop/outcome-source.ts'
import {
  runLoop,
  type LoopComponents,
  type LoopInit,
  type LoopRun,
} from '../../../src/learning/closed-loop/run-loop.ts'
import { streamedTasks, unknownModels } from '../../../src/learning/closed-loop/streamed-task.ts'
import { createPolicyService, type PolicyServiceInit } from '../../../src/router/policy-service.ts'
import { MODELS, syntheticStream } from './synthetic-stream.ts'

const ROWS = syntheticStream(700, 1)
const TASKS = streamedTasks(ROWS)
const INIT: LoopInit = { rows: ROWS, tasks: TASKS, models: unknownModels(MODELS), seed: 1, checkpoints: [50, 100, 300] }

const components = (explore: Partial<NonNullable<PolicyServiceInit['explore']>> = {}): LoopComponents => ({
  openPolicy: (artefact, qualityShare) =>
    createPolicyService({
      artefact,
      qualityShare,
      quality: 1,
      explorationRate: 0,
      explore: { method: 'thompson', floor: 0.02, contenders: 0.5, width: 1.5, ...explore },
    }),
})

const executedBy = (run: LoopRun): readonly OutcomeRead[] =>
  run.log.map(({ action }, place) => ({ row: run.rows[place] ?? -1, model: action }))

describe('the source of outcomes', () => {
  it('reads no outcome but those of models that were called', () => {
    // Counted where the outcomes lie, so that a read past the source would be seen as well.
    const looks: OutcomeRead[] = []
    const watched = ROWS.map((row, index) => ({
      ...row,
      outcomes: new (class extends Map<string, never> {
        override get(model: string): never | undefined {
          looks.push({ row: index, model })
          return super.get(model)
        }
      })([...row.outcomes] as [string, never][]),
    }))
    const run = runLoop(components(), { ...INIT, rows: watched })
    expect(run.log).toHaveLength(300)
    expect(run.reads).toEqual(executedBy(run))
    expect(looks).toEqual(executedBy(run))
    expect(unexecutedReads(run.reads, executedBy(run))).toEqual([])
  })

  it('finds out a loop that looks at another model, or twice', () => {
    const run = runLoop(components(), {
      ...INIT,
      openSource(rows) {
        const source = createOutcomeSource(rows)
        return {
          reads: source.reads,
          execute(row, model) {
            if (row % 100 === 7) source.execute(row, model === 'gamma' ? 'beta' : 'gamma')
            return source.execute(row, model)
          },
        }
      },
    })
    const peeked = run.rows.filter((row) => row % 100 === 7)
    expect(peeked.length).toBeGreaterThan(0)
    expect(unexecutedReads(run.reads, executedBy(run)).map(({ row }) => row)).toEqual(peeked)
    const once: OutcomeRead = { row: 1, model: 'beta' }
    expect(unexecutedReads([once, once], [once])).toEqual([once])
  })
})

describe('the closed loop', () => {
  it('logs tasks whose propensities add up, and is the same for the same seed', () => {
    const run = runLoop(components(), INIT)
    for (const task of run.log) {
      expect(task.candidates.reduce((sum, { propensity }) => sum + propensity, 0)).toBeCloseTo(1, 9)
      expect(task.propensity).toBe(task.candidates.find(({ model }) => model === task.action)?.propensity)
      expect([...task.observed.keys()]).toEqual([task.action])
    }
    expect(runLoop(components(), INIT).log).toEqual(run.log)
    expect(runLoop(components(), { ...INIT, seed: 2 }).log).not.toEqual(run.log)
  })

  it('gets cheaper at the same quality, on rows that it did not stream', () => {
    const run = runLoop(components(), INIT)
    const unseen = new Set(run.unseen)
    expect(run.rows.some((row) => unseen.has(row))).toBe(false)
    expect(unseen.size).toBe(400)
    const judged = judgedOf(run)
    const { steps, equalCost } = judgeRun({ run, judged, openScorer: (artefact) => createPolicyScorer({ artefact }) })
    const costs = steps.map(({ cost }) => cost.costShare)
    expect(steps.map(({ outcomes }) => outcomes)).toEqual([0, 50, 100, 300])
    expect(costs[0]).toBeGreaterThan(0.85)
    // Sums to gamma, questions to beta: half the cost.
    expect(costs[3]).toBeLessThan(0.6)
    expect(equalCost.policy).toBeGreaterThan(equalCost.randomMix + 0.05)
    expect(equalCost.policy).toBeGreaterThan(equalCost.frozenPrior + 0.05)
    expect(equalCost.policy).toBeGreaterThan(equalCost.alwaysCheap)
  })

  it('spends few outcomes on a model that another surpasses at the same cost', () => {
    const run = runLoop(components(), INIT)
    const late = run.log.slice(200).filter(({ action }) => action === 'alpha').length
    expect(late).toBeLessThan(10)
  })

  it('regrets less as it learns, measured against what an oracle would have chosen', () => {
    const blocks = regretBlocks(runLoop(components(), INIT), ROWS, MODELS)
    expect(blocks.map(({ outcomes }) => outcomes)).toEqual([100, 200, 300])
    expect(blocks[2]?.policy).toBeLessThan(blocks[0]?.policy ?? 0)
    expect(blocks[2]?.policy).toBeLessThan(blocks[2]?.uniform ?? 0)
    expect(Math.min(...blocks.map(({ bestSingle }) => bestSingle))).toBeGreaterThanOrEqual(0)
  })

  it('refuses a stream that leaves nothing to judge', () => {
    expect(() => runLoop(components(), { ...INIT, checkpoints: [700] })).toThrow(RangeError)
  })
})

function judgedOf(run: LoopRun): ReturnType<typeof judgedRows> {
  const unseen = new Set(run.unseen)
  return judgedRows(
    ROWS.filter((_, row) => unseen.has(row)),
    TASKS.filter(({ row }) => unseen.has(row)).map(({ features }) => features),
    MODELS,
  )
}

describe('a cost-quality curve', () => {
  const points = (...pairs: readonly (readonly [usd: number, score: number])[]) =>
    pairs.map(([usd, score]) => ({ usd, score }))
  const judged = judgedRows(
    ROWS,
    TASKS.map(({ features }) => features),
    MODELS,
  )
  const best = bestOf(judged)

  it('is read at the cheapest mix of two points, the best single model among them', () => {
    const wanted = 0.9 * best.score
    const half = points([0.1 * best.usd, wanted - 0.1], [0.3 * best.usd, wanted + 0.1])
    expect(costAtQuality(half, judged, 0.9)).toEqual({ costShare: expect.closeTo(0.2, 9) as number, isReached: true })
    const short = points([0.1 * best.usd, wanted - (best.score - wanted)])
    expect(costAtQuality(short, judged, 0.9)).toEqual({
      costShare: expect.closeTo(0.55, 9) as number,
      isReached: false,
    })
    expect(costAtQuality([], judged, 0.9)).toEqual({ costShare: 1, isReached: false })
  })

  it('is read at a cost by the best mix that it buys', () => {
    const curve = points([1, 0.5], [3, 0.7], [2, 0.5])
    expect(scoreAtCost(curve, 2)).toBeCloseTo(0.6, 9)
    expect(scoreAtCost(curve, 4)).toBe(0.7)
    expect(scoreAtCost(curve, 0.5)).toBeUndefined()
  })

  it('is that of the policy as it is served: the service chooses the same models at the same weight', () => {
    const { policies } = runLoop(components(), INIT)
    const artefact = policies.at(-1)?.artefact
    const point = artefact?.operatingPoints.find(({ qualityShare }) => qualityShare === 0.95)
    if (artefact === undefined || point === undefined) throw new Error('no policy was learned')
    const service = createPolicyService({ artefact, qualityShare: 0.95, quality: 0.7, explorationRate: 0 })
    const { models } = INIT
    let [score, usd] = [0, 0]
    for (const [row, task] of TASKS.entries()) {
      const { plan } = service.decide({
        prompt: task.prompt,
        candidates: models,
        excluded: [],
        fixedRoute: 'auto',
        tokensIn: task.tokensIn,
        today: '2026-01-01' as Parameters<typeof service.decide>[0]['today'],
        priceVersion: 'test',
        draw: 0.5,
        isCascadeAllowed: false,
        recentFailures: 0,
      })
      const outcome = ROWS[row]?.outcomes.get(plan[0]?.modelId ?? '')
      score += (outcome?.score ?? 0) / ROWS.length
      usd += (outcome?.costUsd ?? 0) / ROWS.length
    }
    const chosen = chosenMeans(createPolicyScorer({ artefact }), judged, point.successPerUsd)
    expect(chosen.score).toBeCloseTo(score, 9)
    expect(chosen.usd).toBeCloseTo(usd, 9)
    expect(policyCurve(createPolicyScorer({ artefact }), judged)).toHaveLength(122)
  })
})
