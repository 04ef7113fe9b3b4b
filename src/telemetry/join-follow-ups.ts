import type { AbortOptions } from '../ports/abort-options.ts'
import type { FollowUpStore } from './follow-up-store.ts'
import type { TelemetryEvent } from '../wire/telemetry-event.ts'

/** Records whose follow-ups are looked up in one go. */
const LOOKED_UP_AT_ONCE = 128

/** The records with what came after them: `feedback` and `shadows`, each where there is any. */
export async function* joinFollowUps(
  records: AsyncIterable<TelemetryEvent>,
  followUps: Pick<FollowUpStore, 'lookup'>,
  { signal }: AbortOptions = {},
): AsyncGenerator<TelemetryEvent, void, undefined> {
  let batch: TelemetryEvent[] = []
  for await (const record of records) {
    batch.push(record)
    if (batch.length < LOOKED_UP_AT_ONCE) continue
    yield* await joined(batch, followUps)
    signal?.throwIfAborted()
    batch = []
  }
  yield* await joined(batch, followUps)
}

async function joined(
  records: readonly TelemetryEvent[],
  followUps: Pick<FollowUpStore, 'lookup'>,
): Promise<readonly TelemetryEvent[]> {
  if (records.length === 0) return []
  const found = await followUps.lookup(records)
  return records.map((record, at) => {
    const { feedback, shadows } = found[at] ?? { feedback: [], shadows: [] }
    return {
      ...record,
      ...(feedback.length > 0 && { feedback }),
      ...(shadows.length > 0 && { shadows }),
    }
  })
}
