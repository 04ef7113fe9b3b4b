import type { KeyValueStore } from '../../src/ports/key-value-store.ts'
import type { Timers } from '../../src/ports/timers.ts'
import { createNameHasher } from '../../src/telemetry/task-hasher.ts'
import { createEarlierRecords } from '../../src/telemetry/sums/earlier-records.ts'
import { createUsageSums } from '../../src/telemetry/sums/usage-sums.ts'
import type { UsageSums } from '../../src/telemetry/sums/record-sums.ts'
import { createTelemetryStore, type TelemetryStore } from '../../src/telemetry/telemetry-store.ts'

export type StorageRecords = { readonly telemetry: TelemetryStore; readonly sums: UsageSums }

export type StorageRecordsInit = {
  readonly root: KeyValueStore
  readonly secret: Uint8Array
  readonly timers: Timers
  readonly writer: string
}

/** Records of tasks with their sums, as a node has them. */
export function openStorageRecords({ root, secret, timers, writer }: StorageRecordsInit): StorageRecords {
  const [records, hashName] = [root.sublevel('telemetry'), createNameHasher(secret)]
  const sums = createUsageSums(
    {
      root,
      records: 'telemetry',
      sums: 'usage',
      earlier: createEarlierRecords({ records, sums: root.sublevel('usage') }),
      hashName,
      timers,
    },
    { writer, isShared: false },
  )
  return { telemetry: createTelemetryStore(records, { hashName, sums }), sums }
}

/** Tasks in the sums of hours, and in those of days. */
export async function countedTasks(sums: UsageSums): Promise<readonly [number, number]> {
  const counts: [number, number] = [0, 0]
  for (const [place, grain] of (['hour', 'day'] as const).entries())
    for await (const { figures } of sums.parts(grain, {})) counts[place] = (counts[place] ?? 0) + figures.requests
  return counts
}
