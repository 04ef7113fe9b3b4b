import type { PlotInit } from '../../src/learning/plot/plot-init.ts'
import type { RunJob } from './runs/run-job.ts'
import type { RunReport } from '../../src/simulation/run/report.ts'

/** Something that must hold, and whether it did. */
export type Finding = { readonly what: string; readonly isMet: boolean }

/** What a study found: the shape that `npm run study -- NAME --json` prints, but for charts and tables. */
export type StudyReport = {
  readonly name: string
  /** Runs of worlds, or rounds of what is run without one. */
  readonly runs: number
  readonly figures: Readonly<Record<string, unknown>>
  readonly findings: readonly Finding[]
  /** For people: a line each. */
  readonly table: readonly string[]
  readonly charts: readonly { readonly file: string; readonly plot: PlotInit }[]
}

export type StudyInit = {
  /** Seeds, each of its own world; `undefined`: the study's own. */
  readonly seeds: { readonly from: number; readonly to: number } | undefined
  /** Only this part of it, by a name that the study knows; `undefined`: all. */
  readonly only: string | undefined
  /** A file of recorded outcomes; `undefined`: none was named. */
  readonly data: string | undefined
  readonly log: (line: string) => void
  /** Plays worlds by threads; what was finished before, with the same code and options, is not played again. In the order of the jobs. */
  readonly runAll: (jobs: readonly RunJob[]) => Promise<readonly RunReport[]>
}

/** Thrown where a study cannot be run as it was asked for: wrong usage, and no miss. */
export class StudyUsage extends Error {}

/** A question that many runs answer. */
export type Study = {
  readonly name: string
  readonly summary: string
  run(init: StudyInit): Promise<StudyReport>
}

/** The seeds that were asked for, or the first so many. */
export function seedsOf({ seeds }: Pick<StudyInit, 'seeds'>, count: number): readonly number[] {
  const { from, to } = seeds ?? { from: 1, to: count }
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
