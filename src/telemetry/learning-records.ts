import type { TelemetryEvent } from '../wire/telemetry-event.ts'
import type { FollowUpStore } from './follow-up-store.ts'
import { joinFollowUps } from './join-follow-ups.ts'
import type { RecordName } from './record-index.ts'
import type { TelemetryPipeline } from './telemetry-pipeline.ts'
import type { TelemetryStore } from './telemetry-store.ts'

/** Records of one trace that are looked for, and records that are read again at the start. */
const TRACE_RECORDS_MAX = 1_000
const REREAD_MAX = 5_000

export type LearningRecordsComponents = {
  readonly store: TelemetryStore
  readonly followUps: FollowUpStore
  readonly pipeline: Pick<TelemetryPipeline, 'flush'>
}

/** Records with what followed on them, as a learner reads them. */
export type ReadRecords = {
  /** Those of that name that can be read; what waits to be stored is stored first. */
  find(names: readonly RecordName[]): Promise<readonly TelemetryEvent[]>
  /** All of them, oldest first. */
  all(): AsyncIterable<TelemetryEvent>
  /** Those from an instant on, oldest first; of many the newest. */
  since(from: string): Promise<readonly TelemetryEvent[]>
}

export function createLearningRecords({ store, followUps, pipeline }: LearningRecordsComponents): ReadRecords {
  const ofTrace = async function* ({ tenant, id }: RecordName): AsyncGenerator<TelemetryEvent, void, undefined> {
    for await (const event of store.list({ tenant, isNewestFirst: true, limit: TRACE_RECORDS_MAX }))
      if (event.trace_id === id) yield event
  }
  const named = async function* (names: readonly RecordName[]): AsyncGenerator<TelemetryEvent, void, undefined> {
    for (const name of names) {
      if (name.kind === 'trace') yield* ofTrace(name)
      else {
        const event = await store.find(name)
        if (event !== undefined) yield event
      }
    }
  }
  return {
    async find(names) {
      await pipeline.flush()
      return await listOf(joinFollowUps(named(names), followUps))
    },
    async *all() {
      await pipeline.flush()
      yield* joinFollowUps(store.list(), followUps)
    },
    async since(from) {
      const newest = store.list({ from, isNewestFirst: true, limit: REREAD_MAX })
      return (await listOf(joinFollowUps(newest, followUps))).toReversed()
    },
  }
}

async function listOf(events: AsyncIterable<TelemetryEvent>): Promise<readonly TelemetryEvent[]> {
  const list: TelemetryEvent[] = []
  for await (const event of events) list.push(event)
  return list
}
