import type { SharedJournal } from '../../ports/shared-journal.ts'
import { type ConformanceCase, expectSame } from './conformance-case.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

async function add(journal: SharedJournal, entry: Uint8Array, expectedIndex: number): Promise<boolean> {
  return await journal.append(entry, { expectedIndex, limits: [] })
}

/** Everything from an index on, page by page. */
async function readAll(journal: SharedJournal, fromIndex: number): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = []
  for (;;) {
    const { snapshot, entries, nextIndex } = await journal.read(fromIndex + found.length)
    expectSame(snapshot, undefined, 'no snapshot')
    found.push(...entries)
    if (fromIndex + found.length === nextIndex) return found
  }
}

/** Promises of the SharedJournal port. What several processes do to one is tested where there are several. */
export const SHARED_JOURNAL_CASES: readonly ConformanceCase<SharedJournal>[] = [
  {
    name: 'a new journal is empty',
    run: async (journal) => {
      const empty = { snapshot: undefined, entries: [], nextIndex: 0, sizeBytes: 0 }
      expectSame(await journal.read(0), empty, 'new journal')
      expectSame(await journal.read(7), empty, 'read by somebody who is ahead')
    },
  },
  {
    name: 'an entry is kept at the end that its writer knows, and nowhere else',
    run: async (journal) => {
      expectSame(await add(journal, bytes(1), 0), true, 'first')
      expectSame(await add(journal, bytes(9), 0), false, 'behind')
      expectSame(await add(journal, bytes(9), 2), false, 'ahead')
      expectSame(await add(journal, bytes(), 1), true, 'empty')
      expectSame(await readAll(journal, 0), [bytes(1), bytes()], 'entries')
      expectSame((await journal.read(1)).entries, [bytes()], 'entries from the second on')
      expectSame((await journal.read(0)).nextIndex, 2, 'end')
    },
  },
  {
    name: 'of many who write at once each is kept once, in the order in which they were told so',
    run: async (journal) => {
      const kept: number[] = []
      const write = async (value: number): Promise<void> => {
        for (;;) {
          const { nextIndex } = await journal.read(0)
          if (!(await add(journal, bytes(value), nextIndex))) continue
          kept[nextIndex] = value
          return
        }
      }
      await Promise.all(Array.from({ length: 12 }, async (_, value) => await write(value)))
      expectSame(
        (await readAll(journal, 0)).map(([value]) => value),
        kept,
        'entries',
      )
      expectSame(
        kept.toSorted((one, other) => one - other),
        Array.from({ length: 12 }, (_, value) => value),
        'all of them',
      )
    },
  },
  {
    name: 'more than a page is read to its end',
    run: async (journal) => {
      for (let index = 0; index < 1_203; index += 1) await add(journal, bytes(index % 251), index)
      const all = await readAll(journal, 0)
      expectSame([all.length, all[1_202]], [1_203, bytes(1_202 % 251)], 'entries')
    },
  },
  {
    name: 'a snapshot takes the place of what it replaces, for whoever has not read that, and an older one changes nothing',
    run: async (journal) => {
      for (let index = 0; index < 3; index += 1) await add(journal, bytes(index), index)
      await journal.compact({ nextIndex: 3, payload: bytes(7, 7) })
      await journal.compact({ nextIndex: 2, payload: bytes(6) })
      expectSame((await journal.read(0)).sizeBytes, 0, 'bytes behind the snapshot')
      await add(journal, bytes(3), 3)
      const { sizeBytes, ...page } = await journal.read(0)
      const snapshot = { nextIndex: 3, payload: bytes(7, 7) }
      expectSame(page, { snapshot, entries: [bytes(3)], nextIndex: 4 }, 'from the start')
      expectSame(sizeBytes > 0, true, 'what follows is counted')
      expectSame((await journal.read(3)).snapshot, undefined, 'whoever has read that much needs none')
      expectSame((await journal.read(3)).entries, [bytes(3)], 'what follows')
    },
  },
]
