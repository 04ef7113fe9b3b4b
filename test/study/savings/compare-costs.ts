export type Interval = readonly [low: number, high: number]

/** What `kernell eval cost --json` prints, as far as it is read here. */
export type EvalCost = {
  readonly n: number
  readonly best_single: { readonly name: string }
  readonly left_out: readonly string[]
  readonly points: readonly {
    readonly quality_share: number
    readonly kernell: number | null
    readonly ci95: Interval | null
    readonly achieved: number
  }[]
}

/** What `kernell simulate routing-savings --json` prints, as far as it is read here. */
export type Played = {
  readonly hash: string
  readonly found: { readonly violations: number }
  readonly metrics: {
    readonly asked: number
    readonly trained_on: number
    readonly points: Readonly<Record<string, PlayedPoint>>
  }
}

/** A point of `routing-savings`, as far as it is read here. */
export type PlayedPoint = {
  readonly quality_share: number
  readonly is_trained_for: number
  readonly cost_share: number
  readonly cost_share_ci95: Interval
  readonly first_choice_cost_share: number
  readonly first_choice_cost_share_ci95: Interval
  readonly quality: number
  readonly escalated: number
  readonly high_risk: number
  readonly high_risk_first_cost_share: number
}

/** A cost with its interval, and whether two of them lie in each other's. */
export type Figure = { readonly cost: number; readonly ci95: Interval }
export type Beside = Figure & {
  readonly isInTheirs: boolean
  /** Whether the cost by `eval cost` lies in the interval of this one. */
  readonly hasTheirs: boolean
}

/** One quality share: the same tasks under the same policy, by the formula of `eval cost` and through the router. */
export type Compared = {
  readonly qualityShare: number
  readonly evalCost: Figure
  readonly evalQuality: number
  /** As if the first answer always stood. */
  readonly first: Beside
  /** With all that was asked after it. */
  readonly served: Beside
  readonly servedQuality: number
  readonly escalated: number
  /** Share of the tasks, and what their first choices cost: they begin with the strongest model, whatever it costs. */
  readonly highRisk: number
  readonly highRiskCost: number
}

export type NotCompared = { readonly qualityShare: number; readonly because: string }

/** Puts both beside each other; a share that one of the two has no figure for is named with the reason. */
export function compareCosts(
  { points }: Pick<EvalCost, 'points'>,
  played: readonly PlayedPoint[],
): { readonly compared: readonly Compared[]; readonly left: readonly NotCompared[] } {
  const compared: Compared[] = []
  const left: NotCompared[] = []
  for (const point of played) {
    const { quality_share: qualityShare } = point
    const theirs = points.find((each) => each.quality_share === qualityShare)
    if (theirs === undefined) left.push({ qualityShare, because: '`eval cost` does not judge it' })
    else if (theirs.kernell === null || theirs.ci95 === null)
      left.push({ qualityShare, because: `\`eval cost\` did not reach it (${theirs.achieved.toFixed(3)})` })
    else if (point.is_trained_for === 0)
      left.push({
        qualityShare,
        because: `the policy has no such point: \`eval cost\` counts the best model (${theirs.kernell.toFixed(3)}), the router keeps its own bound (first choice ${point.first_choice_cost_share.toFixed(3)}, served ${point.cost_share.toFixed(3)})`,
      })
    else compared.push(comparedOf(point, { cost: theirs.kernell, ci95: theirs.ci95 }, theirs.achieved))
  }
  return { compared, left }
}

function comparedOf(point: PlayedPoint, evalCost: Figure, evalQuality: number): Compared {
  const beside = (cost: number, ci95: Interval): Beside => ({
    cost,
    ci95,
    isInTheirs: isWithin(cost, evalCost.ci95),
    hasTheirs: isWithin(evalCost.cost, ci95),
  })
  return {
    qualityShare: point.quality_share,
    evalCost,
    evalQuality,
    first: beside(point.first_choice_cost_share, point.first_choice_cost_share_ci95),
    served: beside(point.cost_share, point.cost_share_ci95),
    servedQuality: point.quality,
    escalated: point.escalated,
    highRisk: point.high_risk,
    highRiskCost: point.high_risk_first_cost_share,
  }
}

/** To within a millionth: what was recorded is paid in whole nano-dollars. */
function isWithin(value: number, [low, high]: Interval): boolean {
  return value >= low - 1e-6 && value <= high + 1e-6
}
