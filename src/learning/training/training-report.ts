import { sigmoid } from '../../base/deterministic-math.ts'
import { LOG_ODDS_START } from '../../core/learning/calibrate.ts'
import { meanOf, type MethodFigures } from '../../core/learning/training/choose-method.ts'
import {
  areaUnderRoc,
  crossCalibrated,
  expectedCalibrationError,
  meanLogLoss,
} from '../../core/learning/training/training-metrics.ts'
import type { PolicyFamily } from '../../core/policy/policy-artefact.ts'
import { scoredRows, type HeldOut, type Judged } from './judge-methods.ts'
import type { Method } from './method.ts'

/** Figures of held-out rows: no row was judged by a model, or a calibration, that had seen it. Names are public. */
export type TrainingReport = {
  readonly rows: number
  /** Rows without text and without features of this version. */
  readonly unreadable_rows: number
  readonly left_out: readonly string[]
  readonly folds: number
  readonly family: PolicyFamily
  readonly method: string
  readonly methods: readonly {
    readonly name: string
    /** Nats per row, over the rows that it was judged on. */
    readonly log_loss: number
    readonly cost_at_95: number | null
    readonly apgr: number | null
  }[]
  readonly models: readonly ModelReport[]
  /** Share of rows at or below the quantiles 0.5 and 0.9; `null` where a model lacks outcomes. */
  readonly latency_coverage: readonly number[] | null
  readonly usd_coverage: readonly number[] | null
  readonly has_costs: boolean
  readonly operating_points: number
}

/**
 * How well the success of one model is predicted on rows that were held out. Losses are nats per row; `ece_before` and `ece_after` are expected calibration
 * errors, 0 to 1, without and with the calibration; `auc` is the area under the ROC curve.
 */
export type ModelReport = {
  readonly name: string
  readonly outcomes: number
  /** As many equally weighted outcomes would say as much. */
  readonly effective_outcomes: number
  /** Only seen after other models had failed: its chances are too low. */
  readonly escalated_only: boolean
  /** Weighted mean outcome. */
  readonly mean: number
  readonly log_loss: number
  /** The same of always saying the mean. */
  readonly base_log_loss: number
  readonly ece_before: number
  readonly ece_after: number
  /** `null` where all rows were right, or all wrong: there is nothing to tell apart. */
  readonly auc: number | null
}

/** Figures of one candidate by the chosen method's held-out scores. */
export function reportModels(
  judged: Judged,
  scores: HeldOut,
  { start }: Pick<Method, 'start'>,
): readonly ModelReport[] {
  return judged.set.candidates.map(({ name, settled }, m) => {
    const rows = scoredRows(judged, m, scores[m] ?? new Float32Array(0))
    const calibrated = crossCalibrated(rows, start)
    const isLogOdds = start === LOG_ODDS_START
    const before = rows.scores.map((score) => (isLogOdds ? sigmoid(score) : Math.min(1, Math.max(0, score))))
    const total = rows.weights.reduce((sum, weight) => sum + weight, 0)
    const mean = rows.outcomes.reduce((sum, outcome, row) => sum + outcome * (rows.weights[row] ?? 0), 0) / total
    return {
      name,
      outcomes: settled.count,
      effective_outcomes: settled.effectiveCount,
      escalated_only: settled.isEscalatedOnly,
      mean,
      log_loss: meanLogLoss(calibrated, rows),
      base_log_loss: meanLogLoss(new Float64Array(rows.rows.length).fill(mean), rows),
      ece_before: expectedCalibrationError(before, rows),
      ece_after: expectedCalibrationError(calibrated, rows),
      auc: finiteOrNull(areaUnderRoc(rows)),
    }
  })
}

export function reportMethods(figures: readonly MethodFigures[]): TrainingReport['methods'] {
  return figures.map(({ name, rowLosses, costAtQuality, rowGains }) => ({
    name,
    log_loss: meanOf(rowLosses),
    cost_at_95: costAtQuality ?? null,
    apgr: rowGains === undefined ? null : finiteOrNull(meanOf(rowGains)),
  }))
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

/** Figures for the lineage: finite numbers only, flat. */
export function metricsOf(report: TrainingReport): Readonly<Record<string, number>> {
  const mean = (read: (model: ModelReport) => number): number =>
    report.models.reduce((sum, model) => sum + read(model), 0) / report.models.length
  const chosen = report.methods.find(({ name }) => name === report.method)
  const figures: Readonly<Record<string, number | null | undefined>> = {
    rows: report.rows,
    models: report.models.length,
    folds: report.folds,
    log_loss: mean(({ log_loss: loss }) => loss),
    base_log_loss: mean(({ base_log_loss: loss }) => loss),
    ece_before: mean(({ ece_before: error }) => error),
    ece: mean(({ ece_after: error }) => error),
    auc: mean(({ auc }) => auc ?? Number.NaN),
    cost_at_95: chosen?.cost_at_95,
    apgr: chosen?.apgr,
    latency_p90_coverage: report.latency_coverage?.[1],
  }
  return Object.fromEntries(
    Object.entries(figures).filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
  )
}
