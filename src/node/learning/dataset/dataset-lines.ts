import { CodedError } from '../../../base/errors.ts'
import { countBytes, type DataWorkOptions } from '../data-progress.ts'
import { fileState, readLineBatches } from '../read-lines.ts'

/** One line that is not blank, by batches. `number` from 1. */
export type DatasetLine = { readonly text: string; readonly number: number }

/** A file of rows that is read several times, and is to be the same each time. */
export type DatasetFile = {
  readonly path: string
  read(): AsyncIterable<readonly DatasetLine[]>
  /** Throws `DATA_INPUT_CHANGED`. */
  requireUnchanged(): Promise<void>
  /** SHA-256 of its text, unpacked; empty before a first whole reading. */
  readonly sha256: string
}

export type DatasetFileInit = DataWorkOptions & {
  readonly stage: string
  /** How often it will be read, for the progress. */
  readonly readings: number
}

/** Throws `TRAINING_DATA_INVALID` for what is no file; reading as `readLineBatches`. */
export async function openDatasetFile(path: string, init: DatasetFileInit): Promise<DatasetFile> {
  const { stage, readings, signal, onProgress } = init
  const before = await fileState(path)
  const onBytes = countBytes(stage, before.sizeBytes * readings, onProgress)
  let sha256 = ''
  const onHash = (found: string): void => {
    sha256 = found
  }
  return {
    path,
    get sha256() {
      return sha256
    },
    async *read() {
      for await (const { lines, firstLine } of readLineBatches(path, {
        onBytes,
        onHash,
        ...(signal !== undefined && { signal }),
      }))
        yield lines.flatMap((text, place) => (text.trim() === '' ? [] : [{ text, number: firstLine + place }]))
    },
    async requireUnchanged() {
      const after = await fileState(path)
      if (after.sizeBytes !== before.sizeBytes || after.changedMs !== before.changedMs)
        throw new CodedError('DATA_INPUT_CHANGED', { message: `${path} changed while it was read`, details: { path } })
    },
  }
}
