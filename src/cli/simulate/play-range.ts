import type { SeedsPlayed } from '../../simulation/report/report-pages.ts'
import { SeedTotals } from '../../simulation/seeds/seed-totals.ts'
import { printFailure } from '../print-failure.ts'
import type { Terminal } from '../terminal.ts'
import { ResumeFile, type ResumeHead } from './resume-file.ts'
import type { PlayedAs } from './run-job.ts'
import { playSeeds } from './seed-pool.ts'
import { SeedsProgress } from './seeds-progress.ts'
import type { SeedRange } from './simulate-plan.ts'

export type PlayRangeInit = {
  readonly playedAs: PlayedAs
  readonly range: SeedRange
  readonly threads: number
  readonly timeoutMs: number
  readonly resume: { readonly file: string; readonly head: ResumeHead } | undefined
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

export type RangePlayed = Pick<SeedsPlayed, 'totals' | 'isInterrupted'> & {
  /** Seeds that were finished before, by the file. */
  readonly resumed: number
  /** False where the file could not be written; that is told. */
  readonly isKept: boolean
}

/** Plays all seeds of a range that the file does not hold yet. Throws as `ResumeFile`. */
export async function playRange(init: PlayRangeInit): Promise<RangePlayed> {
  const { playedAs, range, threads, timeoutMs, resume, terminal, signal } = init
  const totals = new SeedTotals()
  const finished = new Set<number>()
  const file =
    resume === undefined
      ? undefined
      : new ResumeFile(resume.file, resume.head, (result) => {
          if (result.seed < range.from || result.seed > range.to || finished.has(result.seed)) return
          finished.add(result.seed)
          totals.add(result)
        })
  const resumed = finished.size
  let isKept = true
  const keep = (work: () => void): void => {
    if (!isKept) return
    try {
      work()
    } catch (error: unknown) {
      // What is played further on is told, all the same.
      isKept = false
      printFailure(error, terminal, false)
    }
  }
  const total = range.to - range.from + 1 - resumed
  const progress = new SeedsProgress({ terminal, total, totals, nowMs: () => performance.now() })
  try {
    if (total > 0)
      await playSeeds(
        { threads: Math.min(threads, total), timeoutMs, playedAs, signal },
        seedsOf(range, finished),
        (seed, answer) => {
          if ('failure' in answer) totals.fail(seed, answer.failure)
          else {
            keep(() => file?.add(answer))
            totals.add(answer)
          }
          progress.advance()
        },
      )
  } finally {
    progress.finish()
    keep(() => file?.close())
  }
  return { totals, resumed, isKept, isInterrupted: totals.seeds + totals.failures.found < range.to - range.from + 1 }
}

function* seedsOf({ from, to }: SeedRange, finished: ReadonlySet<number>): Generator<number> {
  for (let seed = from; seed <= to; seed += 1) if (!finished.has(seed)) yield seed
}
