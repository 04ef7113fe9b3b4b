import type { JsonValue } from '../../../base/canonical-json.ts'
import type { OverlapSource } from '../../../core/learning/gate/gate-evidence.ts'
import { comparedDocument, type ComparedDocument } from '../../../core/learning/gate/gate-report.ts'
import type { GateDecision } from '../../../core/learning/gate/judge-candidate.ts'
import { METRICS, type Metric } from '../../../core/learning/off-policy/compared-policies.ts'
import { ESTIMATORS } from '../../../core/learning/off-policy/estimators.ts'
import type { WeightDiagnostics } from '../../../core/learning/off-policy/importance-weights.ts'
import type { Estimate } from '../../../core/learning/off-policy/mean-interval.ts'
import type { EvaluatedPolicy } from './evaluate-policy.ts'
import type { PolicyCurve } from './policy-curve.ts'

/** Shares for success, dollars and milliseconds per task for the others; 95 % intervals. */
export type EstimateRow = {
  readonly estimator: 'replay' | 'ips' | 'snips' | 'dr'
  readonly metric: 'success' | 'cost_usd' | 'latency_ms'
} & ComparedDocument

/** What `kernell policy evaluate --json` prints. */
export type PolicyReport = {
  readonly candidate: string
  readonly incumbent: string
  readonly rows: number
  /** Rows that one of the policies cannot decide as it would be served. */
  readonly undecided: number
  readonly data: {
    readonly sha256: string
    readonly files: readonly { readonly name: string; readonly sha256: string; readonly rows: number }[]
    readonly tasks: number
    readonly from: string | null
    readonly to: string | null
    readonly policy_versions: readonly string[]
    readonly leakage: string
    readonly leaks: readonly string[]
    readonly training_overlap: number | null
    /** Who says what the candidate was trained on; `null`: nobody does. */
    readonly overlap_checked_by: OverlapSource | null
  }
  readonly estimates: readonly EstimateRow[]
  /** Why one of the ways says nothing. */
  readonly refused: readonly { readonly by: 'replay' | 'log'; readonly reason: string; readonly message: string }[]
  /** Share of tasks for which the policies choose differently. */
  readonly disagreement: number | null
  readonly weights: JsonValue
  readonly calibration: { readonly error: number | null; readonly bins: readonly Readonly<Record<string, number>>[] }
  /** Of a replay: shares of the tasks that each policy answers by a cascade, and what is assumed of its check; `null` for a log. */
  readonly cascades: {
    readonly candidate: number
    readonly incumbent: number
    readonly assumed_catches: number
  } | null
  readonly curve: readonly JsonValue[] | null
  readonly unsupported_baselines: readonly { readonly name: string; readonly message: string }[]
  readonly gate: GateDocument | null
}

export type GateDocument = {
  readonly has_passed: boolean
  readonly checks: readonly {
    readonly name: string
    readonly figure: number | null
    readonly bound: number | null
    readonly has_passed: boolean
    readonly said: string
  }[]
}

const METRIC_NAMES: Readonly<Record<Metric, EstimateRow['metric']>> = {
  success: 'success',
  cost: 'cost_usd',
  latency: 'latency_ms',
}

export function policyReport(judged: EvaluatedPolicy): PolicyReport {
  const { data, evaluation, decision, curve } = judged
  const { replay, log, calibration } = evaluation
  const { rows: _rows, policyVersions, ...card } = data.card
  return {
    candidate: judged.candidate,
    incumbent: judged.incumbent,
    rows: evaluation.rows,
    undecided: evaluation.undecided,
    data: {
      sha256: data.sha256,
      files: data.files,
      ...card,
      policy_versions: policyVersions,
      leaks: data.leaks,
      training_overlap: judged.overlap.rows,
      overlap_checked_by: judged.overlap.by,
    },
    estimates: estimatesOf(judged),
    refused: [
      ...(replay.kind === 'refused' ? [{ by: 'replay' as const, reason: replay.reason, message: replay.message }] : []),
      ...(log.kind === 'refused' ? [{ by: 'log' as const, reason: log.reason, message: log.message }] : []),
    ],
    disagreement: disagreementOf(judged),
    weights:
      log.kind === 'refused'
        ? null
        : {
            candidate: weightsOf(log.weights.candidate),
            incumbent: weightsOf(log.weights.incumbent),
            effective_disagreement: Number.isFinite(log.effectiveDisagreement) ? log.effectiveDisagreement : null,
            rows_without_propensity: log.rowsWithoutPropensity,
          },
    calibration: { error: calibration.error ?? null, bins: calibration.bins },
    cascades: cascadesOf(judged),
    curve: curve === undefined ? null : curvePoints(curve),
    unsupported_baselines: curve?.unsupported ?? [],
    gate: decision === undefined ? null : gateDocument(decision),
  }
}

function estimatesOf({ evaluation: { replay, log } }: EvaluatedPolicy): readonly EstimateRow[] {
  const rows: EstimateRow[] = []
  for (const metric of METRICS) {
    const add = (estimator: EstimateRow['estimator'], document: ComparedDocument | null): void => {
      if (document !== null) rows.push({ estimator, metric: METRIC_NAMES[metric], ...document })
    }
    if (replay.kind === 'evaluated') add('replay', comparedDocument(replay.metrics[metric]))
    if (log.kind === 'evaluated')
      for (const name of ESTIMATORS) add(name, comparedDocument(log.metrics[metric]?.[name]))
  }
  return rows
}

function disagreementOf({ evaluation: { replay, log } }: EvaluatedPolicy): number | null {
  if (replay.kind === 'evaluated') return replay.disagreement
  return log.kind === 'evaluated' ? log.disagreement : null
}

function cascadesOf({ evaluation: { replay, cascades } }: EvaluatedPolicy): PolicyReport['cascades'] {
  if (replay.kind === 'refused') return null
  return {
    candidate: cascades.candidate,
    incumbent: cascades.incumbent,
    assumed_catches: cascades.verifier.catches,
  }
}

function weightsOf(weights: WeightDiagnostics): JsonValue {
  return {
    effective_rows: weights.effectiveRows,
    weight_max: weights.weightMax,
    clipped_share: weights.clippedShare,
    unseen_share: weights.unseenShare,
  }
}

function curvePoints({ points }: PolicyCurve): readonly JsonValue[] {
  const write = ({ value, low, high }: Estimate): JsonValue => ({ value, ci95: [low, high] })
  return points.map(({ name, asked, usd, quality }) => ({ name, asked, cost_usd: write(usd), success: write(quality) }))
}

function gateDocument({ hasPassed, checks }: GateDecision): GateDocument {
  return {
    has_passed: hasPassed,
    checks: checks.map(({ name, figure, bound, hasPassed: isPassed, said }) => ({
      name,
      figure,
      bound,
      has_passed: isPassed,
      said,
    })),
  }
}
