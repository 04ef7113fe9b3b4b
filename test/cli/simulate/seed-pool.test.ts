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
