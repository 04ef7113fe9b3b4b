import { CodedError } from '../../../base/errors.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import { violationsOf } from '../state/check-record.ts'
import { newDurableState } from '../state/durable-actor.ts'
import type { DurableState } from '../state/durable-actor.ts'
import { applyRecord } from '../state/durable-state.ts'
import type { JournalRecord } from '../state/journal-record.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'
import { readCheckpoint } from './checkpoint.ts'
import { decodeRecords } from './journal-codec.ts'

/** Records are parsed together, because a call for each of them costs more than what it does. */
const BATCH_RECORDS = 512

/**
 * What the journal says is stored.
 *
 * @throws `STORE_CORRUPTED` naming the record that does not follow from those before it, `STORE_FORMAT_NEWER`, the errors of
 *   the log.
 */
export async function readJournal(log: EventLog, references?: ReferenceCodec): Promise<DurableState> {
  const { snapshot } = log
  const state = snapshot === undefined ? newDurableState() : readCheckpoint(snapshot.payload, references)
  let firstIndex = snapshot?.nextIndex ?? 0
  let batch: Uint8Array[] = []
  const applyBatch = (): void => {
    for (const [position, record] of decodeRecords(batch, references).entries()) {
      applyAt(state, record, firstIndex + position)
    }
    firstIndex += batch.length
    batch = []
  }
  for await (const { payload } of log.read(firstIndex)) {
    batch.push(payload)
    if (batch.length >= BATCH_RECORDS) applyBatch()
  }
  applyBatch()
  const broken = violationsOf(state)
  if (broken.length > 0) {
    throw new CodedError('STORE_CORRUPTED', { message: `The stored actors are not sound: ${broken[0]}` })
  }
  return state
}

function applyAt(state: DurableState, record: JournalRecord, index: number): void {
  try {
    applyRecord(state, record)
  } catch (cause: unknown) {
    if (!CodedError.is(cause, 'STORE_CORRUPTED')) throw cause
    throw new CodedError('STORE_CORRUPTED', { message: `Record ${index} of the actors: ${cause.message}`, cause })
  }
}
