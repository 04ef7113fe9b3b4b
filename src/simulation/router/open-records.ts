import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { Random } from '../../ports/random.ts'
import type { Timers } from '../../ports/timers.ts'
import { createFollowUpStore, type FollowUpStore } from '../../telemetry/follow-up-store.ts'
import { createNameHasher } from '../../telemetry/task-hasher.ts'
import { createTelemetryPipeline, type TelemetryPipeline } from '../../telemetry/telemetry-pipeline.ts'
import { createTelemetryStore, type TelemetryStore } from '../../telemetry/telemetry-store.ts'
import type { RouterMachineInit } from './router-parts.ts'

/** The records of a machine, and what was said of them. */
export type MachineRecords = {
  readonly pipeline: TelemetryPipeline
  readonly store: TelemetryStore
  readonly followUps: FollowUpStore
  stop(): Promise<void>
}

export type OpenRecordsInit = Pick<RouterMachineInit, 'hasConsent' | 'keepsText'> & {
  readonly store: KeyValueStore
  readonly timers: Timers
  readonly random: Random
  readonly onError: (error: unknown) => void
}

const SECRET_KEY = 'secret'
const SECRET_BYTES = 32

/** Opens the records where a node has them, under the secret that the first start of the machine drew. */
export async function openRecords(init: OpenRecordsInit): Promise<MachineRecords> {
  const { store: root, timers, onError, hasConsent = true, keepsText = true } = init
  const secret = await secretOf(init)
  const hashName = createNameHasher(secret)
  const store = createTelemetryStore(root.sublevel('telemetry'), { index: root.sublevel('telemetry-index'), hashName })
  const followUps = createFollowUpStore(root.sublevel('follow-ups'), { hashName })
  const pipeline = createTelemetryPipeline(
    { store, timers, secret },
    { hasConsent, keepsText, hardwareTier: 'simulated', hasGpu: false, ramBucket: '16gb', onError },
  )
  await pipeline.start()
  return { pipeline, store, followUps, stop: async () => await pipeline.stop() }
}

async function secretOf({ store, random }: OpenRecordsInit): Promise<Uint8Array> {
  const kept = await store.get(SECRET_KEY)
  if (kept !== undefined) return kept
  const secret = random.bytes(SECRET_BYTES)
  await store.put(SECRET_KEY, secret, { sync: true })
  return secret
}
