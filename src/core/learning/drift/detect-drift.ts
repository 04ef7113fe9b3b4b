import type { LoggedTask } from '../logged-task.ts'
import { createNoveltyGauge } from './novelty.ts'
import { categoryStability, expectedByChance, numericStability } from './population-stability.ts'

export type DriftThresholds = {
  /** Index from which a feature is watched, and from which it has drifted (Siddiqi, 2006: 0.1 and 0.25). */
  readonly watch: number
  readonly drifted: number
  /** Share of novel tasks from which the window is another population. The reference itself has 0.01. */
  readonly noveltyMax: number
  /** Fewer tasks than this in either window say nothing. */
  readonly rowsMin: number
}

export const DRIFT_DEFAULTS: DriftThresholds = { watch: 0.1, drifted: 0.25, noveltyMax: 0.05, rowsMin: 200 }

export type DriftState = 'stable' | 'watch' | 'drifted'

export type DriftFigure = {
  /** `feature: NAME`, `risk`, `model`, `tier`, `success`, or `novelty`. */
  readonly name: string
  /** Population stability index, less what chance alone is expected to bring; for novelty, a share. */
  readonly figure: number
  readonly state: DriftState
}

export type DriftReport = {
  /** `unknown`: too few tasks. Else the worst of the figures; a single feature of many only asks to be watched. */
  readonly state: DriftState | 'unknown'
  readonly referenceRows: number
  readonly recentRows: number
  /** Worst first. */
  readonly figures: readonly DriftFigure[]
  readonly thresholds: DriftThresholds
}

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
  const { reference, recent } = init
  const counts = { referenceRows: reference.length, recentRows: recent.length, thresholds }
  if (Math.min(reference.length, recent.length) < thresholds.rowsMin)
    return { state: 'unknown', ...counts, figures: [] }
  const figures = [...featureFigures(init, thresholds), ...categoryFigures(init, thresholds)]
  const order = ['drifted', 'watch', 'stable']
  const sorted = figures.toSorted(
    (a, b) => order.indexOf(a.state) - order.indexOf(b.state) || b.figure - a.figure || (a.name < b.name ? -1 : 1),
  )
  return { state: worstOf(sorted), ...counts, figures: sorted }
}

function worstOf(figures: readonly DriftFigure[]): DriftState {
  const drifted = figures.filter(({ state }) => state === 'drifted')
  const isOfFeatures = ({ name }: DriftFigure): boolean => name.startsWith('feature: ')
  if (drifted.some((figure) => !isOfFeatures(figure)) || drifted.length >= FEATURES_MIN) return 'drifted'
  return figures.some(({ state }) => state !== 'stable') ? 'watch' : 'stable'
}

function featureFigures(init: DriftInit, thresholds: DriftThresholds): readonly DriftFigure[] {
  const [before, after] = [featureRows(init, init.reference), featureRows(init, init.recent)]
  if (Math.min(before.length, after.length) < thresholds.rowsMin) return []
  const novelty = createNoveltyGauge(before).share(after)
  return [
    { name: 'novelty', figure: novelty, state: novelty > thresholds.noveltyMax ? 'drifted' : 'stable' },
    ...init.featureNames.map((name, at) => {
      const column = (rows: readonly Float64Array[]): readonly number[] => rows.map((row) => row[at] ?? 0)
      const { index, bins } = numericStability(column(before), column(after))
      return figureOf(`feature: ${name}`, index - expectedByChance(bins, before.length, after.length), thresholds)
    }),
  ]
}

function featureRows({ featuresOf }: DriftInit, tasks: readonly LoggedTask[]): readonly Float64Array[] {
  return tasks.flatMap((task) => featuresOf(task) ?? [])
}

/** What a task is said to be, and where it went. */
const CATEGORIES: readonly (readonly [name: string, of: (task: LoggedTask) => string])[] = [
  ['risk', ({ risk }) => risk],
  ['model', ({ action }) => action],
  ['tier', ({ candidates, action }) => candidates.find(({ model }) => model === action)?.tier ?? 'unknown'],
  ['success', ({ outcome }) => (outcome.success >= 0.5 ? 'right' : 'wrong')],
]

function categoryFigures(
  { reference, recent, domainOf }: DriftInit,
  thresholds: DriftThresholds,
): readonly DriftFigure[] {
  const categories = [
    ...CATEGORIES,
    ...(domainOf === undefined ? [] : [['domain', (task: LoggedTask) => domainOf(task) ?? 'unknown'] as const]),
  ]
  return categories.map(([name, of]) => {
    const [before, after] = [reference.map(of), recent.map(of)]
    const { index, bins } = categoryStability(before, after)
    return figureOf(name, index - expectedByChance(bins, before.length, after.length), thresholds)
  })
}

function figureOf(name: string, index: number, { watch, drifted }: DriftThresholds): DriftFigure {
  const figure = Math.max(0, index)
  if (figure >= drifted) return { name, figure, state: 'drifted' }
  return { name, figure, state: figure >= watch ? 'watch' : 'stable' }
}
