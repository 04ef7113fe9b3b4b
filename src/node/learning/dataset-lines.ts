import { CodedError } from '../../base/errors.ts'
import { countBytes, type DataWorkOptions } from './data-progress.ts'
import { fileState, readLineBatches } from './read-lines.ts'

/** One line that is not blank, by batches. `number` from 1. */
export type DatasetLine = { readonly text: string; readonly number: number }

/** A file of rows that is read several times, and is to be the same each time. */
export type DatasetFile = {
  readonly path: string
  read(): AsyncIterable<readonly DatasetLine[]>
  /** Throws `DATA_INPUT_CHANGED`. */
  requireUnchanged(): Promise<void>
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
  return {
    path,
    async *read() {
      for await (const { lines, firstLine } of readLineBatches(path, {
        onBytes,
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
