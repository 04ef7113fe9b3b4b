import { bootstrapIntervals } from '../../../core/learning/bootstrap.ts'
import type { RouteResult } from '../../../ports/router.ts'
import type { MetricValue } from '../../scenario/scenario.ts'
import type { Question } from './questions.ts'

/** A task that went through the router. `undefined`: it was refused or failed. */
export type Answered = { readonly question: Question; readonly result: RouteResult | undefined }

export type MeasureInit = {
  /** Share of the best single model's quality that was asked for. */
  readonly qualityShare: number
  readonly answered: readonly Answered[]
  /** The model that "always" means. */
  readonly best: string
  readonly seed: number
  /** Whether the policy was trained for this share; else it keeps the bound of its configuration. */
  readonly isTrainedFor: boolean
}

const NANOS_PER_DOLLAR = 1e9

/** What routing came to, as shares of the best single model's cost and score on the same tasks. */
export function measureSavings({
  qualityShare,
  answered,
  best,
  seed,
  isTrainedFor,
}: MeasureInit): Readonly<Record<string, MetricValue>> {
  const spent = column(answered, ({ result }) => Number(result?.costNanos ?? 0n) / NANOS_PER_DOLLAR)
  const single = column(answered, ({ question }) => question.truths.get(best)?.usd ?? 0)
  const first = column(answered, ({ question, result }) => firstUsd(question, result))
  const scores = column(answered, ({ question, result }) => question.truths.get(result?.modelId ?? '')?.score ?? 0)
  const singleScores = column(answered, ({ question }) => question.truths.get(best)?.score ?? 0)
  const share = sum(spent) / sum(single)
  const [interval = [Number.NaN, Number.NaN]] = bootstrapIntervals(answered.length, seed, (times) => [
    weighted(spent, times) / weighted(single, times),
  ])
  const waits = answered
    .flatMap(({ result }) => (result === undefined ? [] : [result.latencyMs]))
    .toSorted((a, b) => a - b)
  return {
    quality_share: qualityShare,
    is_trained_for: isTrainedFor ? 1 : 0,
    cost_share: share,
    cost_share_ci95: [interval[0], interval[1]],
    saved_share: 1 - share,
    first_choice_cost_share: sum(first) / sum(single),
    quality: sum(scores) / sum(singleScores),
    spent_usd: sum(spent),
    tiers: counts(answered.map(({ result }) => result?.tier ?? 'none')),
    models: counts(answered.map(({ result }) => result?.modelId ?? 'none')),
    escalated: share1(answered, ({ attempts }) => attempts.length > 1),
    cache_hit_rate: share1(answered, ({ cache }) => cache === 'exact' || cache === 'similar'),
    latency_ms_p50: quantile(waits, 0.5),
    latency_ms_p95: quantile(waits, 0.95),
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

/** What the model that was asked first cost, as if nobody had been asked after it. */
function firstUsd({ truths }: Question, result: RouteResult | undefined): number {
  return truths.get(result?.attempts[0]?.modelId ?? '')?.usd ?? 0
}

function share1(answered: readonly Answered[], isCounted: (result: RouteResult) => boolean): number {
  const count = answered.filter(({ result }) => result !== undefined && isCounted(result)).length
  return count / Math.max(1, answered.length)
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
