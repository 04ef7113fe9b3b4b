import { LIARS } from '../../../src/simulation/scenarios/peer-tier/options.ts'
import { type Finding, seedsOf, type Study, type StudyInit, type StudyReport, StudyUsage } from '../study.ts'
import { type Row, rowOf, type Window } from './figures.ts'

const SEEDS = 3
/** Tasks that a liar of the middle of the run still has before it. */
const TASKS = 200
/** Of all tasks behind the fiftieth; a liar is tried once more in an hour or two, and by each new name. */
const LIAR_SHARE_MAX = 0.02
/** Quality that the peer tier may take, as a share of right answers: what a judge lets pass. */
const QUALITY_LOSS_MAX = 0.03

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
    figures: { tasks: TASKS, seeds, rows: rows.map(figuresOf) },
    findings: rows.flatMap(findingsOf),
    table: [
      `${TASKS} tasks, seeds ${seeds.join(', ')}: means. Cost in dollars for all tasks and for one, quality as share of right answers, with peers / without.`,
      'A liar is followed from its first lie on (the sleeper: task 101); share of the tasks that it is asked for, each seed by itself.',
      ...rows.flatMap(linesOf),
    ],
    charts: [],
  }
}

/** The same as plain data. */
function figuresOf({ windows, ...row }: Row): object {
  const plain = (list: readonly Window[]): readonly object[] =>
    list.map(({ tiers, ...window }) => ({ ...window, tiers: Object.fromEntries(tiers) }))
  return { ...row, windows: { without: plain(windows.without), with: plain(windows.with) } }
}

function findingsOf(row: Row): readonly Finding[] {
  const { liar, without } = row
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
    ...(liar === 'none' ? [] : [findingOfLiar(row)]),
  ]
}

/** A liar loses its share in every run. One that comes back under six names is tried again by each of them, so what counts is the mean of the runs. */
function findingOfLiar({ liar, liars }: Row): Finding {
  const shares = liars.map(({ after }) => after)
  const worst = Math.max(...shares)
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  const seen = `${percent(mean)} of the tasks behind the 50th go to the liar, ${percent(worst)} in the worst run`
  return liar === 'sybil'
    ? { what: `${liar}: ${seen}; its names together at most ${percent(LIAR_SHARE_MAX)}`, isMet: mean <= LIAR_SHARE_MAX }
    : { what: `${liar}: ${seen}; in none more than ${percent(LIAR_SHARE_MAX)}`, isMet: worst <= LIAR_SHARE_MAX }
}

function linesOf(row: Row): readonly string[] {
  const { liar, without, with: bought, windows, liars } = row
  const saved = percent(1 - bought.cost / without.cost)
  const head = `${liar}: cost ${bought.cost.toFixed(4)} / ${without.cost.toFixed(4)} (${saved} less), quality ${bought.quality.toFixed(3)} / ${without.quality.toFixed(3)}, peers answer ${percent(bought.share)}`
  const followed = liars.map(
    ({ first, after, last }) =>
      `${percent(first)} of the first 50, ${percent(after)} after, ${last === 0 ? 'never asked' : `last at ${last}`}`,
  )
  return [
    head,
    ...(liar === 'none' ? [] : [`  liar: ${followed.join('; ')}`]),
    ...windows.with.map((window, at) => `  ${lineOfWindow(window, windows.without[at])}`),
  ]
}

function lineOfWindow(bought: Window, without: Window | undefined): string {
  const { from, tiers, cost, quality, liar, liarAsked } = bought
  const shares = [...tiers].map(([tier, share]) => `${tier} ${percent(share)}`).join(', ')
  const ofLiar = liarAsked === 0 ? '' : `; liar asked ${percent(liarAsked)}, answers ${percent(liar)}`
  return `tasks ${from} on: ${shares}${ofLiar}; ${cost.toFixed(5)} / ${(without?.cost ?? 0).toFixed(5)} a task; quality ${quality.toFixed(3)} / ${(without?.quality ?? 0).toFixed(3)}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
