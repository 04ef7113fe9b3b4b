import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { usageError } from './flags.ts'

/** One line of a JSON Lines file, with its place for messages. */
export type JsonLine = { readonly value: unknown; readonly file: string; readonly line: number }

/**
 * All lines of a file that are not blank.
 *
 * Throws `COMMAND_INVALID` when the file cannot be read or a line is not JSON.
 */
export function readJsonLines(file: string, workingDir: string): readonly JsonLine[] {
  return readTextFile(file, workingDir)
    .split('\n')
    .flatMap((text, index) =>
      text.trim() === '' ? [] : [{ value: parseLine(text, file, index + 1), file, line: index + 1 }],
    )
}

/** The text of a file that the command line names. Throws `COMMAND_INVALID` when it cannot be read. */
export function readTextFile(file: string, workingDir: string): string {
  try {
    return readFileSync(resolve(workingDir, file), 'utf8')
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? 'is not there' : 'cannot be read'
    throw usageError(`The file ${file} ${why}`, { file })
  }
}

function parseLine(text: string, file: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw usageError(`Line ${line} of ${file} is not JSON`, { file, line })
  }
}
