import { exp, log } from '../../base/deterministic-math.ts'
import { cheapestMix, type ModelMeans } from '../../core/learning/random-mix.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'
import { bestTradeIndex } from '../../core/policy/best-trade.ts'
import type { PolicyScorer } from '../../core/policy/policy-scorer.ts'

/** Tasks whose outcomes are all known to the judge, and to nobody else. Arrays are `[task * candidates + candidate]`. */
export type JudgedRows = {
  readonly candidateCount: number
  /** Raw prompt features per task. */
  readonly features: readonly Float64Array[]
  readonly score: Float64Array
  readonly usd: Float64Array
  /** Means per candidate. */
  readonly singles: readonly ModelMeans[]
  /** Place of the candidate with the highest mean score; the first of equals. */
  readonly best: number
}

/** Lays out rows for judging. Throws `RangeError` when there is none. */
export function judgedRows(
  rows: readonly RoutingRow[],
  features: readonly Float64Array[],
  candidates: readonly string[],
): JudgedRows {
  if (rows.length === 0) throw new RangeError('There is no row to judge with')
  const candidateCount = candidates.length
  const score = new Float64Array(rows.length * candidateCount)
  const usd = new Float64Array(rows.length * candidateCount)
  for (const [row, { outcomes }] of rows.entries()) {
    for (const [place, name] of candidates.entries()) {
      score[row * candidateCount + place] = outcomes.get(name)?.score ?? 0
      usd[row * candidateCount + place] = outcomes.get(name)?.costUsd ?? 0
    }
  }
  const singles = candidates.map((_, place) => meansOf({ candidateCount, score, usd }, rows, () => place))
  const best = singles.reduce((top, { score: own }, place) => (own > (singles[top]?.score ?? 0) ? place : top), 0)
  return { candidateCount, features, score, usd, singles, best }
}

function meansOf(
  { candidateCount, score, usd }: Pick<JudgedRows, 'candidateCount' | 'score' | 'usd'>,
  rows: { readonly length: number },
  choose: (row: number) => number,
): ModelMeans {
  let scores = 0
  let dollars = 0
  for (let row = 0; row < rows.length; row += 1) {
    const at = row * candidateCount + choose(row)
    scores += score[at] ?? 0
    dollars += usd[at] ?? 0
  }
  return { score: scores / rows.length, usd: dollars / rows.length }
}

const STEPS = 120
const WEIGHT_MIN = 0.05
const WEIGHT_MAX = 20_000

/** The weights of a dollar at which a policy is looked at: 0, then evenly in the logarithm. */
const WEIGHTS: readonly number[] = [
  0,
  ...Array.from({ length: STEPS + 1 }, (_, step) =>
    exp(log(WEIGHT_MIN) + (step / STEPS) * (log(WEIGHT_MAX) - log(WEIGHT_MIN))),
  ),
]

/**
 * The cost-quality curve of a policy: mean score and mean dollars over the judged tasks at every weight of a dollar. At each weight the
 * policy sends each task where predicted success less weighted predicted dollars is greatest, as the service does at that operating
 * point; outcomes are read only to judge what it chose.
 */
export function policyCurve(scorer: PolicyScorer, judged: JudgedRows): readonly ModelMeans[] {
  const predictions = predict(scorer, judged)
  return WEIGHTS.map((weight) => meansAt(judged, predictions, weight))
}

/** One point of that curve. */
export function chosenMeans(scorer: PolicyScorer, judged: JudgedRows, successPerUsd: number): ModelMeans {
  return meansAt(judged, predict(scorer, judged), successPerUsd)
}

type Predictions = readonly { readonly success: Float64Array; readonly usd: Float64Array }[]

function predict(scorer: PolicyScorer, { features }: JudgedRows): Predictions {
  return features.map((raw) => {
    const task = scorer.encodeRaw(raw)
    const { success } = scorer.scoreEncoded(task)
    return { success, usd: scorer.expectedUsdOf(task) ?? new Float64Array(success.length) }
  })
}

function meansAt(judged: JudgedRows, predictions: Predictions, weight: number): ModelMeans {
  return meansOf(judged, predictions, (row) => {
    const own = predictions[row]
    return own === undefined ? 0 : bestTradeIndex(own.success, own.usd, weight)
  })
}

/** What a quality costs on a curve. */
export type CostAtQuality = {
  /** Share of the best single model's cost. */
  readonly costShare: number
  /** Whether the curve reaches the quality by itself, without sending a share of the tasks to the best single model. */
  readonly isReached: boolean
}

/**
 * Least cost, as a share of the best single model's, at which a curve reaches a share of that model's score: the cheapest mix of two of
 * its points, or of a point and the best single model, which is there for whoever compares with it. Such a mix sends each task to one
 * side or the other by lot. The same reading is made of every curve; it describes the curve, as CPT does, and is no operating point
 * that could have been chosen beforehand.
 */
export function costAtQuality(curve: readonly ModelMeans[], judged: JudgedRows, qualityShare: number): CostAtQuality {
  const best = bestOf(judged)
  const wanted = qualityShare * best.score
  const points = [...curve, best]
  const mix = cheapestMix(points, wanted)
  if (mix === undefined) return { costShare: 1, isReached: false }
  const [first, second] = [points[mix.first] ?? best, points[mix.second] ?? best]
  return {
    costShare: (mix.firstShare * first.usd + (1 - mix.firstShare) * second.usd) / best.usd,
    isReached: curve.some(({ score }) => score >= wanted),
  }
}

/** Highest mean score of a point or of a mix of two points at this mean cost, dollars; `undefined` below the cheapest point. */
export function scoreAtCost(curve: readonly ModelMeans[], usd: number): number | undefined {
  let highest: number | undefined
  const consider = (score: number): void => {
    if (highest === undefined || score > highest) highest = score
  }
  const within = curve.filter((point) => point.usd <= usd)
  for (const left of within) {
    consider(left.score)
    for (const right of curve) {
      if (right.usd <= usd) continue
      consider(left.score + ((right.score - left.score) * (usd - left.usd)) / (right.usd - left.usd))
    }
  }
  return highest
}

export function bestOf({ singles, best }: JudgedRows): ModelMeans {
  const single = singles[best]
  if (single === undefined) throw new RangeError('There is no candidate')
  return single
}
