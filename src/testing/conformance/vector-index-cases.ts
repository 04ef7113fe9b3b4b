import type { VectorHit, VectorIndex } from '../../ports/vector-index.ts'
import { expectRejection, expectSame } from './conformance-case.ts'
import type { ConformanceCase } from './conformance-case.ts'

/** Dimensions and capacity of the index that each case gets, empty. */
export const VECTOR_INDEX_SUBJECT = { dims: 4, capacityMax: 3 } as const

const east = Float32Array.of(1, 0, 0, 0)
const north = Float32Array.of(0, 1, 0, 0)
const northEast = Float32Array.of(Math.SQRT1_2, Math.SQRT1_2, 0, 0)
const west = Float32Array.of(-1, 0, 0, 0)

const isRangeError = (error: unknown): boolean => error instanceof RangeError
const ids = (hits: readonly VectorHit[]): number[] => hits.map(({ id }) => id)

/** Every promise of the VectorIndex port, on an index as `VECTOR_INDEX_SUBJECT` says. An implementation runs all of them. */
export const VECTOR_INDEX_CASES: readonly ConformanceCase<VectorIndex>[] = [
  {
    name: 'an empty index finds nothing',
    run: async (index) => {
      expectSame(index.size, 0, 'size')
      expectSame(index.search(east, 5), [], 'hits')
    },
  },
  {
    name: 'hits come best first with their exact score',
    run: async (index) => {
      index.add(7, north)
      index.add(-9, east)
      expectSame(
        index.search(east, 5),
        [
          { id: -9, score: 1 },
          { id: 7, score: 0 },
        ],
        'hits',
      )
      expectSame(index.search(northEast, 1)[0]?.score, Math.fround(Math.SQRT1_2), 'score')
    },
  },
  {
    name: 'no more hits than asked for, opposites last',
    run: async (index) => {
      index.add(1, west)
      index.add(2, northEast)
      index.add(3, east)
      expectSame(ids(index.search(east, 2)), [3, 2], 'two')
      expectSame(ids(index.search(east, 256)), [3, 2, 1], 'all')
    },
  },
  {
    name: 'an id that is added again is replaced, also when the index is full',
    run: async (index) => {
      for (const id of [1, 2, 3]) expectSame(index.add(id, north), true, `add ${id}`)
      expectSame(index.add(4, east), false, 'add to a full index')
      expectSame(index.add(2, east), true, 'replace in a full index')
      expectSame([index.size, ids(index.search(east, 1))], [3, [2]], 'size and best')
    },
  },
  {
    name: 'a removed id is gone and leaves the others as they were',
    run: async (index) => {
      index.add(1, east)
      index.add(2, north)
      index.add(3, west)
      expectSame([index.remove(1), index.remove(1), index.remove(99)], [true, false, false], 'remove')
      expectSame(ids(index.search(east, 3)), [2, 3], 'what is left')
      expectSame(index.add(4, northEast), true, 'room again')
      expectSame(ids(index.search(east, 3)), [4, 2, 3], 'with the new one')
    },
  },
  {
    name: 'vectors are copied in',
    run: async (index) => {
      const mine = east.slice()
      index.add(1, mine)
      mine.fill(0)
      expectSame(index.search(east, 1), [{ id: 1, score: 1 }], 'after changing what was added')
    },
  },
  {
    name: 'clear forgets everything and the index can be used again',
    run: async (index) => {
      index.add(1, east)
      index.clear()
      expectSame([index.size, index.search(east, 1)], [0, []], 'after clear')
      index.add(2, north)
      expectSame(ids(index.search(east, 5)), [2], 'after adding again')
    },
  },
  {
    name: 'vectors of another length or size, ids and counts out of range are refused and change nothing',
    run: async (index) => {
      const wrong: (() => unknown)[] = [
        () => index.add(1, Float32Array.of(1, 0)),
        () => index.add(1, Float32Array.of(1, 1, 0, 0)),
        () => index.add(1, Float32Array.of(Number.NaN, 0, 0, 1)),
        () => index.add(0.5, east),
        () => index.search(Float32Array.of(1), 1),
        () => index.search(east, 0),
        () => index.search(east, 257),
      ]
      for (const call of wrong) await expectRejection(async () => call(), isRangeError, call.toString())
      expectSame(index.size, 0, 'size')
    },
  },
]
