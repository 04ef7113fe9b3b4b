import { CodedError } from '../../base/errors.ts'
import type { JournalFinding } from '../../core/transparency/journal-findings.ts'
import type { LogRecord } from '../../ports/event-log.ts'

export function unknownEntry(index: number): CodedError {
  return new CodedError('LEDGER_ENTRY_UNKNOWN', { message: `The journal has no entry ${index}`, details: { index } })
}

export function prunedEntry(index: number): CodedError {
  return new CodedError('LEDGER_ENTRY_PRUNED', { message: `Entry ${index} was pruned`, details: { index } })
}

export function keylessJournal(): CodedError {
  return new CodedError('LEDGER_JOURNAL_KEYLESS', { message: 'Nobody signs the checkpoints of this journal' })
}

export function segmentless(): CodedError {
  return new CodedError('LEDGER_SEGMENTS_MISSING', { message: 'The journal has no place for closed segments' })
}

export function brokenAt(record: number, entries: number, finding: JournalFinding): CodedError {
  const message = `Record ${record} of the journal: ${finding}`
  return new CodedError('LEDGER_JOURNAL_BROKEN', { message, details: { record, entries, finding } })
}

export function brokenInvariants(entries: number, broken: readonly string[]): CodedError {
  const message = `Replaying the journal breaks: ${broken.join('; ')}`
  return new CodedError('LEDGER_JOURNAL_BROKEN', { message, details: { entries, broken } })
}

/** Bytes that are no UTF-8 are no line either. */
export function decodeOr(decoder: { decode(bytes: Uint8Array): string }, payload: Uint8Array): string {
  try {
    return decoder.decode(payload)
  } catch {
    return ''
  }
}

/** The texts of records. */
export async function* decoded(records: AsyncIterable<LogRecord>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  for await (const { payload } of records) yield decoder.decode(payload)
}
