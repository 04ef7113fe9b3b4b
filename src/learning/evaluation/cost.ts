import { bootstrapIntervals, type Interval } from '../../core/learning/bootstrap.ts'
import { QUALITY_SHARES, SHORTFALL_MAX } from '../../core/learning/operating-points.ts'
import { cheapestMix } from '../../core/learning/random-mix.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'
import { trainPolicy } from '../../core/learning/train-policy.ts'
import { bestTradeIndex } from '../../core/policy/best-trade.ts'
import { createRiskDetector } from '../../core/policy/risk-detection.ts'
import type { PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import type { PolicyScorer } from '../../core/policy/policy-scorer.ts'
import { orderRows } from './order-rows.ts'
import { dataCardHash, expectRows, readRoutingFile, type RoutingFile, type RoutingTraining } from './train-routing.ts'

/** What it costs to keep a share of the best single model's quality; names and shape are public. Costs are shares of what that model costs on the test rows. */
export type CostPoint = {
  /** Share of the best single model's score that is asked for, 0 to 1. */
  readonly quality_share: number
  /** Cost as a share of the best single model's; `null` when less than `quality_share - 0.01` was reached. */
  readonly kernell: number | null
  readonly ci95: Interval | null
  /** Share of the best single model's test score that was reached. */
  readonly achieved: number
  /** The same of the cheapest random mix of two models, or one, that reaches the share on the training rows; `null` where there is none. */
  readonly best_random_mix: number | null
  /** What that mix reached on the test rows. */
  readonly best_random_mix_achieved: number | null
}

/** Figures of choosing among many models; names and shape are public. */
export type CostEvaluation = {
  readonly n: number
  readonly best_single: { readonly name: string; readonly score: number; readonly usd: number }
  /** Models without a price for all of their rows, or without an outcome for most rows. */
  readonly left_out: readonly string[]
  /** Test rows on which some model has no outcome. */
  readonly rows_left_out: number
  readonly points: readonly CostPoint[]
}

/** A model must have an outcome for at least this share of the rows. */
const COVERAGE_MIN = 0.95

/** Two files with scores and costs of several models: choosing among these is learned from one and judged on the other. */
export type CostTraining = Omit<RoutingTraining, 'files' | 'strong' | 'weak' | 'label'> & {
  readonly train: RoutingFile
  readonly test: RoutingFile
}

/** Rows of both files on which every kept model has an outcome and a price. */
export type CostRows = {
  readonly train: readonly RoutingRow[]
  readonly test: readonly RoutingRow[]
  readonly candidates: readonly string[]
  readonly leftOut: readonly string[]
  readonly rowsLeftOut: number
}

/** Reads both files. Throws `TRAINING_DATA_INVALID` for a broken row, or when fewer than two models can be compared. */
export function readCostRows({ train, test }: Pick<CostTraining, 'train' | 'test'>): CostRows {
  const trainRows = readRoutingFile(train, 'score')
  const testRows = readRoutingFile(test, 'score')
  const names = [...new Set(trainRows.flatMap(({ outcomes }) => [...outcomes.keys()]))].toSorted()
  const candidates = names.filter((name) => isComparable(trainRows, name) && isComparable(testRows, name))
  expectRows(candidates.length < 2 ? 0 : trainRows.length, 'rows with two models of known price')
  const isComplete = ({ outcomes }: RoutingRow): boolean => candidates.every((name) => outcomes.has(name))
  const complete = testRows.filter(isComplete)
  return {
    train: trainRows.filter(isComplete),
    test: complete,
    candidates,
    leftOut: names.filter((name) => !candidates.includes(name)),
    rowsLeftOut: testRows.length - complete.length,
  }
}

function isComparable(rows: readonly RoutingRow[], name: string): boolean {
  const outcomes = rows.flatMap((row) => row.outcomes.get(name) ?? [])
  return outcomes.length >= COVERAGE_MIN * rows.length && outcomes.every(({ costUsd }) => costUsd !== undefined)
}

/** Trains candidates with costs. */
export function trainCost(rows: CostRows, training: CostTraining): PolicyArtefact {
  return trainPolicy(rows.train, {
    candidates: rows.candidates,
    withCosts: true,
    seed: training.seed,
    lineage: {
      dataCardHash: dataCardHash([training.train], { label: 'score', rows: rows.train.length }, training.sha256Hex),
      codeVersion: training.codeVersion,
    },
  })
}

/** What `evaluateCost` needs from outside. */
export type CostEvaluationComponents = {
  /** Opens the product's scorer of an artefact: the one that decisions are served with. */
  readonly openScorer: (artefact: PolicyArtefact) => PolicyScorer
}

/** Judges the artefact's operating points on the test rows, with what is of high risk beginning as it is served, beside the best single model and the cheapest random mix of two. */
export function evaluateCost(
  { openScorer }: CostEvaluationComponents,
  { artefact, rows, seed }: { readonly artefact: PolicyArtefact; readonly rows: CostRows; readonly seed: number },
): CostEvaluation {
  const { candidates } = rows
  const figuresOf = ({ outcomes }: RoutingRow): readonly (number | undefined)[] =>
    candidates.flatMap((name) => [outcomes.get(name)?.score, outcomes.get(name)?.costUsd])
  const [train, test] = [orderRows(rows.train, figuresOf), orderRows(rows.test, figuresOf)]
  if (test.length === 0) throw new RangeError('There is no row to judge costs with')
  const scorer = openScorer(artefact)
  const trainTotals = candidates.map((name) => totalsOf(train, name))
  const testTotals = candidates.map((name) => totalsOf(test, name))
  const best = trainTotals.reduce((top, { score }, place) => (score > (trainTotals[top]?.score ?? 0) ? place : top), 0)
  const bestTest = testTotals[best] ?? { score: 0, usd: 0 }
  const risks = createRiskDetector()
  const predictions = test.map(({ prompt }) => ({
    isHighRisk: risks.assess(prompt).risk === 'high',
    success: scorer.score(prompt).success,
    usd: scorer.expectedUsd(prompt) ?? new Float64Array(candidates.length),
  }))
  const points = QUALITY_SHARES.map((share): CostPoint => {
    const operating = artefact.operatingPoints.find(({ qualityShare }) => qualityShare === share)
    const chosen = predictions.map(({ isHighRisk, success, usd }) => {
      if (operating === undefined) return best
      // As it is served: under high risk a price is no reason.
      return isHighRisk ? safestIndex(success, usd) : bestTradeIndex(success, usd, operating.successPerUsd)
    })
    return pointOf({
      share,
      chosen,
      test,
      candidates,
      best,
      seed,
      mix: mixOf({ share, trainTotals, testTotals, best }),
    })
  })
  return {
    n: test.length,
    best_single: { name: candidates[best] ?? '', score: bestTest.score, usd: bestTest.usd },
    left_out: rows.leftOut,
    rows_left_out: rows.rowsLeftOut,
    points,
  }
}

/** Place of the candidate that is the most likely to be right; of equal ones the dearest. */
function safestIndex(success: Float64Array, usd: Float64Array): number {
  let safest = 0
  for (let place = 1; place < success.length; place += 1) {
    const gained = (success[place] ?? 0) - (success[safest] ?? 0)
    if (gained > 0 || (gained === 0 && (usd[place] ?? 0) > (usd[safest] ?? 0))) safest = place
  }
  return safest
}

type Totals = { readonly score: number; readonly usd: number }

/** Means over the rows. */
function totalsOf(rows: readonly RoutingRow[], name: string): Totals {
  let score = 0
  let usd = 0
  for (const { outcomes } of rows) {
    score += outcomes.get(name)?.score ?? 0
    usd += outcomes.get(name)?.costUsd ?? 0
  }
  return { score: score / rows.length, usd: usd / rows.length }
}

type Mix = { readonly cost: number; readonly achieved: number }

function mixOf(input: {
  readonly share: number
  readonly trainTotals: readonly Totals[]
  readonly testTotals: readonly Totals[]
  readonly best: number
}): Mix | undefined {
  const { share, trainTotals, testTotals, best } = input
  const mix = cheapestMix(trainTotals, share * (trainTotals[best]?.score ?? 0))
  const whole = testTotals[best]
  if (mix === undefined || whole === undefined) return undefined
  const blend = (read: (totals: Totals) => number): number => {
    const [first, second] = [testTotals[mix.first] ?? whole, testTotals[mix.second] ?? whole]
    return mix.firstShare * read(first) + (1 - mix.firstShare) * read(second)
  }
  return { cost: blend(({ usd }) => usd) / whole.usd, achieved: blend(({ score }) => score) / whole.score }
}

type PointInput = {
  readonly share: number
  /** The candidate that answers each test row. */
  readonly chosen: readonly number[]
  readonly test: readonly RoutingRow[]
  readonly candidates: readonly string[]
  readonly best: number
  readonly seed: number
  readonly mix: Mix | undefined
}

function pointOf({ share, chosen, test, candidates, best, seed, mix }: PointInput): CostPoint {
  const column = (
    read: (row: RoutingRow, name: string) => number | undefined,
    place: (row: number) => number,
  ): Float64Array => Float64Array.from(test, (row, index) => read(row, candidates[place(index)] ?? '') ?? 0)
  const usdOf = (row: RoutingRow, name: string): number | undefined => row.outcomes.get(name)?.costUsd
  const scoreOf = (row: RoutingRow, name: string): number | undefined => row.outcomes.get(name)?.score
  const ours = column(usdOf, (row) => chosen[row] ?? best)
  const single = column(usdOf, () => best)
  const achieved = sum(column(scoreOf, (row) => chosen[row] ?? best)) / sum(column(scoreOf, () => best))
  const isReached = achieved >= share - SHORTFALL_MAX
  const intervals = isReached
    ? bootstrapIntervals(test.length, seed, (multiplicity) => [
        weighted(ours, multiplicity) / weighted(single, multiplicity),
      ])
    : []
  return {
    quality_share: share,
    kernell: isReached ? sum(ours) / sum(single) : null,
    ci95: intervals[0] ?? null,
    achieved,
    best_random_mix: mix?.cost ?? null,
    best_random_mix_achieved: mix?.achieved ?? null,
  }
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}

function weighted(values: Float64Array, multiplicity: Uint16Array): number {
  let total = 0
  for (let row = 0; row < values.length; row += 1) total += (values[row] ?? 0) * (multiplicity[row] ?? 0)
  return total
}
