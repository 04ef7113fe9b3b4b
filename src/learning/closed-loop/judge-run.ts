import type { ModelMeans } from '../../core/learning/random-mix.ts'
import type { RoutingRow } from '../../core/learning/routing-rows.ts'
import type { PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import type { PolicyScorer } from '../../core/policy/policy-scorer.ts'
import {
  bestOf,
  chosenMeans,
  costAtQuality,
  policyCurve,
  scoreAtCost,
  type CostAtQuality,
  type JudgedRows,
} from './cost-quality-curve.ts'
import type { LoopRun } from './run-loop.ts'

/** The share of the best single model's score that costs are read at. */
export const QUALITY_SHARE = 0.95

/** What one run of the loop came to, on rows that it did not see. Scores and costs are shares of the best single model's. */
export type JudgedRun = {
  readonly best: { readonly place: number; readonly score: number; readonly usd: number }
  readonly steps: readonly JudgedStep[]
  readonly equalCost: EqualCost
  /** Highest score of the last policy at no more than the best single model's cost. */
  readonly atPremiumCost: number
}

export type JudgedStep = {
  readonly outcomes: number
  readonly cost: CostAtQuality
  /** The operating point that the policy chose for itself, from predictions on streamed tasks; `undefined` where it had none. */
  readonly operating: { readonly costShare: number; readonly achieved: number } | undefined
}

/** Scores at the cost at which the last policy reaches `QUALITY_SHARE`. */
export type EqualCost = {
  readonly costShare: number
  readonly policy: number
  /** The cheapest model alone: it has nothing to spend the rest on. */
  readonly alwaysCheap: number
  /** The best single model for as many tasks as the cost allows, the cheapest for the others. */
  readonly randomMix: number
  /** The best mix of any two models, chosen with hindsight on the judged rows. */
  readonly bestMix: number
  /** What the loop started with, read as the policy is. */
  readonly frozenPrior: number
}

export type JudgeInit = {
  readonly run: LoopRun
  readonly judged: JudgedRows
  readonly openScorer: (artefact: PolicyArtefact) => PolicyScorer
}

export function judgeRun({ run, judged, openScorer }: JudgeInit): JudgedRun {
  const best = bestOf(judged)
  const looks = run.policies.map(({ outcomes, artefact }) => {
    const scorer = openScorer(artefact)
    return { outcomes, scorer, curve: policyCurve(scorer, judged) }
  })
  const prior = looks[0]?.curve ?? []
  const last = looks.at(-1)?.curve ?? []
  const own = scoreAtCost(last, best.usd) ?? 0
  return {
    best: { place: judged.best, ...best },
    steps: looks.map(({ outcomes, scorer, curve }) => ({
      outcomes,
      cost: costAtQuality(curve, judged, QUALITY_SHARE),
      operating: operatingStep(scorer, judged),
    })),
    equalCost: atEqualCost(judged, prior, last),
    atPremiumCost: own / best.score,
  }
}

function operatingStep(scorer: PolicyScorer, judged: JudgedRows): JudgedStep['operating'] {
  const point = scorer.artefact.operatingPoints.find(({ qualityShare }) => qualityShare === QUALITY_SHARE)
  if (point === undefined) return undefined
  const best = bestOf(judged)
  const { score, usd } = chosenMeans(scorer, judged, point.successPerUsd)
  return { costShare: usd / best.usd, achieved: score / best.score }
}

function atEqualCost(judged: JudgedRows, prior: readonly ModelMeans[], last: readonly ModelMeans[]): EqualCost {
  const best = bestOf(judged)
  const { costShare } = costAtQuality(last, judged, QUALITY_SHARE)
  const usd = costShare * best.usd
  const cheapest = judged.singles.reduce((least, single) => (single.usd < least.usd ? single : least), best)
  const shareAt = (curve: readonly ModelMeans[]): number => (scoreAtCost(curve, usd) ?? 0) / best.score
  return {
    costShare,
    policy: shareAt([...last, best]),
    alwaysCheap: shareAt([cheapest]),
    randomMix: shareAt([cheapest, best]),
    bestMix: shareAt(judged.singles),
    frozenPrior: shareAt([...prior, best]),
  }
}

/** Mean regret per task in each block of the stream, in right answers; dollars count at the weight by which the task was decided. */
export type RegretBlock = {
  /** Outcomes at the end of the block. */
  readonly outcomes: number
  readonly policy: number
  /** Of choosing any model by lot. */
  readonly uniform: number
  /** Of always choosing the model with the best mean score over the stream, with hindsight. */
  readonly bestSingle: number
}

const BLOCK = 100

/** Regret against an oracle that knows the outcomes of every model for every task. Judges only; nothing of it reaches the loop. */
export function regretBlocks(
  run: LoopRun,
  rows: readonly RoutingRow[],
  candidates: readonly string[],
): readonly RegretBlock[] {
  const totals = candidates.map((name) =>
    run.rows.reduce((sum, row) => sum + (rows[row]?.outcomes.get(name)?.score ?? 0), 0),
  )
  const single = totals.indexOf(Math.max(...totals))
  const regrets = run.log.map(({ action }, place) => {
    const outcomes = rows[run.rows[place] ?? -1]?.outcomes
    const weight = run.weights[place] ?? 0
    const values = candidates.map((name) => {
      const outcome = outcomes?.get(name)
      return (outcome?.score ?? 0) - weight * (outcome?.costUsd ?? 0)
    })
    const oracle = Math.max(...values)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return {
      policy: oracle - (values[candidates.indexOf(action)] ?? oracle),
      uniform: oracle - mean,
      bestSingle: oracle - (values[single] ?? oracle),
    }
  })
  const blocks: RegretBlock[] = []
  for (let from = 0; from < regrets.length; from += BLOCK) {
    const block = regrets.slice(from, from + BLOCK)
    const mean = (read: (regret: (typeof regrets)[number]) => number): number =>
      block.reduce((sum, regret) => sum + read(regret), 0) / block.length
    blocks.push({
      outcomes: from + block.length,
      policy: mean(({ policy }) => policy),
      uniform: mean(({ uniform }) => uniform),
      bestSingle: mean(({ bestSingle }) => bestSingle),
    })
  }
  return blocks
}
