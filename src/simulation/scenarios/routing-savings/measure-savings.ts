import { bootstrapIntervals } from '../../../core/learning/bootstrap.ts'
import type { MetricValue } from '../../scenario/scenario.ts'
import type { Question } from './questions.ts'
import { firstUsd, regretUsd, scoreOf, type Seen, spentUsd } from './seen.ts'

export type MeasureInit = {
  /** Share of the best single model's quality that was asked for. */
  readonly qualityShare: number
  readonly seen: readonly Seen[]
  /** The model that "always" means. */
  readonly best: string
  readonly seed: number
  /** Dollars that a right answer is worth. */
  readonly rightUsd: number
  /** Whether the policy was trained for this share; else it keeps the bound of its configuration. */
  readonly isTrainedFor: boolean
}

/** What routing came to by the machine's records, as shares of the best single model's cost and score on the same tasks. */
export function measureSavings(init: MeasureInit): Readonly<Record<string, MetricValue>> {
  const { qualityShare, seen, best, seed, rightUsd, isTrainedFor } = init
  const spent = column(seen, spentUsd)
  const first = column(seen, firstUsd)
  const single = column(seen, ({ question }) => question.truths.get(best)?.usd ?? 0)
  const singleScores = column(seen, ({ question }) => question.truths.get(best)?.score ?? 0)
  const share = sum(spent) / sum(single)
  const [spentInterval, firstInterval] = bootstrapIntervals(seen.length, seed, (times) => {
    const whole = weighted(single, times)
    return [weighted(spent, times) / whole, weighted(first, times) / whole]
  })
  const waits = seen.flatMap(({ record }) => record?.latencyMs ?? []).toSorted((a, b) => a - b)
  return {
    quality_share: qualityShare,
    is_trained_for: isTrainedFor ? 1 : 0,
    cost_share: share,
    cost_share_ci95: spentInterval ?? [],
    saved_share: 1 - share,
    first_choice_cost_share: sum(first) / sum(single),
    first_choice_cost_share_ci95: firstInterval ?? [],
    quality: sum(column(seen, scoreOf)) / sum(singleScores),
    spent_usd: sum(spent),
    regret_usd: sum(column(seen, (task) => regretUsd(task, rightUsd))) / Math.max(1, seen.length),
    escalated: shareOf(seen, ({ record }) => record?.isEscalated === true),
    high_risk: shareOf(seen, isHighRisk),
    // What is high risk begins with the safest model, whatever that costs.
    high_risk_first_cost_share: sum(column(seen.filter(isHighRisk), firstUsd)) / sum(single),
    cache_hit_rate: shareOf(seen, ({ record }) => record?.isCached === true),
    latency_ms_p50: quantile(waits, 0.5),
    latency_ms_p95: quantile(waits, 0.95),
  }
}

/** Tasks by who answered them in the end, and by who was asked first. */
export function answeredBy(seen: readonly Seen[]): Readonly<Record<string, MetricValue>> {
  return {
    tiers: counts(seen.map(({ record }) => record?.tier ?? 'none')),
    models: counts(seen.map(({ record }) => record?.modelId ?? 'none')),
    first_models: counts(seen.map(({ record }) => record?.calls[0]?.modelId ?? 'none')),
    escalated_because: counts(seen.flatMap(({ record }) => record?.escalatedBecause ?? [])),
  }
}

/** Each model alone on the same tasks. */
export function singleModels(asked: readonly Question[]): Readonly<Record<string, MetricValue>> {
  const names = [...(asked[0]?.truths.keys() ?? [])]
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        score: sum(column(asked, ({ truths }) => truths.get(name)?.score ?? 0)) / asked.length,
        usd: sum(column(asked, ({ truths }) => truths.get(name)?.usd ?? 0)) / asked.length,
      },
    ]),
  )
}

function isHighRisk({ record }: Seen): boolean {
  return record?.isHighRisk === true
}

function shareOf(seen: readonly Seen[], isCounted: (task: Seen) => boolean): number {
  return seen.filter(isCounted).length / Math.max(1, seen.length)
}

function counts(names: readonly string[]): Readonly<Record<string, number>> {
  const found = new Map<string, number>()
  for (const name of names) found.set(name, (found.get(name) ?? 0) + 1)
  return Object.fromEntries([...found].toSorted(([left], [right]) => (left < right ? -1 : 1)))
}

function column<Item>(items: readonly Item[], read: (item: Item) => number): Float64Array {
  return Float64Array.from(items, read)
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}

function weighted(values: Float64Array, times: Uint16Array): number {
  return values.reduce((total, value, at) => total + value * (times[at] ?? 0), 0)
}

function quantile(sorted: readonly number[], at: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))] ?? 0
}
