import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { shrinkSeeds } from '../../../src/cli/simulate/shrink-seeds.ts'
import { TryLimits } from '../../../src/cli/simulate/try-limits.ts'

it('a failing seed is shrunk as far as it was where a smaller run never ends', async () => {
  const notes: string[] = []
  const source = {
    kind: 'file',
    url: pathToFileURL(join(import.meta.dirname, 'scenarios/ticking.ts')).href,
    sha256: '',
  } as const
  const options = { wrong: 'small', at: [1, 2], agents: 8 }
  const shrunk = await shrinkSeeds({
    playedAs: { source, options, signatures: 'seeded', dataFile: undefined, faultIds: undefined },
    seeds: [1, 2],
    timeoutMs: 1_000,
    terminal: { note: (text) => void notes.push(text) },
    signal: new AbortController().signal,
  })
  // The thread of the first was ended, and another one takes the second.
  expect(shrunk.map(({ failing }) => [failing.seed, failing.options])).toMatchObject([
    [1, { agents: 4 }],
    [2, { agents: 4 }],
  ])
  expect(notes.filter((note) => note.includes('a smaller run did not end'))).toHaveLength(2)
}, 60_000)

it('what is smaller may take ten times as long as the whole, ten seconds in any case, and no longer than is allowed', () => {
  const limitsOf = (wholeMs: number): readonly number[] => {
    const limits = new TryLimits(600_000)
    return [limits.next(500), limits.next(500 + wholeMs), limits.next(99_999)]
  }
  expect(limitsOf(5)).toEqual([600_000, 10_000, 10_000])
  expect(limitsOf(4_000)).toEqual([600_000, 40_000, 40_000])
  expect(limitsOf(100_000)).toEqual([600_000, 600_000, 600_000])
})
