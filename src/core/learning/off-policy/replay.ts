import type { LoggedTask } from '../logged-task.ts'
import { checkFit, metricOf, type ComparedPolicies, type Metric, type Refusal } from './compared-policies.ts'
import type { Compared } from './evaluate-log.ts'
import { subtract, widened } from './evaluate-log.ts'
import { CONFIDENCE_DEFAULT, type Estimate } from './mean-interval.ts'
import { clusteredInterval, clusterTasks, pickClusters, type TaskClusters } from './task-clusters.ts'
import type { RegressionTerms } from './regression-terms.ts'

/**
 * What two policies come to on tasks where the outcomes of all models that they begin with are known, by `replayPolicies`. Success is a share; cost is dollars
 * and latency milliseconds per task.
 */
export type Replay = {
  readonly kind: 'evaluated'
  /** Rows on which the outcomes of every model that a policy begins with are known. */
  readonly rows: number
  /** Which of the used rows are of one task. */
  readonly clusters: TaskClusters
  /** Share of rows on which one is missing; it widens every interval. */
  readonly missingShare: number
  /** Share of tasks for which the policies choose differently. */
  readonly disagreement: number
  /** By metric; `undefined` where too many outcomes were not measured in it. */
  readonly metrics: Readonly<Record<Metric, Compared<Estimate> | undefined>>
  /** Place in the given tasks of each row that was used. */
  readonly used: readonly number[]
  /** P(the incumbent is right and the candidate wrong), by used row. */
  readonly regressions: RegressionTerms
}

/** Two policies, the tasks that they are replayed on, and how many of those may lack an outcome. */
export type ReplayInit = ComparedPolicies & {
  /** Of the two-sided intervals, above 0 and below 1. Default 0.95. */
  readonly confidence?: number
  /** Largest share of rows that may lack an outcome. Default 0.05. */
  readonly missingShareMax?: number
}

const MISSING_SHARE_MAX_DEFAULT = 0.05
const ROWS_MIN = 100

/**
 * What two policies would have come to on tasks where the outcome of every model that they begin with is known: nothing is weighed, and
 * the difference is exact on each row. Only for sets in which it does not depend on a policy which outcomes are known; of a log this
 * is not so, and the rows that lack an outcome are then too many.
 *
 * Throws `RangeError` for probabilities that do not fit the tasks.
 */
export function replayPolicies(init: ReplayInit): Replay | (Refusal & { readonly kind: 'refused' }) {
  checkFit(init)
  const { tasks, missingShareMax = MISSING_SHARE_MAX_DEFAULT } = init
  const used = tasks.flatMap((task, row) =>
    isKnown(task, init.candidate[row]) && isKnown(task, init.incumbent[row]) ? [row] : [],
  )
  const missingShare = tasks.length === 0 ? 1 : 1 - used.length / tasks.length
  if (missingShare > missingShareMax) {
    const message = `Outcomes of models that a policy begins with are not known for ${(100 * missingShare).toFixed(1)} % of rows; at most ${(100 * missingShareMax).toFixed(1)} %`
    return { kind: 'refused', reason: 'outcomes-missing', message }
  }
  const clusters = pickClusters(clusterTasks(tasks), used)
  if (clusters.count < ROWS_MIN) {
    return { kind: 'refused', reason: 'too-few-rows', message: `${clusters.count} tasks; at least ${ROWS_MIN}` }
  }
  const metricsOf = (metric: Metric): Compared<Estimate> | undefined =>
    compareMetric(init, { metric, used, missingShare })
  return {
    kind: 'evaluated',
    rows: used.length,
    clusters,
    missingShare,
    disagreement: disagreementOf(init),
    metrics: { success: metricsOf('success'), cost: metricsOf('cost'), latency: metricsOf('latency') },
    used,
    regressions: [Float64Array.from(used, (row) => regressionOf(init, row))],
  }
}

function isKnown({ candidates, observed }: LoggedTask, probabilities: Float64Array | undefined): boolean {
  return candidates.every(({ model }, place) => (probabilities?.[place] ?? 0) === 0 || observed.has(model))
}

/** Share of tasks for which two policies choose differently: the distance of their distributions. */
export function disagreementOf({ candidate, incumbent }: Pick<ComparedPolicies, 'candidate' | 'incumbent'>): number {
  let sum = 0
  for (const [row, probabilities] of candidate.entries()) {
    for (const [place, probability] of probabilities.entries())
      sum += Math.abs(probability - (incumbent[row]?.[place] ?? 0)) / 2
  }
  return candidate.length === 0 ? 0 : sum / candidate.length
}

/** What the policy is expected to come to on a task; `undefined` where an outcome was not measured. */
function expected(
  task: LoggedTask | undefined,
  probabilities: Float64Array | undefined,
  metric: Metric,
): number | undefined {
  let sum = 0
  for (const [place, probability] of (probabilities ?? []).entries()) {
    if (probability === 0) continue
    const outcome = task?.observed.get(task.candidates[place]?.model ?? '')
    const value = outcome === undefined ? undefined : metricOf(metric, outcome)
    if (value === undefined) return undefined
    sum += probability * value
  }
  return sum
}

type Comparison = { readonly metric: Metric; readonly used: readonly number[]; readonly missingShare: number }

function compareMetric(
  { tasks, candidate, incumbent, confidence = CONFIDENCE_DEFAULT }: ReplayInit,
  { metric, used, missingShare }: Comparison,
): Compared<Estimate> | undefined {
  const pairs = used.flatMap((row) => {
    const [own, other] = [expected(tasks[row], candidate[row], metric), expected(tasks[row], incumbent[row], metric)]
    return own === undefined || other === undefined ? [] : [[own, other, row] as const]
  })
  if (pairs.length < used.length * 0.99) return undefined
  const [own, other] = [Float64Array.from(pairs, ([first]) => first), Float64Array.from(pairs, ([, second]) => second)]
  const clusters = clusterTasks(pairs.flatMap(([, , row]) => tasks[row] ?? []))
  const reach = metric === 'success' ? 1 : pairs.reduce((top, [first, second]) => Math.max(top, first, second), 0)
  const estimate = (terms: Float64Array): Estimate =>
    widened(clusteredInterval(terms, clusters, confidence), reach * missingShare)
  return { candidate: estimate(own), incumbent: estimate(other), difference: estimate(subtract(own, other)) }
}

/**
 * P(the incumbent is right and the candidate wrong) on one task. Policies that draw are coupled: where both may begin with the same model
 * they do so together, as one draw serves both.
 */
function regressionOf({ tasks, candidate, incumbent }: ReplayInit, row: number): number {
  const task = tasks[row]
  const [own, other] = [candidate[row], incumbent[row]]
  if (task === undefined || own === undefined || other === undefined) return 0
  let loss = 0
  let gain = 0
  let excess = 0
  for (const [place, probability] of own.entries()) {
    const difference = probability - (other[place] ?? 0)
    const success = task.observed.get(task.candidates[place]?.model ?? '')?.success ?? 0
    if (difference > 0) {
      excess += difference
      gain += difference * (1 - success)
    } else loss -= difference * success
  }
  return excess === 0 ? 0 : (loss / excess) * (gain / excess) * excess
}
