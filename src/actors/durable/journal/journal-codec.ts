import { CodedError } from '../../../base/errors.ts'
import { JOURNAL_FORMAT } from '../state/journal-record.ts'
import type { JournalRecord } from '../state/journal-record.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'
import { decodeValue, decodeValues, encodeValue } from '../values/value-codec.ts'

const KINDS = new Set<unknown>([
  'commit',
  'inbox',
  'activation',
  'effect',
  'approval',
  'removal',
  'import',
] satisfies readonly JournalRecord['kind'][])

/** @param isTagged  Whether any value in it needs more than JSON; what `sealValue` or `diffState` found out. */
export function encodeRecord(record: JournalRecord, isTagged: boolean, references?: ReferenceCodec): Uint8Array {
  return encodeValue(record, isTagged, references)
}

/**
 * @throws `STORE_CORRUPTED` when the bytes are not a record, `STORE_FORMAT_NEWER` when a later version began to write.
 */
export function decodeRecord(payload: Uint8Array, references?: ReferenceCodec): JournalRecord {
  return checkRecord(decodeValue(payload, references))
}

/** As `decodeRecord`, of many. */
export function decodeRecords(payloads: readonly Uint8Array[], references?: ReferenceCodec): readonly JournalRecord[] {
  return decodeValues(payloads, references).map(checkRecord)
}

function checkRecord(record: unknown): JournalRecord {
  if (typeof record !== 'object' || record === null || !('kind' in record)) throw notARecord()
  if (record.kind === 'open') {
    if (!('format' in record) || typeof record.format !== 'number') throw notARecord()
    if (record.format > JOURNAL_FORMAT) {
      throw new CodedError('STORE_FORMAT_NEWER', {
        message: `The journal of the actors has format ${record.format}; this version reads up to ${JOURNAL_FORMAT}`,
        details: { found: record.format, supported: JOURNAL_FORMAT },
      })
    }
  } else if (!KINDS.has(record.kind) || !('actor' in record) || typeof record.actor !== 'string') throw notARecord()
  // A frame has a checksum and its writer's format is known: what it holds beyond this is what `encodeRecord` was given.
  return record as JournalRecord
}

function notARecord(): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: 'The journal of the actors holds what is not a record' })
}
