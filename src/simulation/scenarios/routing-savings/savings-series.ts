import { type MetricSeries, SeriesRecorder } from '../../run/series.ts'
import { scoreOf, type Seen, spentUsd } from './seen.ts'

export type DrawnArm = { readonly qualityShare: number; readonly best: string; readonly seen: readonly Seen[] }

/** Tasks of a moving mean, and the least of which one is drawn. */
const WINDOW = 100
const WINDOW_MIN = 20
/** Models of an arm that are drawn: those that answer most. */
const MODELS_DRAWN = 4
/** Series that a report has room for beside the run's own. */
const SERIES_MAX = 31

/** What arms came to over virtual time, in moving means over their tasks: cost and quality against the best single model, who was escalated, and who answered. */
export function savingsSeries(arms: readonly DrawnArm[], startAt: number): readonly MetricSeries[] {
  const common = arms.flatMap((arm) => commonSeries(arm, startAt))
  const room = Math.floor((SERIES_MAX - common.length) / MODELS_DRAWN)
  return [...common, ...arms.slice(0, room).flatMap((arm) => modelSeries(arm, startAt))]
}

function commonSeries({ qualityShare, best, seen }: DrawnArm, startAt: number): readonly MetricSeries[] {
  const name = `asked for ${qualityShare}`
  const truthOf = ({ question }: Seen): { readonly score: number; readonly usd: number } =>
    question.truths.get(best) ?? { score: 0, usd: 0 }
  const moved = (unit: string, above: Reading, below: Reading): MetricSeries =>
    movingRatio({ name, unit, seen, above, below, startAt })
  return [
    moved('cost of a task, share of the best single model', spentUsd, (task) => truthOf(task).usd),
    moved('quality, share of the best single model', scoreOf, (task) => truthOf(task).score),
    moved(
      'escalated share of the tasks',
      ({ record }) => Number(record?.isEscalated === true),
      () => 1,
    ),
  ]
}

function modelSeries({ qualityShare, seen }: DrawnArm, startAt: number): readonly MetricSeries[] {
  const unit = `share of the tasks by who answers, asked for ${qualityShare}`
  return mostAnswering(seen).map((name) =>
    movingRatio({
      name,
      unit,
      seen,
      above: (task) => Number(answererOf(task) === name),
      below: () => 1,
      startAt,
    }),
  )
}

function mostAnswering(seen: readonly Seen[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const task of seen) counts.set(answererOf(task), (counts.get(answererOf(task)) ?? 0) + 1)
  return [...counts]
    .toSorted(([left, one], [right, other]) => other - one || (left < right ? -1 : 1))
    .slice(0, MODELS_DRAWN)
    .map(([name]) => name)
}

/** A model; `cache` or the tier of an exact tool where none was called. */
function answererOf({ record }: Seen): string {
  return record?.modelId ?? record?.tier ?? 'none'
}

type Reading = (task: Seen) => number

type Moving = {
  readonly name: string
  readonly unit: string
  readonly seen: readonly Seen[]
  readonly above: Reading
  readonly below: Reading
  readonly startAt: number
}

/** One sum through another, each over the last tasks. */
function movingRatio({ name, unit, seen, above, below, startAt }: Moving): MetricSeries {
  const recorder = new SeriesRecorder(name, unit)
  const known = seen.flatMap((task) => (task.record === undefined ? [] : [{ task, at: task.record.at }]))
  let [top, bottom] = [0, 0]
  for (const [place, { task, at }] of known.entries()) {
    const left = known[place - WINDOW]?.task
    top += above(task) - (left === undefined ? 0 : above(left))
    bottom += below(task) - (left === undefined ? 0 : below(left))
    if (place + 1 >= WINDOW_MIN) recorder.add(at - startAt, top / bottom)
  }
  return recorder.series
}
