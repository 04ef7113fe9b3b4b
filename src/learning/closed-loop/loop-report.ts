import { QUALITY_SHARE, type EqualCost, type JudgedRun, type RegretBlock } from './judge-run.ts'
import { summarise, type Summary } from './summarise.ts'

/** Figures of many runs of the loop; names and shape are public. Scores and costs are shares of the best single model's. */
export type LoopReport = {
  readonly quality_share: number
  readonly seeds: number
  readonly first_seed: number
  readonly models: number
  /** Rows that a run may stream from, and rows that each policy is judged on. */
  readonly rows: { readonly streamed: number; readonly judged: number }
  readonly best_single: { readonly name: string; readonly score: number; readonly usd: number }
  readonly steps: readonly LoopStep[]
  /** Each mean is no higher than the interval of the mean before it. */
  readonly falls: boolean
  readonly equal_cost: {
    readonly cost_share: Summary
    readonly policy: Summary
    readonly baselines: readonly EqualCostBaseline[]
    /** Best score of the last policy at no more than the cost of the best single model. */
    readonly at_premium_cost: Summary
  }
  readonly regret: readonly {
    readonly outcomes: number
    readonly policy: Summary
    readonly uniform: number
    readonly best_single: number
  }[]
  /** Outcomes that were read, and those among them that no execution accounts for. */
  readonly reads: { readonly executed: number; readonly unexecuted: number }
}

export type LoopStep = {
  readonly outcomes: number
  /** Cost at which `quality_share` of the best single model's score is reached. */
  readonly cost_share: Summary
  /** Share of the runs whose policy reaches it by itself, without the best single model in the mix. */
  readonly reached: number
  /** The point that policies chose for themselves, judged; `null` where none had one. */
  readonly operating_point: { readonly cost_share: Summary; readonly achieved: Summary } | null
}

export type EqualCostBaseline = {
  readonly name: 'always-cheap' | 'random-mix' | 'frozen-prior' | 'best-mix-hindsight'
  readonly score: number
  /** Score of the policy less that of the baseline, paired by run. */
  readonly difference: Summary
  /** Share of the runs in which the policy scores higher. */
  readonly higher: number
}

export type LoopReportInit = {
  readonly runs: readonly JudgedRun[]
  readonly regrets: readonly (readonly RegretBlock[])[]
  readonly firstSeed: number
  readonly candidates: readonly string[]
  readonly rows: LoopReport['rows']
  readonly reads: LoopReport['reads']
}

export function loopReport({ runs, regrets, firstSeed, candidates, rows, reads }: LoopReportInit): LoopReport {
  const steps = (runs[0]?.steps ?? []).map((_, place) => stepOf(runs, place))
  return {
    quality_share: QUALITY_SHARE,
    seeds: runs.length,
    first_seed: firstSeed,
    models: candidates.length,
    rows,
    best_single: bestSingleOf(runs, candidates),
    steps,
    falls: steps.every(({ cost_share: cost }, place) => {
      const before = steps[place - 1]
      return before === undefined || cost.mean <= before.cost_share.mean_ci95[1]
    }),
    equal_cost: equalCostOf(runs),
    regret: (regrets[0] ?? []).map(({ outcomes }, place) => {
      const blocks = regrets.flatMap((run) => run[place] ?? [])
      const mean = (read: (block: RegretBlock) => number): number => summarise(blocks.map(read)).mean
      return {
        outcomes,
        policy: summarise(blocks.map(({ policy }) => policy)),
        uniform: mean(({ uniform }) => uniform),
        best_single: mean(({ bestSingle }) => bestSingle),
      }
    }),
    reads,
  }
}

/** The model that is best most often; its means over the runs, which judge different rows where none were given. */
function bestSingleOf(runs: readonly JudgedRun[], candidates: readonly string[]): LoopReport['best_single'] {
  const times = candidates.map((_, place) => runs.filter(({ best }) => best.place === place).length)
  return {
    name: candidates[times.indexOf(Math.max(...times))] ?? '',
    score: summarise(runs.map(({ best }) => best.score)).mean,
    usd: summarise(runs.map(({ best }) => best.usd)).mean,
  }
}

function stepOf(runs: readonly JudgedRun[], place: number): LoopStep {
  const steps = runs.flatMap((run) => run.steps[place] ?? [])
  const points = steps.flatMap(({ operating }) => operating ?? [])
  return {
    outcomes: steps[0]?.outcomes ?? 0,
    cost_share: summarise(steps.map(({ cost }) => cost.costShare)),
    reached: steps.filter(({ cost }) => cost.isReached).length / steps.length,
    operating_point:
      points.length === 0
        ? null
        : {
            cost_share: summarise(points.map(({ costShare }) => costShare)),
            achieved: summarise(points.map(({ achieved }) => achieved)),
          },
  }
}

function equalCostOf(runs: readonly JudgedRun[]): LoopReport['equal_cost'] {
  const column = (read: (equal: EqualCost) => number): readonly number[] => runs.map(({ equalCost }) => read(equalCost))
  const policy = column((equal) => equal.policy)
  const baseline = (name: EqualCostBaseline['name'], read: (equal: EqualCost) => number): EqualCostBaseline => {
    const scores = column(read)
    const differences = policy.map((score, run) => score - (scores[run] ?? 0))
    return {
      name,
      score: summarise(scores).mean,
      difference: summarise(differences),
      higher: differences.filter((difference) => difference > 1e-9).length / differences.length,
    }
  }
  return {
    cost_share: summarise(column(({ costShare }) => costShare)),
    policy: summarise(policy),
    baselines: [
      baseline('always-cheap', ({ alwaysCheap }) => alwaysCheap),
      baseline('random-mix', ({ randomMix }) => randomMix),
      baseline('frozen-prior', ({ frozenPrior }) => frozenPrior),
      baseline('best-mix-hindsight', ({ bestMix }) => bestMix),
    ],
    at_premium_cost: summarise(runs.map(({ atPremiumCost }) => atPremiumCost)),
  }
}
