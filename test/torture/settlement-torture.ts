import type { FileSystem, OpenFile } from '../../src/ports/file-system.ts'
import { sha256Hex } from '../../src/base/sha256.ts'
import { exploreSettlement, SHORT_SEGMENTS } from './explore-settlement.ts'
import { killAtEveryBoundary } from './kill-settlement.ts'
import { raceNotary } from './race-notary.ts'
import { isOverdue, type Torture, type TortureFailure } from './torture.ts'
import { traceSettlement } from './trace-settlement.ts'

const PLANTS = {
  'unsynced-settlement': 'The journal acknowledges a settlement before it is on the disk.',
} as const

/** A settlement at one notary: every disk fault, every kill, what the kernel saw, and many that ask for the same at once. */
export const SETTLEMENT_TORTURE: Torture = {
  name: 'settlement',
  runsDefault: 1,
  plants: PLANTS,
  run: async (init) => {
    const failures: TortureFailure[] = []
    const counts: Record<string, number | boolean | string> = {}
    const traces: string[] = []
    let runs = 0
    for (let round = 0; round < init.runs && !isOverdue(init); round += 1) {
      const seed = init.firstSeed + round
      const fail = (what: readonly string[]): void => void failures.push(...what.map((each) => ({ seed, what: each })))
      const plant = init.plant === '' ? undefined : withoutSyncs
      for (const [name, segments] of [
        ['disk', undefined],
        ['segments', SHORT_SEGMENTS],
      ] as const) {
        const explored = await exploreSettlement({ seed, plant, segments })
        runs += explored.runs
        traces.push(...explored.trace)
        counts[`${name}_operations`] = explored.faultPoints
        counts[`${name}_images`] = explored.runs
        fail(explored.failures)
        init.log(
          `${name}: ${explored.faultPoints} operations, ${explored.runs} images, ${explored.failures.length} failures`,
        )
      }
      if (init.plant !== '') continue
      const killed = await killAtEveryBoundary({ every: 1, isOver: () => isOverdue(init) })
      runs += killed.runs
      counts['kill_boundaries'] = killed.boundaries
      counts['kills'] = killed.runs
      fail(killed.failures)
      init.log(`${killed.boundaries} boundaries, ${killed.runs} kills: ${killed.failures.length} failures`)
      const traced = traceSettlement()
      counts['traced_receipts'] = traced?.receipts ?? 0
      counts['traced_syncs'] = traced?.syncs ?? 0
      fail(traced?.failures ?? [])
      for (const { request, answers, violations } of await raceNotary({ processes: 4, connections: 16, seed })) {
        counts[`race_${request}`] = answers
        fail(violations)
      }
    }
    counts['hash'] = sha256Hex(traces.join('\n'))
    return { name: 'settlement', runs, counts, failures }
  },
}

/** A disk that says that it has synced. */
export function withoutSyncs(disk: FileSystem): FileSystem {
  const lying = (file: OpenFile): OpenFile => ({
    size: async () => await file.size(),
    read: async (position, length) => await file.read(position, length),
    append: async (bytes) => await file.append(bytes),
    sync: async () => {},
    close: async () => await file.close(),
  })
  return {
    exists: async (path) => await disk.exists(path),
    list: async (path) => await disk.list(path),
    permissionsOf: async (path) => await disk.permissionsOf(path),
    makeDirectory: async (path) => await disk.makeDirectory(path),
    rename: async (from, to) => await disk.rename(from, to),
    remove: async (path) => await disk.remove(path),
    syncDirectory: async (path) => await disk.syncDirectory(path),
    open: async (path, init) => {
      const file = await disk.open(path, init)
      return path.includes('/journal/') ? lying(file) : file
    },
  }
}
