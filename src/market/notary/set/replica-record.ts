import { canonicalJson } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import type { Decision } from '../../../core/notary/certificate.ts'
import type { NotaryEvent } from '../../../core/notary/notary-event.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import type { NotaryState } from '../../../core/notary/notary-state.ts'
import type { NotaryFrame } from '../../../wire/v1/notary-messages.ts'
import type { NotaryMessage } from './notary-application.ts'

/** What stands in the journal of a replica: events that changed its state, messages before anything that names them, and first of all whose journal it is. */
export type ReplicaRecord =
  | NotaryEvent
  | { readonly type: 'bodies-received'; readonly messages: readonly NotaryMessage[] }
  | { readonly type: 'journal-opened'; readonly set: Hash; readonly epoch: number }

/** What waits for a turn of the replica. */
export type ReplicaItem =
  | Exclude<ReplicaRecord, { type: 'journal-opened' }>
  | { readonly type: 'piece-received'; readonly frame: Extract<NotaryFrame, { type: 'notary-chunk' }> }
  /** Something that waited may go on. */
  | { readonly type: 'woken' }

/** What the journal starts from after it was compacted. */
export type ReplicaSnapshot = {
  readonly set: Hash
  readonly epoch: number
  readonly state: NotaryState
  readonly decisions: readonly Decision[]
  readonly messages: readonly NotaryMessage[]
}

export function encodeRecord(record: ReplicaRecord): Uint8Array {
  return new TextEncoder().encode(canonicalJson(record))
}

export function decodeRecord(payload: Uint8Array, index: number): ReplicaRecord {
  try {
    // Written by `encodeRecord`, under the checksum of the journal.
    return JSON.parse(new TextDecoder().decode(payload)) as ReplicaRecord
  } catch (cause: unknown) {
    throw new CodedError('STORE_CORRUPTED', { message: `notary journal: record ${index} is no event`, cause })
  }
}

export function encodeSnapshot(snapshot: ReplicaSnapshot): Uint8Array {
  return new TextEncoder().encode(canonicalJson(snapshot))
}

/** Throws `STORE_CORRUPTED`. */
export function decodeSnapshot(payload: Uint8Array): ReplicaSnapshot {
  try {
    // Written by `encodeSnapshot`, under the checksum of the journal.
    return JSON.parse(new TextDecoder().decode(payload)) as ReplicaSnapshot
  } catch (cause: unknown) {
    throw new CodedError('STORE_CORRUPTED', { message: 'notary journal: the snapshot is none', cause })
  }
}

/** A journal belongs to one set: a new epoch begins a new one. Throws `NOTARY_JOURNAL_OTHER`. */
export function checkJournalSet(set: NotarySet, journal: Pick<ReplicaSnapshot, 'set' | 'epoch'>): void {
  if (journal.set === set.id) return
  throw new CodedError('NOTARY_JOURNAL_OTHER', {
    message: `The journal is of epoch ${journal.epoch} of another set than that of epoch ${set.epoch}`,
  })
}
