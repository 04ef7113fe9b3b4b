import { CodedError } from '../../base/errors.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { violationsOf } from './check-record.ts'
import { readCheckpoint } from './checkpoint.ts'
import { newDurableState } from './durable-actor.ts'
import type { DurableState } from './durable-actor.ts'
import { applyRecord } from './durable-state.ts'
import { decodeRecord } from './journal-codec.ts'
import type { ReferenceCodec } from './stored-value.ts'

/**
 * What the journal says is stored.
 *
 * @throws `STORE_CORRUPTED` naming the record that does not follow from those before it, `STORE_FORMAT_NEWER`, the errors of
 *   the log.
 */
export async function readJournal(log: EventLog, references?: ReferenceCodec): Promise<DurableState> {
  const { snapshot } = log
  const state = snapshot === undefined ? newDurableState() : readCheckpoint(snapshot.payload, references)
  for await (const { index, payload } of log.read(snapshot?.nextIndex ?? 0)) {
    try {
      applyRecord(state, decodeRecord(payload, references))
    } catch (cause: unknown) {
      if (!CodedError.is(cause, 'STORE_CORRUPTED')) throw cause
      throw new CodedError('STORE_CORRUPTED', { message: `Record ${index} of the actors: ${cause.message}`, cause })
    }
  }
  const broken = violationsOf(state)
  if (broken.length > 0)
    throw new CodedError('STORE_CORRUPTED', { message: `The stored actors are not sound: ${broken[0]}` })
  return state
}
