import { decodeRecord, encodeRecord } from '../../src/actors/durable/journal/journal-codec.ts'
import type { CommitRecord, JournalRecord } from '../../src/actors/durable/state/journal-record.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import type { LogPlant } from './explore-event-log.ts'
import { LOG_PLANTS } from './plants.ts'

/** Each record as the journal gets it. In memory everything is right; what is read back is not. */
function rewriting(rewrite: (record: JournalRecord) => JournalRecord): LogPlant {
  const log = (inner: EventLog): EventLog => ({
    get nextIndex() {
      return inner.nextIndex
    },
    get snapshot() {
      return inner.snapshot
    },
    get sizeBytes() {
      return inner.sizeBytes
    },
    append: async (payloads) =>
      await inner.append(payloads.map((payload) => encodeRecord(rewrite(decodeRecord(payload)), true))),
    read: (fromIndex) => inner.read(fromIndex),
    compact: async (snapshot) => await inner.compact(snapshot),
    close: async () => await inner.close(),
  })
  return { log }
}

function inCommits(rewrite: (record: CommitRecord) => CommitRecord): LogPlant {
  return rewriting((record) => (record.kind === 'commit' ? rewrite(record) : record))
}

/** Known defects of durable actors; a run with one of them must fail. */
export const ACTOR_PLANTS: Readonly<Record<string, LogPlant>> = {
  'unsynced-append': LOG_PLANTS['unsynced-append'] ?? {},
  'ack-before-sync': LOG_PLANTS['ack-before-sync'] ?? {},
  'lost-key': rewriting((record) => {
    if (record.kind !== 'inbox') return record
    const { key: _key, ...rest } = record
    return rest
  }),
  'lost-timer': inCommits(({ timers: _timers, ...rest }) => rest),
  'lost-credit': inCommits(({ messages: _messages, ...rest }) => rest),
  'lost-effect': inCommits(({ effects: _effects, ...rest }) => rest),
  'consumed-twice': inCommits(({ consumed: _consumed, ...rest }) => rest),
  'fired-twice': inCommits(({ fired: _fired, ...rest }) => rest),
  'lost-change': inCommits((record) => {
    if (record.number % 7 !== 0) return record
    const { delta: _delta, ...rest } = record
    return rest
  }),
}

export const ACTOR_PLANT_MEANINGS: Readonly<Record<string, string>> = {
  'unsynced-append': 'the journal does not sync what it appends',
  'ack-before-sync': 'deliveries are acknowledged, answers and effects leave before the sync',
  'lost-key': 'the key of a delivery is not stored',
  'lost-timer': 'timers are not stored',
  'lost-credit': 'a message between actors is not stored with the turn that sent it',
  'lost-effect': 'requested effects are not stored',
  'consumed-twice': 'a message that was handled stays in the inbox',
  'fired-twice': 'a timer that was handled stays set',
  'lost-change': 'every seventh change of a state is not stored',
}
