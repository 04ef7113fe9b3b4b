import type { LogEvaluation, Compared } from '../off-policy/evaluate-log.ts'
import type { EstimatorName } from '../off-policy/estimators.ts'
import type { Refusal } from '../off-policy/compared-policies.ts'
import type { Estimate } from '../off-policy/mean-interval.ts'
import type { RegressionTerms } from '../off-policy/regression-terms.ts'
import type { Replay } from '../off-policy/replay.ts'
import type { TaskClusters } from '../off-policy/task-clusters.ts'
import type { PredictedOutcomes } from './calibration-error.ts'

/** What is known of a candidate beside the incumbent, from a fixed set or from a log. */
export type GateEvidence = {
  readonly kind: 'replay' | 'log'
  /** Which figures are judged. */
  readonly estimator: 'replay' | EstimatorName
  readonly rows: number
  /** Which rows are of one task, by used row; only different tasks are independent. */
  readonly clusters: TaskClusters
  readonly quality: Compared<Estimate> | undefined
  /** Dollars per task; `undefined` when they were not measured. */
  readonly cost: Compared<Estimate> | undefined
  readonly regressions: RegressionTerms
  /** Share of tasks of which the data cannot speak; every bound has room for it. */
  readonly unseenShare: number
  /** Place in the evaluated tasks of each row that the terms are of. */
  readonly used: readonly number[]
}

/** A fixed set on which both policies can be replayed. */
export function replayEvidence(replay: Replay): GateEvidence {
  return {
    kind: 'replay',
    estimator: 'replay',
    rows: replay.rows,
    clusters: replay.clusters,
    quality: replay.metrics.success,
    cost: replay.metrics.cost,
    regressions: replay.regressions,
    unseenShare: replay.missingShare,
    used: replay.used,
  }
}

/** A log with propensities, by the doubly robust estimator unless another is asked for. */
export function logEvidence(log: LogEvaluation, estimator: EstimatorName = 'dr'): GateEvidence {
  return {
    kind: 'log',
    estimator,
    rows: log.rows,
    clusters: log.clusters,
    quality: log.metrics.success?.[estimator],
    cost: log.metrics.cost?.[estimator],
    regressions: log.regressions,
    unseenShare: log.unseenDifference,
    used: log.used,
  }
}

/** Who says what a candidate was trained on: its artefact, files that the operator named, or both. */
export type OverlapSource = 'artefact' | 'files' | 'artefact and files'

/** What the evaluated rows are, as far as it decides whether they may judge. */
export type GateDataCard = {
  readonly rows: number
  /** Different task hashes. */
  readonly tasks: number
  /** ISO 8601; `null` where rows carry no time, as in a fixed set. */
  readonly from: string | null
  readonly to: string | null
  /** Versions of the policies that the rows were logged under, sorted; empty for a fixed set. */
  readonly policyVersions: readonly string[]
  /** Whether features and prompts are free of outcomes. */
  readonly leakage: 'passed' | 'failed' | 'unchecked'
  /** Rows whose task the candidate was trained on; `null` when it is not known what that was. */
  readonly trainingOverlap: number | null
  /** How that was found; `null` when it is not known. */
  readonly overlapCheckedBy: OverlapSource | null
}

/** What `judgeCandidate` decides from. Where `evidence` is a refusal nothing could be measured, and the candidate fails by the check `support`. */
export type GateInput = {
  readonly evidence: GateEvidence | (Refusal & { readonly kind: 'refused' })
  /** Names of the slices, by evaluated task: `risk: high`, `domain: code`. */
  readonly slicesOf: (row: number) => readonly string[]
  /** Of the candidate. */
  readonly calibration: PredictedOutcomes
  readonly dataCard: GateDataCard
}
