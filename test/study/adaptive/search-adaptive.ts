import { createRandomStream, type RandomStream } from '../../../src/base/random-stream.ts'
import { ADAPTIVE_RANGES } from '../../../src/simulation/market/strategies/adaptive.ts'
import { deviationOf, meanOf } from '../../../src/simulation/metrics/dispersion.ts'
import { marketplaceJob } from '../runs/marketplace-runs.ts'
import { type AttackGain, gainOf, signed } from '../runs/paired-runs.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import type { Finding, StudyInit } from '../study.ts'

type Parameters = Readonly<Record<keyof typeof ADAPTIVE_RANGES, number>>
type Scored = { readonly parameters: Parameters; readonly gain: AttackGain }

export type AdaptiveSearch = {
  readonly runs: number
  readonly generations: readonly { readonly best: number; readonly mean: number }[]
  readonly found: Parameters
  /** On seeds that the search has not seen. */
  readonly gain: AttackGain
  readonly findings: readonly Finding[]
  readonly table: readonly string[]
}

const SHARE = 0.2
const GENERATIONS = 10
const POPULATION = 16
const ELITE = 4
/** Seeds that score one candidate; those of the search are behind those of the study. */
const SCORE_SEEDS = 4
const SEARCH_FROM = 1_000_000
const NAMES = Object.keys(ADAPTIVE_RANGES) as readonly (keyof typeof ADAPTIVE_RANGES)[]

/**
 * Searches numbers of the adaptive strategy that pay best against the defaults: draws candidates, keeps those that gain most, and draws the next ones around them. What it found is
 * measured on the seeds of the study.
 *
 * @see Rubinstein and Kroese, The Cross-Entropy Method, 2004, section 2.2
 */
export async function searchAdaptive(init: StudyInit, seeds: readonly number[]): Promise<AdaptiveSearch> {
  const random = createRandomStream(1)
  const generations: { best: number; mean: number }[] = []
  let drawn = Array.from({ length: POPULATION }, () => drawEvenly(random))
  let best: Scored | undefined
  for (let generation = 0; generation < GENERATIONS; generation += 1) {
    const scored = await score(init, drawn, SEARCH_FROM + generation * SCORE_SEEDS)
    const [first] = scored
    if (first === undefined) break
    if (best === undefined || worthOf(first) > worthOf(best)) best = first
    generations.push({ best: first.gain.mean, mean: meanOf(scored.map(({ gain }) => gain.mean)) ?? 0 })
    init.log(`adaptive, generation ${generation + 1}: best ${signed(first.gain.mean)} with ${textOf(first.parameters)}`)
    const elite = scored.slice(0, ELITE).map(({ parameters }) => parameters)
    drawn = [...elite, ...Array.from({ length: POPULATION - ELITE }, () => drawAround(random, elite))]
  }
  const found = best?.parameters ?? drawEvenly(random)
  const gain = await confirm(init, found, seeds)
  const runs = GENERATIONS * SCORE_SEEDS * (POPULATION + 1) + 2 * seeds.length
  return { runs, generations, found, gain, findings: findingsOf(gain), table: tableOf(found, gain, generations) }
}

async function score(init: StudyInit, drawn: readonly Parameters[], from: number): Promise<readonly Scored[]> {
  const seeds = Array.from({ length: SCORE_SEEDS }, (_, at) => from + at)
  const honest = await init.runAll(seeds.map((seed) => marketplaceJob(seed, {})))
  const jobs = drawn.flatMap((parameters) => seeds.map((seed) => attackJob(seed, parameters)))
  const reports = await init.runAll(jobs)
  return drawn
    .map((parameters, at) => ({
      parameters,
      gain: gainFrom(honest, reports.slice(at * SCORE_SEEDS, (at + 1) * SCORE_SEEDS)),
    }))
    .toSorted((left, right) => worthOf(right) - worthOf(left))
}

/** Whoever has tried nothing has found nothing. */
function worthOf({ gain }: Scored): number {
  return gain.attempts === 0 ? Number.NEGATIVE_INFINITY : gain.mean
}

async function confirm(init: StudyInit, parameters: Parameters, seeds: readonly number[]): Promise<AttackGain> {
  const honest = await init.runAll(seeds.map((seed) => marketplaceJob(seed, {})))
  return gainFrom(honest, await init.runAll(seeds.map((seed) => attackJob(seed, parameters))))
}

function attackJob(seed: number, parameters: Parameters) {
  return marketplaceJob(seed, { strategy: 'adaptive', attackers: SHARE, parameters })
}

function gainFrom(honest: readonly RunReport[], attacking: readonly RunReport[]): AttackGain {
  const runs = attacking.flatMap((run, at) => {
    const before = honest[at]
    return before === undefined ? [] : [{ attacking: run, honest: before }]
  })
  return gainOf(runs, { strategy: 'adaptive', side: 'seller' })
}

function drawEvenly(random: RandomStream): Parameters {
  return parametersOf((name) => {
    const { least, most } = ADAPTIVE_RANGES[name]
    return least + random.nextUnit() * (most - least)
  })
}

/** Around the middle of the best, as far as they differ, and a tenth of the range at least. */
function drawAround(random: RandomStream, elite: readonly Parameters[]): Parameters {
  return parametersOf((name) => {
    const { least, most } = ADAPTIVE_RANGES[name]
    const values = elite.map((parameters) => parameters[name])
    const width = Math.max(deviationOf(values), (most - least) / 10)
    // The sum of twelve draws is nearly normal.
    const normal = Array.from({ length: 12 }, () => random.nextUnit()).reduce((sum, unit) => sum + unit, -6)
    return Math.min(most, Math.max(least, (meanOf(values) ?? least) + normal * width))
  })
}

function parametersOf(valueOf: (name: keyof typeof ADAPTIVE_RANGES) => number): Parameters {
  return Object.fromEntries(NAMES.map((name) => [name, Math.round(valueOf(name))])) as Parameters
}

function findingsOf({ upper95, attempts }: AttackGain): readonly Finding[] {
  return [
    {
      what: `adaptive: gains less than nothing, upper 95 % bound ${signed(upper95)} (${attempts} attempts)`,
      isMet: attempts > 0 && (upper95 ?? 1) <= 0,
    },
  ]
}

function tableOf(found: Parameters, gain: AttackGain, generations: AdaptiveSearch['generations']): readonly string[] {
  return [
    `adaptive: ${generations.map(({ best }) => signed(best)).join(', ')} were the best of ${GENERATIONS} generations of ${POPULATION}`,
    `adaptive: found ${textOf(found)}`,
    `adaptive: gains ${signed(gain.mean)} on ${gain.pairs} other seeds, 95 % between ${signed(gain.lower95)} and ${signed(gain.upper95)}`,
  ]
}

function textOf(parameters: Parameters): string {
  return NAMES.map((name) => `${name} ${parameters[name]}`).join(', ')
}
