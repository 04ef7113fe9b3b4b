import { cpus } from 'node:os'

/** One measured case: ours beside the others of the same run. */
export type BenchRow = {
  readonly case: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
  readonly ours: number
  /** Empty when there is nobody to compare with. */
  readonly peers: Readonly<Record<string, number>>
  /** What `ours` has to reach (`higher`) or stay under (`lower`); null when the case is only reported. */
  readonly limit: number | null
  readonly note: string
}

/** A peer that was not measured, and the command that installs it. */
export type SkippedPeer = { readonly peer: string; readonly why: string }

export type BenchReport = { readonly rows: readonly BenchRow[]; readonly skipped: readonly SkippedPeer[] }

export type BenchOptions = {
  /** A smoke run: everything once and briefly. Its figures mean nothing. */
  readonly isQuick: boolean
  /** Progress, for people. */
  readonly log: (text: string) => void
}

/**
 * What a file of `test/bench/NAME/` exports as `bench`. Ours and the peers are measured in one run, interleaved, with every answer checked;
 * a figure is the median of at least five repeats.
 */
export type Bench = (options: BenchOptions) => Promise<BenchReport>

/** The machine that the figures are of. */
export function describeMachine(): { readonly cpu: string; readonly cores: number; readonly node: string } {
  const processors = cpus()
  return { cpu: processors[0]?.model ?? 'unknown', cores: processors.length, node: process.version }
}

/** The middle value; the mean of the middle two for an even count. Throws `RangeError` for none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('No values')
  const sorted = values.toSorted((left, right) => left - right)
  const upper = sorted[sorted.length >> 1] ?? 0
  if (sorted.length % 2 === 1) return upper
  return (upper + (sorted[(sorted.length >> 1) - 1] ?? 0)) / 2
}

/** The value below which a share of ascending values lies (nearest rank). */
export function percentile(ascending: Float64Array, share: number): number {
  if (ascending.length === 0) return Number.NaN
  const rank = Math.min(ascending.length - 1, Math.max(0, Math.ceil(share * ascending.length) - 1))
  return ascending[rank] ?? Number.NaN
}

/** A figure with as many digits as it is worth. */
export function roundFigure(value: number): number {
  if (!Number.isFinite(value)) return value
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4))
}
