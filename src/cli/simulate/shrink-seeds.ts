import { MessageChannel } from 'node:worker_threads'
import type { Piscina } from 'piscina'
import type { Shrunk } from '../../simulation/run/shrink.ts'
import type { Terminal } from '../terminal.ts'
import type { PlayedAs, ShrinkAnswer, ShrinkJob, ShrinkNews } from './run-job.ts'
import { openPool } from './seed-pool.ts'

export type ShrinkSeedsInit = {
  readonly playedAs: PlayedAs
  /** In ascending order. */
  readonly seeds: readonly number[]
  /** For a run. */
  readonly timeoutMs: number
  readonly terminal: Pick<Terminal, 'note'>
  readonly signal: AbortSignal
}

/** Failing seeds that are made small: each takes as long as many runs. */
const SHRUNK_MAX = 3

/**
 * Makes the first failing seeds small, one after the other, on a thread. One that does not fail again, or whose thread dies, is left out with a remark; where a smaller run
 * never ends, its thread is ended, and what was found until then stands.
 */
export async function shrinkSeeds(init: ShrinkSeedsInit): Promise<readonly Shrunk[]> {
  const shrunk: Shrunk[] = []
  const pool = openPool(1)
  try {
    for (const seed of init.seeds.slice(0, SHRUNK_MAX)) {
      if (init.signal.aborted) break
      init.terminal.note(`Shrinking seed ${seed}; that takes as long as up to 200 runs`)
      const found = await shrinkOne(pool, seed, init)
      if (found !== undefined) shrunk.push(found)
    }
  } finally {
    await pool.destroy()
  }
  return shrunk
}

/** A run that is asked between its events ends by itself at its limit; one that is not heard of until then has none. */
const GRACE = 2

async function shrinkOne(
  pool: Piscina,
  seed: number,
  { playedAs, timeoutMs, terminal, signal }: ShrinkSeedsInit,
): Promise<Shrunk | undefined> {
  const { port1, port2 } = new MessageChannel()
  const hung = new AbortController()
  let smallest: Shrunk | undefined
  let timer: NodeJS.Timeout | undefined
  port1.on('message', (news: ShrinkNews) => {
    if ('shrunk' in news) smallest = news.shrunk
    else {
      clearTimeout(timer)
      timer = setTimeout(() => hung.abort(), GRACE * news.limitMs)
    }
  })
  const job: ShrinkJob = { ...playedAs, seed, timeoutMs, port: port2 }
  const refuse = (why: string): void => terminal.note(`Seed ${seed} was not shrunk: ${why}`)
  try {
    const either = AbortSignal.any([signal, hung.signal])
    const answer = (await pool.run(job, {
      name: 'shrinkSeed',
      transferList: [port2],
      signal: either,
    })) as ShrinkAnswer
    if ('shrunk' in answer) return answer.shrunk
    refuse(answer.failure?.message ?? 'it did not fail again')
  } catch (error: unknown) {
    if (signal.aborted) return undefined
    if (!hung.signal.aborted) refuse(error instanceof Error ? error.message : String(error))
    else if (smallest === undefined) refuse('it did not end this time, and was ended with its thread')
    else
      terminal.note(
        `Seed ${seed}: a smaller run did not end, and was ended with its thread; what was found until then is shown`,
      )
    return smallest
  } finally {
    clearTimeout(timer)
    port1.close()
  }
  return undefined
}
