import { describe, expect, it } from 'vitest'
import type { RoutingRow } from '../../../src/core/learning/routing-rows.ts'
import { createPolicyScorer } from '../../../src/core/policy/policy-scorer.ts'
import { evaluateCost, readCostRows, trainCost, type CostEvaluation } from '../../../src/learning/evaluation/cost.ts'
import { syntheticRows } from '../../core/learning/synthetic-rows.ts'

function fileOf(name: string, rows: readonly RoutingRow[]): { readonly name: string; readonly text: string } {
  const lines = rows.map(({ prompt, outcomes }) =>
    JSON.stringify({
      prompt,
      models: Object.fromEntries(
        [...outcomes].map(([model, { score, costUsd }]) => [model, { score, cost_usd: costUsd }]),
      ),
    }),
  )
  return { name, text: lines.join('\n') }
}

const train = fileOf('train', syntheticRows(600, 1))
const test = fileOf('test', syntheticRows(400, 2))
const training = { train, test, seed: 1, codeVersion: '0' }
const rows = readCostRows(training)
const artefact = trainCost(rows, training)

function judge(broken = false, judged = rows): CostEvaluation {
  const openScorer = (): ReturnType<typeof createPolicyScorer> => {
    const scorer = createPolicyScorer({ artefact })
    return broken
      ? { ...scorer, score: (prompt) => ({ ...scorer.score(prompt), success: Float64Array.of(0, 0, 1) }) }
      : scorer
  }
  return evaluateCost({ openScorer }, { artefact, rows: judged, seed: 1 })
}

describe('the evaluation of cost', () => {
  const report = judge()

  it('names the best single model and what it costs', () => {
    expect(report.best_single.name).toBe('strong')
    expect(report.best_single.usd).toBeCloseTo(0.01, 9)
    expect(report.best_single.score).toBeGreaterThan(0.9)
    expect(report.n).toBe(400)
  })

  it('is cheaper than the best random mix at the shares that a mix can reach', () => {
    for (const { quality_share: share, kernell, achieved, best_random_mix: mix } of report.points.slice(0, 3)) {
      expect(achieved).toBeGreaterThanOrEqual(share - 0.01)
      expect(kernell).toBeLessThan(mix ?? 0)
    }
  })

  it('holds each figure inside its interval', () => {
    for (const { kernell, ci95 } of report.points) {
      if (kernell === null) continue
      expect(ci95?.[0]).toBeLessThanOrEqual(kernell)
      expect(ci95?.[1]).toBeGreaterThanOrEqual(kernell)
    }
  })

  it('gives the same figures, intervals included, for rows in another order', () => {
    const again = judge(false, { ...rows, train: rows.train.toReversed(), test: rows.test.toReversed() })
    expect(again).toEqual(report)
  })

  it('gives no figure where the quality was not reached', () => {
    for (const { kernell, ci95, achieved } of judge(true).points.slice(0, 3)) {
      expect(achieved).toBeLessThan(0.8)
      expect(kernell).toBeNull()
      expect(ci95).toBeNull()
    }
  })

  it('counts tasks of high risk as they are served: by the model that is most likely to be right', () => {
    const judged = (prompt: string): CostEvaluation => {
      const scorer = createPolicyScorer({ artefact })
      // The strong one is hardly better, and not worth its price.
      const openScorer = () => ({
        ...scorer,
        score: () => ({ ...scorer.score(''), success: Float64Array.of(0.5, 0.6, 0.55) }),
      })
      const asked = { ...rows, test: rows.test.map((row) => ({ ...row, prompt: `${prompt} ${row.prompt}` })) }
      return evaluateCost({ openScorer }, { artefact, rows: asked, seed: 1 })
    }
    expect(judged('What dose of warfarin should my child take?').points[0]).toMatchObject({ kernell: 1, achieved: 1 })
    expect(judged('What is it called?').points[0]?.achieved).toBeLessThan(1)
  })

  it('leaves out models without a price or without outcomes, and lists them', () => {
    const extra = (row: RoutingRow, index: number): RoutingRow => ({
      ...row,
      outcomes: new Map([
        ...row.outcomes,
        ['unpriced', { score: 1 }] as const,
        ...(index % 2 === 0 ? [['rare', { score: 1, costUsd: 1 }] as const] : []),
      ]),
    })
    const wide = readCostRows({
      train: fileOf('train', syntheticRows(40, 1).map(extra)),
      test: fileOf('test', syntheticRows(40, 2).map(extra)),
    })
    expect(wide.candidates).toEqual(['coder', 'strong', 'weak'])
    expect(wide.leftOut).toEqual(['rare', 'unpriced'])
  })
})
