import type { Shrunk } from '../../simulation/run/shrink.ts'
import type { Terminal } from '../terminal.ts'
import type { PlayedAs, ShrinkAnswer, ShrinkJob } from './run-job.ts'
import { openPool } from './seed-pool.ts'

export type ShrinkSeedsInit = {
  readonly playedAs: PlayedAs
  /** In ascending order. */
  readonly seeds: readonly number[]
  /** For a run. */
  readonly timeoutMs: number
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/** Failing seeds that are made small: each takes as long as many runs. */
const SHRUNK_MAX = 3

/** Makes the first failing seeds small, one after the other, on a thread. One that does not fail again, or whose thread dies, is left out with a remark. */
export async function shrinkSeeds({
  playedAs,
  seeds,
  timeoutMs,
  terminal,
  signal,
}: ShrinkSeedsInit): Promise<readonly Shrunk[]> {
  const shrunk: Shrunk[] = []
  const pool = openPool(1)
  try {
    for (const seed of seeds.slice(0, SHRUNK_MAX)) {
      if (signal.aborted) break
      terminal.note(`Shrinking seed ${seed}; that takes as long as up to 200 runs`)
      const job: ShrinkJob = { ...playedAs, seed, timeoutMs }
      try {
        const answer = (await pool.run(job, { name: 'shrinkSeed', signal })) as ShrinkAnswer
        if ('shrunk' in answer) shrunk.push(answer.shrunk)
        else terminal.note(`Seed ${seed} was not shrunk: ${answer.failure?.message ?? 'it did not fail again'}`)
      } catch (error: unknown) {
        if (!signal.aborted)
          terminal.note(`Seed ${seed} was not shrunk: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  } finally {
    await pool.destroy()
  }
  return shrunk
}
