import { describe, expect, it } from 'vitest'
import { createEntryTable } from '../../../src/router/cache/entry-table.ts'
import type { CacheEntry } from '../../../src/router/cache/cache-entry.ts'
import type { VectorKernel } from '../../../src/ports/vector-kernel.ts'

const NO_VECTORS = {} as Pick<VectorKernel, 'createVectorIndex' | 'dot'>

const entryOf = (entryId: string, place: number): CacheEntry =>
  ({ cached: { entryId }, place, partition: 'p', sizeBytes: 1, vector: undefined }) as CacheEntry

/** Draws 0 to `below` - 1, the same in every run. */
function drawsOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

describe('the table of entries', () => {
  it('pushes out the least recently used, as a plain list would, whatever happened before', () => {
    const table = createEntryTable(
      { kernel: NO_VECTORS },
      { entriesMax: 50, bytesMax: Number.MAX_SAFE_INTEGER, dims: 0 },
    )
    const draw = drawsOf(7)
    let list: string[] = []
    let pushedOutCount = 0
    for (let step = 0; step < 20_000; step += 1) {
      const id = `e${draw(80)}`
      const rest = list.filter((other) => other !== id)
      const known = table.get(id)
      expect(known !== undefined).toBe(rest.length < list.length)
      const what = draw(10)
      if (what < 6) {
        const pushedOut = table.set(entryOf(id, step)).map(({ cached }) => cached.entryId)
        list = [...rest, id]
        expect(pushedOut).toEqual(list.splice(0, Math.max(0, list.length - 50)))
        pushedOutCount += pushedOut.length
      } else if (known !== undefined && what < 9) {
        table.touch(known)
        list = [...rest, id]
      } else if (known !== undefined) {
        table.delete(known)
        list = rest
      }
    }
    expect([...table.entries()].map(({ cached }) => cached.entryId)).toEqual(list)
    expect(pushedOutCount).toBeGreaterThan(1_000)
  })
})
