import { createRandomStream } from '../../src/base/random-stream.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import type { FileSystem } from '../../src/ports/file-system.ts'
import type { Random } from '../../src/ports/random.ts'
import { openSegmentedEventLog } from '../../src/storage/segmented-event-log.ts'
import type { FaultyFileSystem, PowerCut } from '../../src/testing/faulty-file-system.ts'
import { exploreEveryDiskFault, type ExploreResult } from './every-disk-fault.ts'

/** Stands between the journal and the disk, or between the caller and the journal: how a defect is planted. */
export type LogPlant = {
  readonly fileSystem?: (disk: FileSystem) => FileSystem
  readonly log?: (log: EventLog) => EventLog
}

export type ExploreInit = { readonly seed: number; readonly plant?: LogPlant }
const DIRECTORY = '/log'
/**
 * Runs one seeded workload once per mutating disk operation, kind of fault and kind of power cut, and reopens after each:
 * what was acknowledged is there, in order and whole; what was not is there in whole groups or not at all; and what is
 * there stays there through a second cut.
 */
export async function exploreEventLog(init: ExploreInit): Promise<ExploreResult> {
  return await exploreEveryDiskFault({
    seed: init.seed,
    work: async (disk) => await work(disk, init, newHistory()),
    judge: async (disk, cut) => await exploreOne(disk, init, cut),
  })
}

type History = {
  readonly groups: { readonly first: number; readonly records: readonly string[] }[]
  acknowledged: number
}
const newHistory = (): History => ({ groups: [], acknowledged: 0 })

/** Appends groups, some at once, with a compaction now and then; stops at the first refusal, as a node does. */
async function work(disk: FaultyFileSystem, init: ExploreInit, history: History): Promise<void> {
  const draws = createRandomStream(init.seed)
  let log: EventLog | undefined
  try {
    log = await openLog(disk, init)
    for (let round = 0; round < 6; round += 1) {
      const appends: Promise<void>[] = []
      for (let group = draws.nextBelow(3); group >= 0; group -= 1) {
        const count = history.groups.reduce((total, { records }) => total + records.length, 0)
        const records = Array.from({ length: 1 + draws.nextBelow(2) }, (_, item) =>
          `${count + item}`.padEnd(4 + draws.nextBelow(30), '.'),
        )
        history.groups.push({ first: count, records })
        const end = count + records.length
        appends.push(
          log.append(records.map((text) => new TextEncoder().encode(text))).then(() => {
            history.acknowledged = Math.max(history.acknowledged, end)
          }),
        )
      }
      await settleAll(appends)
      if (round === 3)
        await log.compact({ nextIndex: log.nextIndex, payload: new TextEncoder().encode(`upto ${log.nextIndex}`) })
    }
    await log.close()
  } catch (error: unknown) {
    await log?.close().catch(() => {})
    if (!(error instanceof Error) || !('code' in error)) throw error
  }
}

async function exploreOne(
  disk: FaultyFileSystem,
  init: ExploreInit,
  cut: PowerCut,
): Promise<{ failures: string[]; left: number }> {
  const history = newHistory()
  await work(disk, init, history)
  disk.crash(cut)
  const failures: string[] = []
  let survived = -1
  try {
    const log = await openLog(disk, {})
    survived = log.nextIndex
    failures.push(...(await checkRecords(log, history)))
    await log.append([new TextEncoder().encode('after')])
    await log.close()
    disk.crash('lose')
    const again = await openLog(disk, {})
    if (again.nextIndex !== survived + 1)
      failures.push(`a second cut left ${again.nextIndex} of ${survived + 1} records`)
    failures.push(...(await checkRecords(again, history, survived)))
    await again.close()
  } catch (error: unknown) {
    failures.push(`the next start failed: ${String(error)}`)
  }
  return { failures, left: survived }
}

/** What is wrong with the first `end` records of a reopened journal. */
async function checkRecords(log: EventLog, history: History, end = log.nextIndex): Promise<readonly string[]> {
  const expected = history.groups.flatMap(({ records }) => records)
  if (end < history.acknowledged) return [`${history.acknowledged} records were acknowledged, ${end} are left`]
  if (end !== 0 && !history.groups.some(({ first, records }) => first + records.length === end)) {
    return [`a group was cut: ${end} records are left`]
  }
  const from = log.snapshot?.nextIndex ?? 0
  if (log.snapshot !== undefined && new TextDecoder().decode(log.snapshot.payload) !== `upto ${from}`) {
    return ['the snapshot holds something else']
  }
  let index = from
  for await (const record of log.read(from)) {
    if (record.index >= end) break
    const text = new TextDecoder().decode(record.payload)
    if (record.index !== index || text !== expected[index]) return [`record ${index} reads ${text}`]
    index += 1
  }
  return index === end ? [] : [`the journal ends at ${index} instead of ${end}`]
}

async function openLog(disk: FaultyFileSystem, init: { readonly plant?: LogPlant }): Promise<EventLog> {
  const fileSystem = init.plant?.fileSystem?.(disk) ?? disk
  const log = await openSegmentedEventLog(
    { fileSystem, random: FIXED_RANDOM },
    { directory: DIRECTORY, segmentSizeBytesMax: 400 },
  )
  return init.plant?.log?.(log) ?? log
}

/** The salt only has to be there. */
const FIXED_RANDOM: Random = { fraction: () => 0.5, bytes: (count) => new Uint8Array(count).fill(7) }

/** Waits for all, then throws the first refusal. */
async function settleAll(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === 'rejected') throw result.reason
}
