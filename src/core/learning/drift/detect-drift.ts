import type { LoggedTask } from '../logged-task.ts'
import {
  createDriftWindow,
  DRIFT_DEFAULTS,
  driftReferenceOf,
  type DriftFigure,
  type DriftReference,
  type DriftRow,
  type DriftState,
  type DriftThresholds,
  type DriftWindow,
} from './drift-window.ts'

/** Whether recent tasks are still like those of the reference window. Where the state is `unknown` there are no figures. */
export type DriftReport = {
  /** `unknown`: too few tasks. Else the worst of the figures; a single feature of many only asks to be watched. */
  readonly state: DriftState | 'unknown'
  readonly referenceRows: number
  readonly recentRows: number
  /** Worst first. */
  readonly figures: readonly DriftFigure[]
  readonly thresholds: DriftThresholds
}

/**
 * Two windows of tasks to be compared, and how their features are read. Either with fewer than `rowsMin` tasks (200 unless `thresholds` says otherwise) gives
 * the state `unknown`.
 */
export type DriftInit = {
  /** Tasks that the policy in force was trained or judged on, or the weeks before. */
  readonly reference: readonly LoggedTask[]
  readonly recent: readonly LoggedTask[]
  /** Names of the raw features, in their order. */
  readonly featureNames: readonly string[]
  /** Features of a task; `undefined` where neither they nor the text were kept. */
  readonly featuresOf: (task: LoggedTask) => Float64Array | undefined
  /** Domain of a task; `undefined` where it is not known. */
  readonly domainOf?: (task: LoggedTask) => string | undefined
  readonly thresholds?: Partial<DriftThresholds>
}

/** Features that must have drifted before features alone say that the population is another one: of many, some drift by chance. */
const FEATURES_MIN = 3

/** Compares a recent window of tasks with a reference window: what they are, how they were routed, and how many are unlike any before. */
export function detectDrift(init: DriftInit): DriftReport {
  const thresholds = { ...DRIFT_DEFAULTS, ...init.thresholds }
  const { reference, recent, featureNames } = init
  if (Math.min(reference.length, recent.length) < thresholds.rowsMin)
    return {
      state: 'unknown',
      referenceRows: reference.length,
      recentRows: recent.length,
      figures: [],
      thresholds,
    }
  const profile = driftReferenceOf(reference.map((task) => rowOf(task, init)))
  const window = createDriftWindow(profile)
  for (const task of recent) window.add(rowOf(task, init))
  return reportDriftOf(profile, window, { featureNames, thresholds })
}

/** The same of rows that were counted as they came. */
export function reportDriftOf(
  reference: DriftReference,
  window: DriftWindow,
  {
    featureNames,
    thresholds = DRIFT_DEFAULTS,
  }: { readonly featureNames: readonly string[]; readonly thresholds?: DriftThresholds },
): DriftReport {
  const counts = { referenceRows: reference.rows, recentRows: window.rows, thresholds }
  if (Math.min(reference.rows, window.rows) < thresholds.rowsMin) return { state: 'unknown', ...counts, figures: [] }
  const order = ['drifted', 'watch', 'stable']
  const figures = window
    .figures(featureNames, thresholds)
    .toSorted(
      (a, b) => order.indexOf(a.state) - order.indexOf(b.state) || b.figure - a.figure || (a.name < b.name ? -1 : 1),
    )
  return { state: worstOf(figures), ...counts, figures }
}

/** The worst of some figures; of features, three must have drifted. */
export function worstOf(figures: readonly DriftFigure[]): DriftState {
  const drifted = figures.filter(({ state }) => state === 'drifted')
  const isOfFeatures = ({ name }: DriftFigure): boolean => name.startsWith('feature: ')
  if (drifted.some((figure) => !isOfFeatures(figure)) || drifted.length >= FEATURES_MIN) return 'drifted'
  return figures.some(({ state }) => state !== 'stable') ? 'watch' : 'stable'
}

/** What a task is said to be, and where it went. */
function rowOf(task: LoggedTask, { featuresOf, domainOf }: DriftInit): DriftRow {
  const { risk, action, candidates, outcome } = task
  return {
    features: featuresOf(task),
    categories: {
      risk,
      model: action,
      tier: candidates.find(({ model }) => model === action)?.tier ?? 'unknown',
      success: outcome.success >= 0.5 ? 'right' : 'wrong',
      ...(domainOf !== undefined && { domain: domainOf(task) ?? 'unknown' }),
    },
  }
}
