import { createHash } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import { DuplicateFinder } from '../../../../src/node/learning/dataset/duplicate-finder.ts'
import { DataFolder, removeDataFolders } from '../data-folder.ts'

afterAll(removeDataFolders)

type Entry = { readonly identity: number | undefined; readonly rank: number }

/** All but the best of each identity, by trying. */
function expected(entries: readonly Entry[]): readonly number[] {
  const best = new Map<number, number>()
  for (const [number, { identity, rank }] of entries.entries()) {
    if (identity === undefined) continue
    const held = best.get(identity)
    if (held === undefined || rank > (entries[held]?.rank ?? 0)) best.set(identity, number)
  }
  const kept = new Set(best.values())
  return entries.flatMap(({ identity }, number) => (identity === undefined || kept.has(number) ? [] : [number]))
}

function found(entries: readonly Entry[], entriesMax: number, folder: DataFolder): readonly number[] {
  const finder = new DuplicateFinder({ folder: folder.file('x'), entriesMax })
  try {
    for (const { identity, rank } of entries)
      finder.add(identity === undefined ? undefined : createHash('sha256').update(String(identity)).digest(), rank)
    const duplicates = finder.finish()
    const numbers = entries.flatMap((_, number) => (duplicates.isDuplicate(number) ? [number] : []))
    expect(duplicates.count).toBe(numbers.length)
    return numbers
  } finally {
    finder.close()
  }
}

describe('duplicates', () => {
  it('are all but the first of the highest rank', () => {
    const entries = [
      { identity: 1, rank: 0 },
      { identity: 2, rank: 0 },
      { identity: 1, rank: 2 },
      { identity: undefined, rank: 9 },
      { identity: 1, rank: 2 },
      { identity: undefined, rank: 9 },
      { identity: 1, rank: 1 },
    ]
    expect(found(entries, 100, new DataFolder())).toEqual([0, 4, 6])
  })

  it.each([5000, 1000, 7])('are the same with room for %s in memory, and nothing stays on disk', (entriesMax) => {
    const random = createRandomStream(entriesMax)
    const entries = Array.from({ length: 5000 }, () => ({
      identity: random.nextUnit() < 0.1 ? undefined : random.nextBelow(3000),
      rank: random.nextBelow(3),
    }))
    const folder = new DataFolder()
    expect(found(entries, entriesMax, folder)).toEqual(expected(entries))
    expect(folder.names()).toEqual([])
  })
})
