import type { TelemetryEvent } from '../../../wire/telemetry-event.ts'
import { joinFollowUps } from '../../../telemetry/join-follow-ups.ts'
import type { NodeRecords } from '../../node-records.ts'
import type { NodeTelemetry } from '../../open-telemetry.ts'
import type { LearningRecords, NodeLearner, TaskName } from '../../../learning/online/node-learner.ts'

/** Records of one trace that are looked for, and records that are read again at the start. */
const TRACE_RECORDS_MAX = 1_000
const REREAD_MAX = 5_000

/** The records of a node as its learner reads them. */
export function createLearningRecords({
  store,
  followUps,
  pipeline,
}: Pick<NodeTelemetry, 'store' | 'followUps' | 'pipeline'>): LearningRecords {
  const ofTrace = async function* ({ tenant, id }: TaskName): AsyncGenerator<TelemetryEvent, void, undefined> {
    for await (const event of store.list({ tenant, isNewestFirst: true, limit: TRACE_RECORDS_MAX }))
      if (event.trace_id === id) yield event
  }
  const named = async function* (names: readonly TaskName[]): AsyncGenerator<TelemetryEvent, void, undefined> {
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

/** The records of a node whose learner hears of feedback, and forgets what is deleted: it begins anew with what is left. */
export function recordsWithLearner(records: NodeRecords, learner: NodeLearner | undefined): NodeRecords {
  if (learner === undefined) return records
  return {
    list: (filter, options) => records.list(filter, options),
    get unreadableCount() {
      return records.unreadableCount
    },
    get unreadableFollowUps() {
      return records.unreadableFollowUps
    },
    count: async () => await records.count(),
    exportLines: (filter, options) => records.exportLines(filter, options),
    async addFeedback(feedback) {
      const receipt = await records.addFeedback(feedback)
      const { tenant, about } = feedback
      learner.notice(
        'taskId' in about ? { tenant, kind: 'event', id: about.taskId } : { tenant, kind: 'trace', id: about.traceId },
      )
      return receipt
    },
    recordDerivation: async (derivation) => await records.recordDerivation(derivation),
    derivations: async () => await records.derivations(),
    async purge(what, options) {
      await learner.forget()
      try {
        return await records.purge(what, options)
      } finally {
        learner.relearn()
      }
    },
  }
}
