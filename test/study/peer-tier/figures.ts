import type { MetricValue } from '../../../src/simulation/scenario/scenario.ts'

type Metrics = { readonly [name: string]: MetricValue }

/** A stretch of tasks, by itself or on average over runs. */
export type Window = {
  /** Its first task, from 1. */
  readonly from: number
  readonly quality: number
  /** Dollars for a task. */
  readonly cost: number
  /** Shares of the tasks that each tier answered. */
  readonly tiers: ReadonlyMap<string, number>
  /** Shares of the tasks that a liar was asked for, and that it answered. */
  readonly liarAsked: number
  readonly liar: number
}

/** What the runs with one kind of liar have in common; costs and qualities are means over the seeds. */
export type Row = {
  readonly liar: string
  readonly without: { readonly cost: number; readonly quality: number }
  readonly with: { readonly cost: number; readonly quality: number; readonly share: number }
  readonly windows: { readonly without: readonly Window[]; readonly with: readonly Window[] }
  /** Of each seed: share of the tasks for which a liar was asked, among the first 50 from its first lie on and among those behind them, and at which it was asked last. */
  readonly liars: readonly { readonly first: number; readonly after: number; readonly last: number }[]
}

export function rowOf(liar: string, runs: readonly Metrics[]): Row {
  const meanOf = (part: string, name: string): number => mean(runs.map((metrics) => numberOf(metrics, [part, name])))
  return {
    liar,
    without: { cost: meanOf('without', 'cost_usd'), quality: meanOf('without', 'quality') },
    with: { cost: meanOf('with', 'cost_usd'), quality: meanOf('with', 'quality'), share: meanOf('with', 'peer_share') },
    windows: { without: meanWindows(runs, 'without'), with: meanWindows(runs, 'with') },
    liars: runs.map((metrics) => ({
      first: numberOf(metrics, ['liar', 'share_first_50']),
      after: numberOf(metrics, ['liar', 'share_after_50']),
      last: numberOf(metrics, ['liar', 'last_asked']),
    })),
  }
}

function meanWindows(runs: readonly Metrics[], which: 'with' | 'without'): readonly Window[] {
  const lists = runs.map((metrics) => windowsOf(metrics, which))
  return (lists[0] ?? []).map((_window, at) => {
    const same = lists.map((list) => list[at]).filter((window) => window !== undefined)
    const meanOf = (name: string): number => mean(same.map((window) => numberOf(window, [name])))
    const shares = same.map(({ tiers }) => new Map(Object.entries((tiers ?? {}) as Readonly<Record<string, number>>)))
    const tiers = [...new Set(shares.flatMap((share) => [...share.keys()]))].toSorted()
    return {
      from: meanOf('from'),
      quality: meanOf('quality'),
      cost: meanOf('cost_usd'),
      tiers: new Map(tiers.map((tier) => [tier, mean(shares.map((share) => share.get(tier) ?? 0))])),
      liarAsked: meanOf('liar_asked'),
      liar: meanOf('liar'),
    }
  })
}

/** As the scenario writes them. */
function windowsOf({ windows }: Metrics, which: 'with' | 'without'): readonly Metrics[] {
  return ((windows as Metrics)[which] ?? []) as readonly Metrics[]
}

function numberOf(metrics: Metrics, path: readonly string[]): number {
  const value = path.reduce<MetricValue | undefined>((part, name) => (part as Metrics | undefined)?.[name], metrics)
  if (typeof value === 'number') return value
  throw new TypeError(`A run has no figure ${path.join('.')}`)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
