import type { SeedFailure, SeedResult } from './seed-result.ts'

/** Lists of seeds that are kept; all are counted. */
const LISTED_MAX = 1_000

/** `found`: how many the seed has in all. */
export type SeedViolation = {
  readonly seed: number
  readonly checker: string
  readonly what: string
  readonly found: number
}
export type UnequalSeed = {
  readonly seed: number
  readonly hashes: readonly [string, string]
  readonly difference: string
}
export type FailedSeed = SeedFailure & { readonly seed: number }

/** What came of many seeds, in memory that does not grow with them. The order in which they come decides nothing. */
export class SeedTotals {
  seeds = 0
  events = 0
  virtualMs = 0
  /** The most of a seed. */
  agents = 0
  readonly faults: Record<string, number> = {}
  readonly checks: Record<string, number> = {}
  readonly handled: Record<string, number> = {}
  readonly violations: BySeed<SeedViolation> = new BySeed()
  /** Seeds that have any. */
  violatedSeeds = 0
  readonly unequal: BySeed<UnequalSeed> = new BySeed()
  readonly failures: BySeed<FailedSeed> = new BySeed()
  private readonly samples = new Map<string, MetricSample>()

  /** Whether nothing was found. */
  get isClean(): boolean {
    return this.violations.found + this.unequal.found + this.failures.found === 0
  }

  /** Values of each metric over the seeds, in ascending order. */
  get metrics(): ReadonlyMap<string, Float64Array> {
    const names = [...this.samples.keys()].toSorted()
    return new Map(names.map((name) => [name, this.samples.get(name)?.sorted ?? new Float64Array()]))
  }

  add(result: SeedResult): void {
    const { seed, events, virtualMs, agents, unequal } = result
    this.seeds += 1
    this.events += events
    this.virtualMs += virtualMs
    this.agents = Math.max(this.agents, agents)
    addCounts(this.faults, result.faults)
    addCounts(this.checks, result.checks)
    addCounts(this.handled, result.handled)
    for (const { checker, what } of result.violations) this.violations.add({ seed, checker, what, found: result.found })
    this.violations.found += result.found - result.violations.length
    if (result.found > 0) this.violatedSeeds += 1
    if (unequal !== undefined)
      this.unequal.add({ seed, hashes: [result.hash, unequal.hash], difference: unequal.difference })
    for (const [name, value] of Object.entries(result.metrics)) this.sampleOf(name)?.add(seed, value)
  }

  fail(seed: number, failure: SeedFailure): void {
    this.failures.add({ seed, ...failure })
  }

  private sampleOf(name: string): MetricSample | undefined {
    const found = this.samples.get(name)
    if (found !== undefined || this.samples.size >= METRICS_MAX) return found
    const sample = new MetricSample()
    this.samples.set(name, sample)
    return sample
  }
}

/** Findings of the lowest seeds; the others are counted. */
export class BySeed<Found extends { readonly seed: number }> {
  found = 0
  private kept: Found[] = []

  get list(): readonly Found[] {
    this.cut()
    return this.kept
  }

  add(found: Found): void {
    this.found += 1
    this.kept.push(found)
    if (this.kept.length > 2 * LISTED_MAX) this.cut()
  }

  private cut(): void {
    this.kept = this.kept.toSorted((left, right) => left.seed - right.seed).slice(0, LISTED_MAX)
  }
}

const METRICS_MAX = 128
const VALUES_MAX = 16_384

/** A sample of the values of a metric: all of them, then those of every second seed, every fourth, and so on. */
class MetricSample {
  private values: (readonly [seed: number, value: number])[] = []
  private stride = 1

  get sorted(): Float64Array {
    return Float64Array.from(this.values, ([, value]) => value).toSorted()
  }

  add(seed: number, value: number): void {
    if (seed % this.stride !== 0) return
    this.values.push([seed, value])
    while (this.values.length > VALUES_MAX) {
      this.stride *= 2
      this.values = this.values.filter(([at]) => at % this.stride === 0)
    }
  }
}

function addCounts(totals: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + count
}
