import { worstOf, type DriftReport } from '../../learning/drift/detect-drift.ts'
import { DRIFT_DEFAULTS, type DriftFigure, type DriftState } from '../../learning/drift/drift-window.ts'
import { exceededByChance, expectedByChance, stabilityOfCounts } from '../../learning/drift/population-stability.ts'
import type { SloRules } from '../rollout-rules.ts'
import { SHARE_OF_ALARM, type SloBreach } from './watch-evidence.ts'

/** What one window of the trial's requests was, beside those that it began with. Both arms have it in common, so it is nobody's fault. */
export type TrafficReading = {
  readonly state: DriftState
  readonly rows: number
  /** Worst first, `READ_FIGURES_MAX` at most. */
  readonly figures: readonly DriftFigure[]
}

/**
 * Whose doing it is that the candidate begins with other models than at first. `nobody`: it does not. `traffic`: it is asked other things.
 * `common`: the incumbent does so too, by prices or by models that are gone. `unknown`: there is no incumbent to look at. `candidate`: nothing
 * else has changed.
 */
export type DriftCause = 'nobody' | 'traffic' | 'common' | 'unknown' | 'candidate'

/** What the candidate decided in one period, beside what it decided at first. */
export type DecisionReading = {
  readonly cause: DriftCause
  /** Population stability index of the model that plans begin with, and what it was reckoned from. */
  readonly index: number
  readonly models: number
  readonly referenceRows: number
  readonly rows: number
  readonly figures: readonly DriftFigure[]
}

/** What has been seen of drift since the reference was begun. */
export type TrialDrift = {
  /** Revision of the transition that the reference is learned from: the promotion, or a step that a person took. */
  readonly since: number
  /** Periods in which decisions were compared. */
  readonly periods: number
  readonly traffic: TrafficReading | null
  readonly decisions: DecisionReading | null
}

export function newDrift(since: number): TrialDrift {
  return { since, periods: 0, traffic: null, decisions: null }
}

/** Figures of a reading that are kept. */
export const READ_FIGURES_MAX = 5

/** Features that are at least to be watched, from which the tasks count as others: of so many, two are by chance. */
const WATCHED_MIN = 3

/** What a report says of the tasks, whoever answered them. */
export function readTraffic(report: DriftReport): TrafficReading {
  const figures = report.figures.filter(isOfInput)
  return { state: worstOf(figures), rows: report.recentRows, figures: figures.slice(0, READ_FIGURES_MAX) }
}

export type DecisionReports = {
  readonly candidate: DriftReport
  /** The models that the candidate's plans began with, counted in the same order. */
  readonly models: { readonly reference: readonly number[]; readonly recent: readonly number[] }
  /** Of the same time; `undefined` when no incumbent answers any more. */
  readonly incumbent: DriftReport | undefined
}

export function readDecisions({ candidate, models, incumbent }: DecisionReports): DecisionReading {
  return {
    cause: causeOf(candidate, incumbent),
    index: stabilityOfCounts(models.reference, models.recent).index,
    models: models.recent.length,
    referenceRows: candidate.referenceRows,
    rows: candidate.recentRows,
    figures: candidate.figures.slice(0, READ_FIGURES_MAX),
  }
}

function causeOf(candidate: DriftReport, incumbent: DriftReport | undefined): DriftCause {
  if (decidedAs(candidate) !== 'drifted') return 'nobody'
  const inputs = candidate.figures.filter(isOfInput)
  const watched = inputs.filter(({ state }) => state !== 'stable')
  if (watched.length >= WATCHED_MIN || inputs.some(({ state }) => state === 'drifted')) return 'traffic'
  if (incumbent === undefined || incumbent.state === 'unknown') return 'unknown'
  return decidedAs(incumbent) === 'stable' ? 'candidate' : 'common'
}

function decidedAs({ figures }: DriftReport): DriftState {
  return figures.find(({ name }) => name === 'model')?.state ?? 'stable'
}

/** What a task is, and not what was made of it. */
function isOfInput({ name }: DriftFigure): boolean {
  return name === 'novelty' || name === 'risk' || name === 'domain' || name.startsWith('feature: ')
}

/** Takes a reading in. A breach is told when the candidate alone decides otherwise than at first, and chance hardly ever does so much. */
export function takeReading(
  drift: TrialDrift,
  reading: DriftReading,
  rules: SloRules,
): { readonly drift: TrialDrift; readonly breach: SloBreach | undefined } {
  if (reading.kind === 'traffic') return { drift: { ...drift, traffic: reading.traffic }, breach: undefined }
  const { decisions } = reading
  const periods = drift.periods + 1
  const after: TrialDrift = { ...drift, periods, decisions }
  if (decisions.cause !== 'candidate') return { drift: after, breach: undefined }
  const threshold = indexNeeded(decisions, periods, rules)
  const { index } = decisions
  const breach: SloBreach = { slo: 'drift', against: 'beginning', wealth: index, threshold }
  return { drift: after, breach: index >= threshold ? breach : undefined }
}

export type DriftReading =
  | { readonly kind: 'traffic'; readonly traffic: TrafficReading }
  | { readonly kind: 'decisions'; readonly decisions: DecisionReading }

/** The allowed chance is divided among the periods as 1 / (k (k + 1)), which all together is 1, however many there will be. */
function indexNeeded({ models, referenceRows, rows }: DecisionReading, period: number, rules: SloRules): number {
  const chance = (rules.falseAlarm * SHARE_OF_ALARM.beginning.drift) / (period * (period + 1))
  const drifted = DRIFT_DEFAULTS.drifted + expectedByChance(models, referenceRows, rows)
  return Math.max(drifted, exceededByChance(models, { reference: referenceRows, recent: rows, chance }))
}

/** Whether the candidate is to stay where it is: what it was tried on is not what comes now, or something else has changed for both. */
export function isHeldByDrift({ traffic, decisions }: TrialDrift): boolean {
  return traffic?.state === 'drifted' || (decisions !== null && decisions.cause !== 'nobody')
}
