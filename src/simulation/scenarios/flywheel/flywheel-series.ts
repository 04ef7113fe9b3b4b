import { type MetricSeries, SeriesRecorder } from '../../run/series.ts'
import { type LedgerTask, mean } from './task-ledger.ts'

/** Tasks of which each point is the mean. */
const WINDOW = 100

/** Policies that served, by number in the order of their coming; 0 are the priors. */
export type ServedAt = {
  readonly atMs: number
  /** That answers, but for those that are in a canary. */
  readonly serving: string
  /** On its way up; `undefined`: there is none. */
  readonly trial: string | undefined
}

/** What happened over time, each point the mean of the hundred tasks before it: regret, costs, right answers, who answered, and by which policy. */
export function flywheelSeries(tasks: readonly LedgerTask[], served: readonly ServedAt[]): readonly MetricSeries[] {
  return [...taskSeries(tasks), ...policySeries(served)]
}

function taskSeries(tasks: readonly LedgerTask[]): readonly MetricSeries[] {
  const models = [...new Set(tasks.map(({ model }) => model))].toSorted()
  const lines: readonly (readonly [name: string, unit: string, read: (task: LedgerTask) => number])[] = [
    ['regret', 'dollars a task', ({ regretUsd }) => regretUsd],
    ['cost', 'dollars a task', ({ usd }) => usd],
    ['cost of the premium model', 'dollars a task', ({ premiumUsd }) => premiumUsd],
    ['right', 'share of answers that are right', ({ score }) => score],
    ['right of the premium model', 'share of answers that are right', ({ premiumScore }) => premiumScore],
    ...models.map((name) => [name, 'share of tasks', ({ model }: LedgerTask) => Number(model === name)] as const),
  ]
  const recorders = lines.map(([name, unit, read]) => ({ read, recorder: new SeriesRecorder(name, unit) }))
  for (let end = WINDOW; end <= tasks.length; end += WINDOW / 4) {
    const window = tasks.slice(end - WINDOW, end)
    const atMs = window.at(-1)?.atMs ?? 0
    for (const { read, recorder } of recorders) recorder.add(atMs, mean(window, read))
  }
  return recorders.map(({ recorder }) => recorder.series)
}

/** Steps: what was so until a moment is told with it. A candidate stands at 0 where there is none. */
function policySeries(served: readonly ServedAt[]): readonly MetricSeries[] {
  const numbers = new Map<string, number>()
  const numberOf = (version: string): number => {
    const number = numbers.get(version) ?? numbers.size
    numbers.set(version, number)
    return number
  }
  const [serving, trial] = [
    new SeriesRecorder('serving', 'policy, in the order of their coming'),
    new SeriesRecorder('on trial', 'policy, in the order of their coming'),
  ]
  let before = { serving: 0, trial: 0 }
  for (const one of served) {
    const now = { serving: numberOf(one.serving), trial: one.trial === undefined ? 0 : numberOf(one.trial) }
    for (const { at, level } of [
      { at: one.atMs, level: before },
      { at: one.atMs, level: now },
    ]) {
      serving.add(at, level.serving)
      trial.add(at, level.trial)
    }
    before = now
  }
  return [serving.series, trial.series]
}
