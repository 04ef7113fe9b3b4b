import type { Decision } from '../../../core/notary/certificate.ts'
import type { NotaryEvent } from '../../../core/notary/notary-event.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import { CATCH_UP_MAX, type NotaryState } from '../../../core/notary/notary-state.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import { waitingIn } from './body-exchange.ts'
import type { BodyStore } from './body-store.ts'
import type { NotaryMessage } from './notary-application.ts'
import {
  checkJournalSet,
  decodeRecord,
  decodeSnapshot,
  encodeRecord,
  encodeSnapshot,
  type ReplicaSnapshot,
} from './replica-record.ts'

/** What is found in a journal, in order. */
export type Found =
  | { readonly type: 'snapshot'; readonly snapshot: ReplicaSnapshot }
  | { readonly type: 'bodies-received'; readonly messages: readonly NotaryMessage[] }
  | NotaryEvent

/** Reads a journal to its end, and begins an empty one. Throws `NOTARY_JOURNAL_OTHER`, `STORE_CORRUPTED` and what the journal throws. */
export async function* readReplicaJournal(log: EventLog, set: NotarySet): AsyncGenerator<Found, void> {
  if (log.nextIndex === 0) {
    await log.append([encodeRecord({ type: 'journal-opened', set: set.id, epoch: set.epoch })])
    return
  }
  if (log.snapshot !== undefined) {
    const snapshot = decodeSnapshot(log.snapshot.payload)
    checkJournalSet(set, snapshot)
    yield { type: 'snapshot', snapshot }
  }
  for await (const { index, payload } of log.read(log.snapshot?.nextIndex ?? 0)) {
    const record = decodeRecord(payload, index)
    if (record.type === 'journal-opened') checkJournalSet(set, record)
    else yield record
  }
}

export type CompactedJournal = {
  readonly set: NotarySet
  readonly state: NotaryState
  readonly bodies: BodyStore
  readonly decisions: readonly Decision[]
}

/** Starts the journal anew from the state, with what members that lag a little may ask for. The application has kept all that was applied. */
export async function compactReplicaJournal(
  log: EventLog,
  { set, state, bodies, decisions }: CompactedJournal,
): Promise<void> {
  const kept = decisions.slice(-CATCH_UP_MAX)
  const named = [...kept.flatMap(({ block }) => block.entries), ...waitingIn(state)]
  const messages = bodies.some([...new Set(named.map(({ message }) => message))])
  const payload = encodeSnapshot({ set: set.id, epoch: set.epoch, state, decisions: kept, messages })
  await log.compact({ nextIndex: log.nextIndex, payload })
}
