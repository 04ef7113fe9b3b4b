import type { LoggedTask } from '../logged-task.ts'
import { checkFit, metricOf, type ComparedPolicies, type Metric, type Refusal } from './compared-policies.ts'
import {
  doublyRobustTerms,
  ipsTerms,
  selfNormalisedTerms,
  type EstimatorName,
  type PredictedRewards,
} from './estimators.ts'
import {
  effectiveDisagreement,
  importanceWeights,
  type ImportanceWeights,
  type PolicyProbabilities,
  type WeightDiagnostics,
} from './importance-weights.ts'
import { CONFIDENCE_DEFAULT, type Estimate } from './mean-interval.ts'
import { clusteredInterval, clusterTasks, pickClusters, type TaskClusters } from './task-clusters.ts'
import { logRegressionTerms, type RegressionTerms } from './regression-terms.ts'
import {
  crossFit,
  fitLinearRewards,
  FOLDS_DEFAULT,
  type FitRewardModel,
  type RewardPredictors,
} from './reward-model.ts'

/** Both policies and their difference, candidate minus incumbent, paired on the same rows. */
export type Compared<Value> = { readonly candidate: Value; readonly incumbent: Value; readonly difference: Value }

/** What a log that another policy wrote says of candidate and incumbent, by `evaluateLog`. Every interval has room for what the log cannot speak of. */
export type LogEvaluation = {
  readonly kind: 'evaluated'
  /** Rows that were used, and those left out because no probabilities were logged with them. */
  readonly rows: number
  /** Which of the used rows are of one task. */
  readonly clusters: TaskClusters
  readonly rowsWithoutPropensity: number
  readonly weights: { readonly candidate: WeightDiagnostics; readonly incumbent: WeightDiagnostics }
  /** Rows that speak of the difference; infinite when the policies never differ. */
  readonly effectiveDisagreement: number
  /** Share of tasks for which the policies choose differently. */
  readonly disagreement: number
  /** By metric; `undefined` where too many rows were not measured in it. Success as a share, cost in dollars, latency in milliseconds. */
  readonly metrics: Readonly<Record<Metric, Readonly<Record<EstimatorName, Compared<Estimate>>> | undefined>>
  /** Places in the given tasks of the rows that were used. */
  readonly used: readonly number[]
  /** Weight of each used row for the candidate. */
  readonly candidateWeights: Float64Array
  /** Of the used rows. */
  readonly regressions: RegressionTerms
  /** Share of tasks on which the log cannot speak of the difference; the intervals have room for it. */
  readonly unseenDifference: number
}

/** Two policies, the log that is to judge them, and how much it must be able to say before it may. */
export type LogEvaluationInit = ComparedPolicies & {
  /** What the reward model of the doubly robust estimator reads, by metric; absent: what was predicted when the task was logged. */
  readonly predictorsOf?: (metric: Metric) => RewardPredictors
  /** What the policies are called in a refusal. Default `candidate` and `incumbent`. */
  readonly names?: { readonly candidate: string; readonly incumbent: string }
  /** Of the two-sided intervals, above 0 and below 1. Default 0.95. */
  readonly confidence?: number
  /** Largest weight of one row; what is cut off widens the intervals. Default 200. */
  readonly weightClip?: number
  /** Least effective tasks of each policy and of the difference. Default 150. */
  readonly effectiveRowsMin?: number
  /** Largest share of what a policy does that the log cannot speak of; what is below it widens every interval. Default 0.05. */
  readonly unseenShareMax?: number
}

/** Intervals hold their level from about here on; `test/simulation` measures it. */
export const EFFECTIVE_ROWS_MIN_DEFAULT = 150
export const UNSEEN_SHARE_MAX_DEFAULT = 0.05
const ROWS_MIN = 100
/** Rows without a figure of a metric that are left out of it in silence; with more, the metric is not estimated. */
const UNMEASURED_SHARE_MAX = 0.01

/**
 * What two policies are worth, from a log in which another policy drew what to begin with. The reward of a row is that of its whole
 * plan. Actions that the log never takes widen every interval by the worst that they could be: 0 or the largest value seen.
 *
 * Throws `RangeError` for probabilities that do not fit the tasks.
 */
export function evaluateLog(init: LogEvaluationInit): LogEvaluation | (Refusal & { readonly kind: 'refused' }) {
  checkFit(init)
  const usable = init.tasks.flatMap((task, row) => (hasPropensities(task) ? [row] : []))
  const rowsWithoutPropensity = init.tasks.length - usable.length
  if (init.tasks.length < ROWS_MIN) return refused('too-few-rows', `${init.tasks.length} rows; at least ${ROWS_MIN}`)
  if (usable.length < ROWS_MIN) {
    if (init.tasks.every(({ outcome }) => outcome.source === 'recorded'))
      return refused('no-propensities', 'No policy logged these rows: their outcomes were recorded, for every model')
    const message = `Of ${init.tasks.length} rows, ${usable.length} were logged with the probabilities of what they began with; at least ${ROWS_MIN}`
    return refused('no-propensities', message)
  }
  const log = rowsOf(init, usable)
  const refusal = refusalOf(log, init)
  if (refusal !== undefined) return refusal
  const { tasks, actions } = log
  const [candidate, incumbent] = [log.candidate.probabilities, log.incumbent.probabilities]
  const success = tasks.map(({ outcome }) => outcome.success)
  const predicted = crossFit(tasks, success, fittingOf('success', init))
  return {
    kind: 'evaluated',
    rows: usable.length,
    clusters: log.clusters,
    rowsWithoutPropensity,
    used: usable,
    candidateWeights: log.candidate.weighed.weights,
    regressions: logRegressionTerms({ tasks, actions, candidate, incumbent, predicted }),
    unseenDifference: log.unseenDifference,
    weights: { candidate: log.candidate.weighed.diagnostics, incumbent: log.incumbent.weighed.diagnostics },
    effectiveDisagreement: log.effectiveDisagreement,
    disagreement: log.disagreement,
    metrics: {
      success: estimateMetric(log, { metric: 'success', predicted }, init),
      cost: estimateMetric(log, { metric: 'cost' }, init),
      latency: estimateMetric(log, { metric: 'latency' }, init),
    },
  }
}

function refused(reason: Refusal['reason'], message: string): Refusal & { readonly kind: 'refused' } {
  return { kind: 'refused', reason, message }
}

/**
 * The action is among the candidates, was possible, and the probabilities are a distribution. A row whose outcome was recorded for an evaluation was
 * logged by nobody, whatever stands in the place of its probabilities.
 */
function hasPropensities({ candidates, action, outcome }: LoggedTask): boolean {
  if (outcome.source === 'recorded') return false
  let sum = 0
  let own = 0
  for (const { model, propensity } of candidates) {
    if (!(propensity >= 0)) return false
    sum += propensity
    if (model === action) own = propensity
  }
  return own > 0 && Math.abs(sum - 1) < 1e-6
}

type WeighedPolicy = { readonly probabilities: PolicyProbabilities; readonly weighed: ImportanceWeights }

type PreparedLog = {
  readonly tasks: readonly LoggedTask[]
  readonly clusters: TaskClusters
  readonly actions: Int32Array
  readonly candidate: WeighedPolicy
  readonly incumbent: WeighedPolicy
  readonly effectiveDisagreement: number
  readonly disagreement: number
  /** Largest difference of what the policies do where the log cannot speak, as a share of tasks. */
  readonly unseenDifference: number
}

function rowsOf(init: LogEvaluationInit, usable: readonly number[]): PreparedLog {
  const tasks = usable.flatMap((row) => init.tasks[row] ?? [])
  const actions = Int32Array.from(tasks, (task) => task.candidates.findIndex(({ model }) => model === task.action))
  const logged = tasks.map(({ candidates }) => Float64Array.from(candidates, ({ propensity }) => propensity))
  const clusters = clusterTasks(tasks)
  const weigh = (policy: PolicyProbabilities): WeighedPolicy => {
    const probabilities = usable.map((row) => policy[row] ?? new Float64Array(0))
    return { probabilities, weighed: importanceWeights({ logged, actions, clusters }, probabilities, init.weightClip) }
  }
  const [candidate, incumbent] = [weigh(init.candidate), weigh(init.incumbent)]
  let unseen = 0
  let differing = 0
  for (const [row, probabilities] of candidate.probabilities.entries()) {
    let more = 0
    let less = 0
    for (const [place, probability] of probabilities.entries()) {
      const difference = probability - (incumbent.probabilities[row]?.[place] ?? 0)
      differing += Math.abs(difference) / 2
      if ((logged[row]?.[place] ?? 0) > 0) continue
      if (difference > 0) more += difference
      else less -= difference
    }
    unseen += Math.max(more, less)
  }
  const clippedMass = candidate.weighed.clippedMass + incumbent.weighed.clippedMass
  const speaking = effectiveDisagreement(candidate.weighed.weights, incumbent.weighed.weights, clusters)
  return {
    tasks,
    clusters,
    actions,
    candidate,
    incumbent,
    effectiveDisagreement: differing === 0 ? Number.POSITIVE_INFINITY : speaking,
    disagreement: differing / tasks.length,
    unseenDifference: unseen / tasks.length + clippedMass,
  }
}

function refusalOf(
  { candidate, incumbent, effectiveDisagreement: speaking }: PreparedLog,
  init: LogEvaluationInit,
): (Refusal & { readonly kind: 'refused' }) | undefined {
  const { effectiveRowsMin = EFFECTIVE_ROWS_MIN_DEFAULT, unseenShareMax = UNSEEN_SHARE_MAX_DEFAULT } = init
  const { names = { candidate: 'candidate', incumbent: 'incumbent' } } = init
  for (const [name, { weighed }] of [[names.candidate, candidate] as const, [names.incumbent, incumbent] as const]) {
    const { unseenShare, effectiveRows } = weighed.diagnostics
    if (unseenShare > unseenShareMax) {
      const message = `The ${name} does what the log never did in ${percent(unseenShare)} of tasks; at most ${percent(unseenShareMax)}`
      return refused('no-support', message)
    }
    if (effectiveRows < effectiveRowsMin) {
      const message = `The log speaks of the ${name} with the weight of ${effectiveRows.toFixed(1)} tasks; at least ${effectiveRowsMin}`
      return refused('too-few-effective-rows', message)
    }
  }
  if (speaking >= effectiveRowsMin) return undefined
  const message = `The log speaks of the difference with the weight of ${speaking.toFixed(1)} tasks; at least ${effectiveRowsMin}`
  return refused('too-few-effective-rows', message)
}

function fittingOf(
  metric: Metric,
  { predictorsOf = loggedPredictors }: LogEvaluationInit,
): { readonly fit: FitRewardModel; readonly folds: number } {
  return { fit: fitLinearRewards(predictorsOf(metric)), folds: FOLDS_DEFAULT }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function estimateMetric(
  log: PreparedLog,
  { metric, predicted: known }: { readonly metric: Metric; readonly predicted?: PredictedRewards },
  init: LogEvaluationInit,
): Readonly<Record<EstimatorName, Compared<Estimate>>> | undefined {
  const measured = log.tasks.map(({ outcome }) => metricOf(metric, outcome))
  const kept = measured.flatMap((reward, row) => (reward === undefined ? [] : [row]))
  if (measured.length - kept.length > UNMEASURED_SHARE_MAX * measured.length) return undefined
  const predicted = known ?? crossFit(log.tasks, measured, fittingOf(metric, init))
  const { confidence = CONFIDENCE_DEFAULT } = init
  const pick = <Item>(items: readonly Item[]): readonly Item[] => kept.flatMap((row) => items[row] ?? [])
  const actions = Int32Array.from(kept, (row) => log.actions[row] ?? 0)
  const rewards = Float64Array.from(kept, (row) => measured[row] ?? 0)
  const termsOf = ({ probabilities, weighed }: WeighedPolicy): Readonly<Record<EstimatorName, Float64Array>> => {
    const weights = Float64Array.from(kept, (row) => weighed.weights[row] ?? 0)
    const policy = { probabilities: pick(probabilities), weights }
    return {
      ips: ipsTerms(weights, rewards),
      snips: selfNormalisedTerms(weights, rewards),
      dr: doublyRobustTerms({ actions }, policy, { rewards, predicted: pick(predicted) }),
    }
  }
  const [candidate, incumbent] = [termsOf(log.candidate), termsOf(log.incumbent)]
  const clusters = pickClusters(log.clusters, kept)
  const interval = (terms: Float64Array): Estimate => clusteredInterval(terms, clusters, confidence)
  const reach = metric === 'success' ? 1 : rewards.reduce((top, reward) => Math.max(top, reward), 0)
  const compare = (name: EstimatorName): Compared<Estimate> => ({
    candidate: widened(interval(candidate[name]), reach * log.candidate.weighed.diagnostics.unseenShare),
    incumbent: widened(interval(incumbent[name]), reach * log.incumbent.weighed.diagnostics.unseenShare),
    difference: widened(interval(subtract(candidate[name], incumbent[name])), reach * log.unseenDifference),
  })
  return { ips: compare('ips'), snips: compare('snips'), dr: compare('dr') }
}

/** An interval with room for what was not seen. */
export function widened(estimate: Estimate, by: number): Estimate {
  return by === 0 ? estimate : { ...estimate, low: estimate.low - by, high: estimate.high + by }
}

/** Term by term. */
export function subtract(terms: Float64Array, others: Float64Array): Float64Array {
  return terms.map((term, row) => term - (others[row] ?? 0))
}

/** What was predicted of the candidate when the task was logged. */
export function loggedPredictors(metric: Metric): RewardPredictors {
  return ({ candidates }, model) => {
    const candidate = candidates.find((each) => each.model === model)
    if (candidate === undefined) return [0]
    if (metric === 'success') return [candidate.predictedSuccess]
    return [metric === 'cost' ? (candidate.expectedCostUsd ?? 0) : candidate.expectedLatencyS * 1000]
  }
}
