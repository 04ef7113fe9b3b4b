import { basename } from 'node:path'
import { CodedError } from '../../../base/errors.ts'
import { takeFeatureColumns, type FeatureValue } from '../../../learning/dataset/leakage/feature-columns.ts'
import { parseTelemetryEvent } from '../../../wire/read-telemetry-event.ts'
import type { TelemetryEvent } from '../../../wire/telemetry-event.ts'
import { fileState, readLineBatches, type ReadLinesOptions } from '../read-lines.ts'

/** One record as it was read. `line` from 1: of the file, or the place among this node's records. */
export type ReadEvent = { readonly line: number } & (
  | {
      readonly event: TelemetryEvent
      /** Columns of the feature fields that records of other programs have. */
      readonly columns: ReadonlyMap<string, FeatureValue>
      /** The answer, where a record of another program holds it. */
      readonly answer?: string
    }
  | { readonly problem: string }
)

/** Records that can be read as often as is wanted, the same each time. */
export type EventSource = {
  /** For messages, and part of a place. */
  readonly name: string
  /** Bytes that one reading takes; 0 when nobody knows. */
  readonly sizeBytes: number
  read(options: ReadLinesOptions): AsyncIterable<readonly ReadEvent[]>
  /** Throws `DATA_INPUT_CHANGED` when the records are not those that they were. */
  requireUnchanged(): Promise<void>
  /** SHA-256 of the text of a file, unpacked, after a whole reading; `undefined` for records. */
  readonly sha256: string | undefined
}

const NO_COLUMNS: ReadonlyMap<string, FeatureValue> = new Map()
const BATCH = 512

/** Records of a file of JSON Lines. Throws `TRAINING_DATA_INVALID` for what is no file. */
export async function eventsOfFile(file: string): Promise<EventSource> {
  const before = await fileState(file)
  const name = basename(file)
  let sha256: string | undefined
  const onHash = (found: string): void => {
    sha256 = found
  }
  return {
    name,
    sizeBytes: before.sizeBytes,
    get sha256() {
      return sha256
    },
    async *read(options) {
      const reading = { ...options, onHash, keepsDamaged: true }
      for await (const { lines, firstLine, damaged } of readLineBatches(file, reading))
        yield lines.flatMap((line, place): readonly ReadEvent[] => {
          const number = firstLine + place
          if (damaged?.has(number) === true) return [{ line: number, problem: 'it is not UTF-8 text' }]
          return line.trim() === '' ? [] : [readEvent(line, number)]
        })
    },
    async requireUnchanged() {
      const after = await fileState(file)
      if (after.sizeBytes !== before.sizeBytes || after.changedMs !== before.changedMs) throw changed(file)
    },
  }
}

/** This node's records: whoever has them open is alone with them, so they do not change. */
export function eventsOfRecords(list: () => AsyncIterable<TelemetryEvent>): EventSource {
  return {
    name: 'records',
    sizeBytes: 0,
    sha256: undefined,
    async *read({ signal }) {
      let batch: ReadEvent[] = []
      let line = 0
      for await (const event of list()) {
        line += 1
        batch.push({ line, event, columns: NO_COLUMNS })
        if (batch.length < BATCH) continue
        signal?.throwIfAborted()
        yield batch
        batch = []
      }
      yield batch
    },
    async requireUnchanged() {
      // Nothing to look at.
    },
  }
}

function readEvent(line: string, number: number): ReadEvent {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return { line: number, problem: 'it is not JSON' }
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { line: number, problem: 'it is not an object' }
  const taken = takeFeatureColumns({ ...json })
  if ('problem' in taken) return { line: number, problem: taken.problem }
  const { record, columns } = taken
  const reading = parseTelemetryEvent(record)
  if ('problem' in reading) return { line: number, problem: reading.problem }
  const answer = record['answer'] ?? record['output'] ?? record['response']
  return { line: number, event: reading.event, columns, ...(typeof answer === 'string' && { answer }) }
}

function changed(file: string): CodedError {
  return new CodedError('DATA_INPUT_CHANGED', { message: `${file} changed while it was read`, details: { file } })
}
