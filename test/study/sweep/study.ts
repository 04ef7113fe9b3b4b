import { meanOf } from '../../../src/simulation/metrics/dispersion.ts'
import type { PlotInit } from '../../../src/learning/plot/plot-init.ts'
import type { RunReport } from '../../../src/simulation/run/report.ts'
import { figureOf, honestOptions, marketplaceJob } from '../runs/marketplace-runs.ts'
import { gainOf, signed } from '../runs/paired-runs.ts'
import { seedsOf, type Study, type StudyInit, type StudyReport } from '../study.ts'

const SEEDS = 20
const SHARE = 0.2

type Sweep = {
  readonly option: string
  readonly values: readonly number[]
  /** Whom it is there to deter. */
  readonly strategy: string
  readonly side: 'seller' | 'buyer'
  /** In a world in which auctions choose all sellers: there alone the option means something. */
  readonly isAuctioned?: boolean
  readonly parameters?: Readonly<Record<string, number>>
}

/** Sides of the griefing holder by themselves. */
const SELLERS_ALONE = { silentPerMillion: 0, rejectPerMillion: 0 }
const REJECTS_ALL = { idlePerMillion: 0, silentPerMillion: 0, rejectPerMillion: 1_000_000 }

/** What each default is there for, and values around it. */
const SWEEPS: readonly Sweep[] = [
  { option: 'arbiters', values: [0, 1, 3], strategy: 'griefing-holder', side: 'buyer', parameters: REJECTS_ALL },
  {
    option: 'bondPerMillion',
    values: [0, 100_000, 200_000, 400_000],
    strategy: 'griefing-holder',
    side: 'seller',
    parameters: SELLERS_ALONE,
  },
  {
    option: 'penaltyPerMillion',
    values: [0, 50_000, 100_000, 200_000],
    strategy: 'griefing-holder',
    side: 'seller',
    parameters: SELLERS_ALONE,
  },
  { option: 'disputeBondPerMillion', values: [0, 50_000, 100_000, 200_000], strategy: 'lazy', side: 'seller' },
  {
    option: 'depositPerMillion',
    values: [0, 10_000, 50_000, 100_000],
    strategy: 'non-revealer',
    side: 'seller',
    isAuctioned: true,
  },
  {
    option: 'reservePerMillion',
    values: [400_000, 600_000, 800_000, 1_000_000],
    strategy: 'cartel',
    side: 'seller',
    isAuctioned: true,
  },
  { option: 'newcomerCredits', values: [2, 5, 20, 100], strategy: 'whitewasher', side: 'seller' },
  { option: 'openShare', values: [0, 0.25, 0.5, 1], strategy: 'lazy', side: 'seller' },
]

type Point = Sweep & {
  readonly value: number
  readonly gain: number
  readonly upper95: number | undefined
  readonly welfare: number | undefined
}

/** What the market's defaults rest on: how much each of them deters, and what it costs an honest market. */
export const study: Study = {
  name: 'sweep',
  summary: "what the market's defaults deter, and what they cost an honest market",
  run: async (init) => await measure(init),
}

async function measure(init: StudyInit): Promise<StudyReport> {
  const seeds = seedsOf(init, SEEDS)
  const points: Point[] = []
  for (const sweep of SWEEPS) {
    for (const value of sweep.values) {
      const { side, isAuctioned = false } = sweep
      const changed = { ...honestOptions({ side, isAuctioned }), [sweep.option]: value }
      const honest = await init.runAll(seeds.map((seed) => marketplaceJob(seed, changed)))
      const { strategy, parameters = {} } = sweep
      const attack = { ...changed, strategy, parameters, attackers: SHARE }
      const attacking = await init.runAll(seeds.map((seed) => marketplaceJob(seed, attack)))
      points.push(pointOf(sweep, { value, honest, attacking }))
    }
    init.log(`${sweep.option} against ${sweep.strategy}`)
  }
  return {
    name: 'sweep',
    runs: 2 * points.length * seeds.length,
    figures: { points },
    findings: [],
    table: [
      `${'option'.padEnd(24)}${'value'.padStart(10)}  ${'against'.padEnd(26)}${'gain'.padStart(9)}${'upper95'.padStart(9)}${'welfare'.padStart(9)}`,
      ...points.map(
        ({ option, value, strategy, side, gain, upper95, welfare }) =>
          `${option.padEnd(24)}${String(value).padStart(10)}  ${`${strategy} (${side})`.padEnd(26)}${signed(gain).padStart(9)}${signed(upper95).padStart(9)}${(welfare?.toFixed(3) ?? '-').padStart(9)}`,
      ),
    ],
    charts: [{ file: 'sweep.svg', plot: plotOf(points, seeds.length) }],
  }
}

type Played = {
  readonly value: number
  readonly honest: readonly RunReport[]
  readonly attacking: readonly RunReport[]
}

function pointOf(sweep: Sweep, { value, honest, attacking }: Played): Point {
  const runs = attacking.flatMap((run, at) => {
    const before = honest[at]
    return before === undefined ? [] : [{ attacking: run, honest: before }]
  })
  const { mean: gain, upper95 } = gainOf(runs, sweep)
  const welfare = meanOf(honest.flatMap((report) => figureOf(report, 'welfare_share') ?? []))
  return { ...sweep, value, gain, upper95, welfare }
}

/** Each option by its share of its largest value, so that all fit one axis. */
function plotOf(points: readonly Point[], seeds: number): PlotInit {
  return {
    title: 'What an attack brings, by what is there to deter it',
    x: { label: 'value of the option, of its largest', unit: 'percent', limits: [0, 1] },
    y: { label: 'gain of an attacker (credits)' },
    series: SWEEPS.map(({ option, strategy, values }) => {
      const most = Math.max(...values)
      const own = points.filter((point) => point.option === option)
      return {
        name: `${option}, ${strategy}`,
        points: own.map(({ value, gain }) => ({ x: value / most, y: gain })),
        style: 'both' as const,
      }
    }),
    note: `${seeds} seeds a point, ${100 * SHARE} % of the side that is named attack; the same agents of the same seeds playing honestly are taken off`,
  }
}
