import { CodedError } from '../../base/errors.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { expectRejection, expectSame } from './conformance-case.ts'
import type { ConformanceCase } from './conformance-case.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

async function recordsFrom(log: EventLog, fromIndex: number): Promise<[number, Uint8Array][]> {
  const records: [number, Uint8Array][] = []
  for await (const { index, payload } of log.read(fromIndex)) records.push([index, payload])
  return records
}

const isRangeError = (error: unknown): boolean => error instanceof RangeError

/** Promises of the EventLog port within one opening; what survives a crash is tested against a faulty disk. */
export const EVENT_LOG_CASES: readonly ConformanceCase<EventLog>[] = [
  {
    name: 'a new log is empty and starts at 0',
    run: async (log) => {
      expectSame([log.nextIndex, log.sizeBytes, log.snapshot], [0, 0, undefined], 'new log')
      expectSame(await recordsFrom(log, 0), [], 'records')
    },
  },
  {
    name: 'records are numbered from 0 without gaps, groups included',
    run: async (log) => {
      expectSame(await log.append([bytes(1)]), 0, 'first index')
      expectSame(await log.append([bytes(2), bytes()]), 1, 'index of a group')
      expectSame(log.nextIndex, 3, 'next index')
      expectSame(
        await recordsFrom(log, 0),
        [
          [0, bytes(1)],
          [1, bytes(2)],
          [2, bytes()],
        ],
        'records',
      )
      expectSame(await recordsFrom(log, 2), [[2, bytes()]], 'records from the middle of a group')
      expectSame(await recordsFrom(log, 3), [], 'records from the end')
    },
  },
  {
    name: 'concurrent appends keep the order of their calls',
    run: async (log) => {
      const indexes = await Promise.all(Array.from({ length: 50 }, async (_, item) => await log.append([bytes(item)])))
      expectSame(
        indexes,
        Array.from({ length: 50 }, (_, item) => item),
        'indexes',
      )
      const records = await recordsFrom(log, 0)
      expectSame(
        records.map(([, payload]) => payload[0]),
        indexes,
        'order on disk',
      )
    },
  },
  {
    name: 'a read sees the records acknowledged before it, not later ones',
    run: async (log) => {
      await log.append([bytes(1)])
      const reading = log.read(0)
      await log.append([bytes(2)])
      let seen = 0
      for await (const record of reading) seen += record.payload.length
      expectSame(seen, 1, 'records seen')
    },
  },
  {
    name: 'compaction replaces the records by the snapshot and keeps the numbering',
    run: async (log) => {
      await log.append([bytes(1), bytes(2)])
      await log.compact({ nextIndex: 2, payload: bytes(9) })
      expectSame([log.nextIndex, log.sizeBytes], [2, 0], 'after compaction')
      expectSame(log.snapshot, { nextIndex: 2, payload: bytes(9) }, 'snapshot')
      expectSame(await log.append([bytes(3)]), 2, 'next append')
      expectSame(await recordsFrom(log, 2), [[2, bytes(3)]], 'records behind the snapshot')
      await expectRejection(async () => await recordsFrom(log, 1), isRangeError, 'reading replaced records')
      await log.compact({ nextIndex: 3, payload: bytes(8) })
      await log.compact({ nextIndex: 3, payload: bytes(7) })
      expectSame(log.snapshot, { nextIndex: 3, payload: bytes(7) }, 'a second snapshot at the same place')
    },
  },
  {
    name: 'a snapshot that ends elsewhere than the log, and an append of nothing, are misuse',
    run: async (log) => {
      await expectRejection(async () => await log.compact({ nextIndex: 1, payload: bytes() }), isRangeError, 'compact')
      await expectRejection(async () => await log.append([]), isRangeError, 'append')
    },
  },
  {
    name: 'appends made while a compaction runs follow it',
    run: async (log) => {
      const before = log.append([bytes(1)])
      const compaction = log.compact({ nextIndex: 1, payload: bytes(5) })
      const after = log.append([bytes(2)])
      await Promise.all([before, compaction, after])
      expectSame(await recordsFrom(log, 1), [[1, bytes(2)]], 'records')
    },
  },
  {
    name: 'a closed log refuses with STORE_NOT_OPEN, and closing twice is fine',
    run: async (log) => {
      await log.close()
      await log.close()
      const isNotOpen = (error: unknown): boolean => CodedError.is(error, 'STORE_NOT_OPEN')
      await expectRejection(async () => await log.append([bytes(1)]), isNotOpen, 'append')
      await expectRejection(async () => await recordsFrom(log, 0), isNotOpen, 'read')
    },
  },
]
