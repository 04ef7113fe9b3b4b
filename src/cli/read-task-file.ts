import { readJsonLines, type LineReading } from './read-json-lines.ts'
import type { BatchTask } from './run-batch.ts'

/** The tasks of `route --file`; a row without an id is called by its line. Throws `COMMAND_INVALID` naming every faulty line. */
export function readTaskFile(file: string, workingDir: string): readonly BatchTask[] {
  return readJsonLines(file, workingDir, { form: '{"id"?: ..., "prompt": "..."}', readRow })
}

function readRow(value: unknown, line: number): LineReading<BatchTask> {
  const { id, prompt }: { readonly id?: unknown; readonly prompt?: unknown } =
    typeof value === 'object' && value !== null ? value : {}
  if (typeof prompt !== 'string' || prompt.trim() === '') return { fault: 'has no text in "prompt"' }
  return { row: { id: typeof id === 'string' || typeof id === 'number' ? String(id) : String(line), prompt } }
}
