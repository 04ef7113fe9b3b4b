import type { Finding, Study, StudyInit, StudyReport } from '../study.ts'
import { type Hunt, hunt } from './hunt.ts'
import { BrokenCopy } from './plant.ts'
import { BUG_CLASSES, type BugClass, type PlantedBug } from './planted-bug.ts'
import { PLANTED_BUGS } from './planted/planted-bugs.ts'

const SEEDS_DEFAULT = 1_000
/** Behind the first find some more seeds are played, for the share that finds it. */
const SAMPLE = 5
const SHRINK_RUNS = 20

type Result = { readonly bug: PlantedBug; readonly scenario: string } & Hunt

/** Which planted mistakes the checkers find, in how many seeds, and how small the finds are. */
export const study: Study = {
  name: 'bugs',
  summary: 'planted mistakes of each class: the share that is found, and how soon (--only CLASS or NAME)',
  async run(init: StudyInit): Promise<StudyReport> {
    const chosen = PLANTED_BUGS.filter(
      (bug) => init.only === undefined || bug.class === init.only || bug.name === init.only,
    )
    const results: Result[] = []
    const copy = new BrokenCopy()
    try {
      for (const bug of chosen) results.push(await lookFor(bug, copy, init))
    } finally {
      copy.remove()
    }
    return reportOf(results)
  },
}

async function lookFor(bug: PlantedBug, copy: BrokenCopy, { seeds, log }: StudyInit): Promise<Result> {
  const { from, to } = seeds ?? { from: 1, to: SEEDS_DEFAULT }
  const mend = copy.plant(bug)
  try {
    let last: Result | undefined
    for (const scenario of bug.scenarios ?? ['chaos']) {
      const sample = Math.min(SAMPLE, to - from + 1)
      last = {
        bug,
        scenario,
        ...(await hunt({ root: copy.root, scenario, from, to, sample, shrinkRuns: SHRINK_RUNS })),
      }
      log(lineOf(last))
      if (last.hunted.found > 0) break
    }
    if (last === undefined) throw new TypeError(`${bug.name} names no scenario`)
    return last
  } finally {
    mend()
  }
}

function reportOf(results: readonly Result[]): StudyReport {
  const classes = BUG_CLASSES.filter((name) => results.some(({ bug }) => bug.class === name))
  const rates = Object.fromEntries(classes.map((name) => [name, rateOf(results, name)]))
  const findings: Finding[] = classes.map((name) => {
    const { planted, found } = rates[name] ?? { planted: 0, found: 0 }
    return { what: `${name}: some of the ${planted} planted mistakes are found (${found})`, isMet: found > 0 }
  })
  return {
    name: 'bugs',
    runs: results.reduce((sum, { hunted }) => sum + hunted.seeds, 0),
    figures: { classes: rates, bugs: results.map(figuresOf) },
    findings,
    table: [...results.map(lineOf), ...classes.map((name) => `${name}: ${JSON.stringify(rates[name])}`)],
    charts: [],
  }
}

function rateOf(
  results: readonly Result[],
  name: BugClass,
): { readonly planted: number; readonly found: number; readonly rate: number; readonly missed: readonly string[] } {
  const own = results.filter(({ bug }) => bug.class === name)
  const missed = own.filter(({ hunted }) => hunted.found === 0).map(({ bug }) => bug.name)
  const found = own.length - missed.length
  return { planted: own.length, found, rate: found / own.length, missed }
}

function figuresOf({ bug, scenario, hunted, shrunk }: Result): object {
  const { name, class: kind, file, what } = bug
  return {
    name,
    class: kind,
    file,
    what,
    scenario,
    ...hunted,
    share: hunted.found / hunted.seeds,
    shrunk: shrunk ?? null,
  }
}

function lineOf({ bug, scenario, hunted, shrunk }: Result): string {
  const { seeds, found, firstSeed, checkers } = hunted
  const head = `${bug.class} ${bug.name} (${scenario}):`
  if (firstSeed === undefined) return `${head} MISSED in ${seeds} seeds: ${bug.what}`
  const small =
    shrunk === undefined
      ? 'not shrunk'
      : `${shrunk.faultsBefore} -> ${shrunk.failing.faultIds.length} faults, ${shrunk.eventsBefore} -> ${shrunk.events} events in ${shrunk.runs} runs`
  return `${head} seed ${firstSeed} first, ${found} of ${seeds}, by ${Object.keys(checkers).join(', ')}; ${small}`
}
