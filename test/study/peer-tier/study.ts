import type { MetricValue } from '../../../src/simulation/scenario/scenario.ts'
import { LIARS } from '../../../src/simulation/scenarios/peer-tier/options.ts'
import { type Finding, seedsOf, type Study, type StudyInit, type StudyReport, StudyUsage } from '../study.ts'

const SEEDS = 3
/** Tasks that a liar of the middle of the run still has before it. */
const TASKS = 200
/** Of all tasks behind the fiftieth; a liar is tried once more each hour, and by each new name. */
const LIAR_SHARE_MAX = 0.02
/** Quality that the peer tier may take, as a share of right answers: what a judge lets pass. */
const QUALITY_LOSS_MAX = 0.03

type Figures = { readonly [name: string]: MetricValue }
type Row = {
  readonly liar: string
  readonly without: { readonly cost: number; readonly quality: number }
  readonly with: { readonly cost: number; readonly quality: number; readonly share: number }
  readonly liarFirst: number
  readonly liarAfter: number
  readonly liarLast: number
}

/** What the peer tier of the router saves and costs, and how long a liar keeps its share. */
export const study: Study = {
  name: 'peer-tier',
  summary: 'share, cost and quality with and without answers bought from peers, some of whom lie (--only KIND of liar)',
  run: async (init) => await measure(init),
}

async function measure(init: StudyInit): Promise<StudyReport> {
  const liars = LIARS.filter((liar) => init.only === undefined || liar === init.only)
  if (liars.length === 0) throw new StudyUsage(`--only takes one of ${LIARS.join(', ')}`)
  const seeds = seedsOf(init, SEEDS)
  const jobs = liars.flatMap((liar) =>
    seeds.map((seed) => ({ scenario: 'peer-tier', seed, options: { liar, tasks: TASKS } })),
  )
  const reports = await init.runAll(jobs)
  const rows = liars.map((liar, at) =>
    rowOf(
      liar,
      reports.slice(at * seeds.length, (at + 1) * seeds.length).map(({ metrics }) => metrics),
    ),
  )
  return {
    name: 'peer-tier',
    runs: reports.length,
    figures: { tasks: TASKS, seeds, rows },
    findings: rows.flatMap(findingsOf),
    table: [
      `${TASKS} tasks, seeds ${seeds.join(', ')}: means. cost in dollars, quality as share of right answers`,
      ...rows.map(lineOf),
    ],
    charts: [],
  }
}

function rowOf(liar: string, runs: readonly Figures[]): Row {
  const mean = (part: string, name: string): number =>
    runs.reduce((sum, metrics) => sum + numberOf(metrics, part, name), 0) / runs.length
  return {
    liar,
    without: { cost: mean('without', 'cost_usd'), quality: mean('without', 'quality') },
    with: { cost: mean('with', 'cost_usd'), quality: mean('with', 'quality'), share: mean('with', 'peer_share') },
    liarFirst: mean('liar', 'share_first_50'),
    liarAfter: mean('liar', 'share_after_50'),
    liarLast: Math.max(...runs.map((metrics) => numberOf(metrics, 'liar', 'last_asked'))),
  }
}

function numberOf(metrics: Figures, part: string, name: string): number {
  const value = (metrics[part] as Figures | undefined)?.[name]
  if (typeof value === 'number') return value
  throw new TypeError(`A run has no figure ${part}.${name}`)
}

function findingsOf(row: Row): readonly Finding[] {
  const { liar, without, liarAfter } = row
  const loss = without.quality - row.with.quality
  return [
    {
      what: `${liar}: costs ${row.with.cost.toFixed(4)} with peers, ${without.cost.toFixed(4)} without`,
      isMet: row.with.cost < without.cost,
    },
    {
      what: `${liar}: quality ${row.with.quality.toFixed(3)} with peers, ${without.quality.toFixed(3)} without (at most ${QUALITY_LOSS_MAX} less)`,
      isMet: loss <= QUALITY_LOSS_MAX,
    },
    ...(liar === 'none'
      ? []
      : [
          {
            what: `${liar}: ${percent(liarAfter)} of the tasks behind the 50th go to the liar, at most ${percent(LIAR_SHARE_MAX)}`,
            isMet: liarAfter <= LIAR_SHARE_MAX,
          },
        ]),
  ]
}

function lineOf({ liar, without, with: bought, liarFirst, liarAfter, liarLast }: Row): string {
  const saved = 1 - bought.cost / without.cost
  return `${liar.padEnd(10)} cost ${bought.cost.toFixed(4)} / ${without.cost.toFixed(4)} (${percent(saved)} less)  quality ${bought.quality.toFixed(3)} / ${without.quality.toFixed(3)}  peers answer ${percent(bought.share)}  liar ${percent(liarFirst)} of the first 50, ${percent(liarAfter)} after, last at ${liarLast}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
