import { setImmediate } from 'node:timers/promises'
import type { LoggedTask } from '../../../core/learning/logged-task.ts'
import type { Metric } from '../../../core/learning/off-policy/compared-policies.ts'
import { evaluateLog, type Compared } from '../../../core/learning/off-policy/evaluate-log.ts'
import type { PolicyProbabilities } from '../../../core/learning/off-policy/importance-weights.ts'
import type { Estimate } from '../../../core/learning/off-policy/mean-interval.ts'
import { replayPolicies } from '../../../core/learning/off-policy/replay.ts'
import { baselineProbabilities, mixProbabilities } from '../../../core/learning/savings/baselines.ts'
import { withServedPlans, type AssumedVerifier } from '../../../learning/evaluation/served-plans.ts'
import { costQualityPlot, type CostQualityPoint, type CostQualitySeries } from '../../../learning/plot/cost-quality.ts'
import type { PlotInit } from '../../../learning/plot/plot-init.ts'
import type { DataWorkOptions } from '../data-progress.ts'
import type { ServedChoices } from '../../../router/served-choices.ts'

/** A policy by what it is worth on the rows. */
export type CurvePoint = {
  readonly name: string
  /** Quality that was asked for; `null` where none was. */
  readonly asked: number | null
  readonly usd: Estimate
  readonly quality: Estimate
}

export type PolicyCurve = {
  readonly points: readonly CurvePoint[]
  /** Baselines of which the rows say nothing, and why. */
  readonly unsupported: readonly { readonly name: string; readonly message: string }[]
  /** `undefined` when no cost is known. */
  readonly plot: PlotInit | undefined
}

export type PolicyCurveInit = {
  readonly tasks: readonly LoggedTask[]
  readonly own: ServedChoices
  readonly other: ServedChoices
  /** The documented priors, as they would be served. */
  readonly priors: ServedChoices
  readonly isFixed: boolean
  /** What is assumed of the check in a cascade of a fixed set. */
  readonly verifier: AssumedVerifier
}

/** Bounds on the predicted chance of success that the curves go through: from the cheapest that might do to the surest there is. */
const QUALITIES = [0.02, 0.2, 0.35, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99]
/** Shares of the premium model in the random mix. */
const MIX_SHARES = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75]
/** Rows that a curve is drawn from at most; bands show what that leaves open. */
const ROWS_MAX = 5_000

/**
 * What both policies come to at different bounds of quality, beside the baselines: always the cheapest model, always the premium one, a random mix of the
 * two, the documented priors, and on fixed sets the oracle, which knows every outcome beforehand.
 *
 * Throws the signal's reason.
 */
export async function drawPolicyCurve(
  init: PolicyCurveInit,
  { signal, onProgress }: DataWorkOptions = {},
): Promise<PolicyCurve> {
  const tasks = evenly(init.tasks)
  const points: CurvePoint[] = []
  const unsupported: { name: string; message: string }[] = []
  const add = (name: string, policy: Served | undefined, asked: number | null): void => {
    const found =
      policy === undefined ? 'some rows cannot be decided as they would be served' : estimate(policy, init.isFixed)
    if (typeof found === 'string') unsupported.push({ name, message: found })
    else points.push({ name, asked, ...found })
  }
  const curves = [init.own, init.other].filter((policy, place) => place === 0 || policy.version !== init.own.version)
  for (const [place, quality] of QUALITIES.entries()) {
    for (const policy of curves) add(policy.version, decideAll(init, { policy, tasks, quality }), quality)
    onProgress?.({ stage: 'drawing', done: place, total: QUALITIES.length })
    await setImmediate()
    signal?.throwIfAborted()
  }
  const alone = (probabilities: PolicyProbabilities): Served => ({ tasks, probabilities })
  add('always-cheap', alone(baselineProbabilities('always-cheap', tasks)), null)
  add('always-premium', alone(baselineProbabilities('always-premium', tasks)), null)
  for (const share of MIX_SHARES) add('random-mix', alone(mixProbabilities(share, tasks)), null)
  if (!curves.some(({ version }) => version === init.priors.version)) {
    add('priors', decideAll(init, { policy: init.priors, tasks, quality: undefined }), null)
  }
  if (init.isFixed) add('oracle', alone(oracleOf(tasks)), null)
  return { points, unsupported, plot: plotOf(points, { curves, rows: tasks.length, isFixed: init.isFixed }) }
}

function evenly(tasks: readonly LoggedTask[]): readonly LoggedTask[] {
  if (tasks.length <= ROWS_MAX) return tasks
  return Array.from({ length: ROWS_MAX }, (_, at) => tasks[Math.floor((at * tasks.length) / ROWS_MAX)]).flatMap(
    (task) => task ?? [],
  )
}

/** A policy on tasks; of a fixed set on plans in the places of models. */
type Served = { readonly tasks: readonly LoggedTask[]; readonly probabilities: PolicyProbabilities }
type Deciding = {
  readonly policy: ServedChoices
  readonly tasks: readonly LoggedTask[]
  readonly quality: number | undefined
}

function decideAll({ isFixed, verifier }: PolicyCurveInit, { policy, tasks, quality }: Deciding): Served | undefined {
  const choices = tasks.flatMap((task) => policy.choose(task, quality) ?? [])
  if (choices.length !== tasks.length) return undefined
  if (!isFixed) return { tasks, probabilities: choices.map(({ probabilities }) => probabilities) }
  const served = withServedPlans({ tasks, policies: [choices], verifier })
  return { tasks: served.tasks, probabilities: served.policies[0] ?? [] }
}

type Worth = Pick<CurvePoint, 'usd' | 'quality'>

/** What a policy is worth, or why nobody can say. */
function estimate({ tasks, probabilities }: Served, isFixed: boolean): Worth | string {
  const policies = { tasks, candidate: probabilities, incumbent: probabilities }
  const found = isFixed ? replayPolicies(policies) : evaluateLog(policies)
  if (found.kind === 'refused') return found.message
  const of = (metric: Metric): Estimate | undefined => {
    const estimates: Compared<Estimate> | { readonly dr: Compared<Estimate> } | undefined = found.metrics[metric]
    if (estimates === undefined) return undefined
    return 'dr' in estimates ? estimates.dr.candidate : estimates.candidate
  }
  const [usd, quality] = [of('cost'), of('success')]
  return usd === undefined || quality === undefined ? 'what the tasks cost is not known' : { usd, quality }
}

/** On each task the cheapest of the models that did best. */
function oracleOf(tasks: readonly LoggedTask[]): PolicyProbabilities {
  return tasks.map(({ candidates, observed }) => {
    let best = -1
    let bestRank: readonly [success: number, usd: number] = [-1, 0]
    for (const [place, { model }] of candidates.entries()) {
      const outcome = observed.get(model)
      if (outcome === undefined) continue
      const rank = [outcome.success, outcome.costUsd ?? 0] as const
      if (rank[0] < bestRank[0] || (rank[0] === bestRank[0] && rank[1] >= bestRank[1])) continue
      best = place
      bestRank = rank
    }
    return Float64Array.from(candidates, (_, place) => Number(place === best))
  })
}

type Drawn = {
  readonly curves: readonly ServedChoices[]
  readonly rows: number
  readonly isFixed: boolean
}

function plotOf(points: readonly CurvePoint[], { curves, rows, isFixed }: Drawn): PlotInit | undefined {
  const seriesOf = (name: string, isBaseline: boolean): CostQualitySeries => ({
    name,
    isBaseline,
    points: pointsOf(points.filter((point) => point.name === name)),
  })
  const mix = points.filter(({ name }) => name === 'always-cheap' || name === 'random-mix' || name === 'always-premium')
  const series: readonly CostQualitySeries[] = [
    ...curves.map(({ version }, place) => ({
      ...seriesOf(version, place > 0),
      name: place === 0 ? `${version} (candidate)` : version,
    })),
    seriesOf('always-cheap', true),
    seriesOf('always-premium', true),
    { name: 'random mix', isBaseline: true, points: pointsOf(mix) },
    seriesOf('priors', true),
    seriesOf('oracle', true),
  ]
  const drawn = series.filter((each) => each.points.length > 0)
  if (drawn.length === 0) return undefined
  const how = isFixed ? 'every outcome known' : 'doubly robust, from a log'
  return costQualityPlot({
    title: 'Cost and quality',
    series: drawn,
    note: `${rows} tasks, ${how}; bands are 95 % intervals`,
  })
}

function pointsOf(points: readonly CurvePoint[]): readonly CostQualityPoint[] {
  return points.filter(({ usd }) => usd.value > 0).map(({ usd, quality }) => ({ usd: usd.value, quality }))
}
