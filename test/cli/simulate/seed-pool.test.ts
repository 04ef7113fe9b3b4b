import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import type { PlayedAs, SeedAnswer } from '../../../src/cli/simulate/run-job.ts'
import { playSeeds } from '../../../src/cli/simulate/seed-pool.ts'

const TICKING = pathToFileURL(join(import.meta.dirname, 'scenarios/ticking.ts')).href

function playedAs(options: Readonly<Record<string, unknown>>): PlayedAs {
  return {
    source: { kind: 'file', url: TICKING },
    options,
    signatures: 'seeded',
    dataFile: undefined,
    faultIds: undefined,
  }
}

it('a seed that hangs is ended with its thread, and the others are played', async () => {
  const answers = new Map<number, SeedAnswer>()
  const timers = new Set<() => void>()
  await playSeeds(
    {
      threads: 2,
      timeoutMs: 5_000,
      playedAs: playedAs({ wrong: 'hang', at: [1] }),
      signal: new AbortController().signal,
      callLater(delayMs, call) {
        expect(delayMs).toBe(5_000)
        timers.add(call)
        return { callOff: () => timers.delete(call) }
      },
    },
    [1, 2, 3].values(),
    (seed, answer) => {
      answers.set(seed, answer)
      // The only one that is left is the one that hangs.
      if (seed === 3) for (const call of timers) call()
    },
  )
  expect(answers.get(1)).toMatchObject({ failure: { code: 'SIMULATION_SEED_HUNG' } })
  expect(answers.get(2)).toMatchObject({ seed: 2, events: 60 })
  expect(answers.get(3)).toMatchObject({ seed: 3, events: 60 })
}, 60_000)

it('what is under way when everything is ended is not told', async () => {
  const stopping = new AbortController()
  const seen: number[] = []
  await playSeeds(
    { threads: 1, timeoutMs: 1e6, playedAs: playedAs({ wrong: 'hang', at: [2] }), signal: stopping.signal },
    (function* seeds() {
      yield 1
      yield 2
      yield 3
    })(),
    (seed) => {
      seen.push(seed)
      queueMicrotask(() => stopping.abort())
    },
  )
  expect(seen).toEqual([1])
}, 60_000)

it('a thread makes room for a new one behind so many seeds, and none is lost or played twice', async () => {
  const seen: number[] = []
  const threads: unknown[] = []
  await playSeeds(
    {
      threads: 2,
      timeoutMs: 1e6,
      playedAs: playedAs({ wrong: 'thread' }),
      signal: new AbortController().signal,
      seedsPerThread: 2,
    },
    [1, 2, 3, 4, 5, 6, 7].values(),
    (seed, answer) => {
      seen.push(seed)
      if ('metrics' in answer) threads.push(answer.metrics['thread'])
    },
  )
  expect(new Set(seen)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]))
  const played = [...Map.groupBy(threads, (thread) => thread).values()]
  const most = Math.max(...played.map(({ length }) => length))
  expect([threads.length, most]).toEqual([7, 2])
}, 60_000)
