import type { SegmentCadence } from '../../src/market/notary/books/segment-keeper.ts'
import type { FileSystem } from '../../src/ports/file-system.ts'
import type { FaultyFileSystem, PowerCut } from '../../src/testing/faulty-file-system.ts'
import { exploreEveryDiskFault, type ExploreResult } from './every-disk-fault.ts'
import { openNotaryOver } from './notary-at.ts'
import { judgeRestarted, type Receipts, sendAll, type SettlementWork, settlementWork } from './settlement-workload.ts'

const DIRECTORY = '/notary'

export type ExploreSettlementInit = {
  readonly seed: number
  /** 3: faults at every third operation alone. Default 1. */
  readonly every?: number
  /** Closes segments of the journal in between, and starts from them. */
  readonly segments?: SegmentCadence | undefined
  /** Stands between the notary and the disk: how a defect is planted. */
  readonly plant?: ((disk: FileSystem) => FileSystem) | undefined
}

/** Behind every third entry, however large the state is. */
export const SHORT_SEGMENTS: SegmentCadence = { entries: 3, atStop: 1, rowsPerEntry: 1_000 }

/**
 * A settlement, once per mutating operation of the disk, kind of fault there and kind of power cut: after the restart the books balance, each receipt that anybody
 * holds is given again byte for byte, and the rest of the work comes out as ever, also through a second cut.
 */
export async function exploreSettlement({
  seed,
  every,
  plant,
  segments,
}: ExploreSettlementInit): Promise<ExploreResult> {
  const work = settlementWork(Date.now())
  const over = (disk: FaultyFileSystem): FileSystem => plant?.(disk) ?? disk
  return await exploreEveryDiskFault({
    seed,
    every,
    work: async (disk) => await settle(over(disk), { work, segments }, new Map()),
    judge: async (disk, cut) => await judge({ disk, over, work, segments }, cut),
  })
}

type World = {
  readonly disk: FaultyFileSystem
  readonly over: (disk: FaultyFileSystem) => FileSystem
  readonly work: SettlementWork
  readonly segments: SegmentCadence | undefined
}

async function settle(
  disk: FileSystem,
  { work, segments }: Pick<World, 'work' | 'segments'>,
  receipts: Receipts,
): Promise<void> {
  try {
    const notary = await openNotaryOver(disk, { directory: DIRECTORY, set: work.set, segments })
    try {
      await sendAll(notary.service, work, (index, receipt) => void receipts.set(index, receipt))
    } finally {
      await notary.close()
    }
  } catch {
    // The disk refused: the process ends, and whatever was told stands.
  }
}

async function judge(
  { disk, over, work, segments }: World,
  cut: PowerCut,
): Promise<{ failures: readonly string[]; left: number }> {
  const receipts: Receipts = new Map()
  await settle(over(disk), { work, segments }, receipts)
  const left = receipts.size
  const failures: string[] = []
  disk.crash(cut)
  for (const last of ['lose', 'keep'] as const) {
    try {
      const notary = await openNotaryOver(over(disk), { directory: DIRECTORY, set: work.set, segments })
      failures.push(...(await judgeRestarted(notary.service, work, receipts)))
      await notary.close()
    } catch (error: unknown) {
      failures.push(`it does not start again: ${String(error)}`)
    }
    disk.crash(last)
  }
  return { failures, left }
}
