import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CodedError } from '../base/errors.ts'
import { usageError } from './flags.ts'
import { unreadableFile } from '../node/unreadable-file.ts'

/** Faults that a message lists; a file of the wrong kind has one in every line. */
const FAULTS_SHOWN_MAX = 10

/** What a line of a file holds, or what is wrong with it. */
export type LineReading<Row> = { readonly row: Row } | { readonly fault: string }

/**
 * Reads every line of a JSON Lines file that is not blank. `form` says for the message what a line should be.
 *
 * Throws `COMMAND_INVALID` when the file cannot be read, has no rows, or has faulty lines; all of them are named, up to ten.
 */
export function readJsonLines<Row>(
  file: string,
  workingDir: string,
  { form, readRow }: { readonly form: string; readonly readRow: (value: unknown, line: number) => LineReading<Row> },
): readonly Row[] {
  const rows: Row[] = []
  const faults: { readonly line: number; readonly fault: string }[] = []
  for (const [index, text] of readTextFile(file, workingDir).split('\n').entries()) {
    if (text.trim() === '') continue
    const parsed = parseLine(text)
    const reading = 'fault' in parsed ? parsed : readRow(parsed.row, index + 1)
    if ('fault' in reading) faults.push({ line: index + 1, fault: reading.fault })
    else rows.push(reading.row)
  }
  if (faults.length > 0) throw faultyFile(file, faults, form)
  if (rows.length === 0)
    throw usageError(`The file ${file} has no tasks`, { file, remedy: `Write one line for each: ${form}` })
  return rows
}

/** The UTF-8 text of a file that the command line names, without a byte order mark. Throws `COMMAND_INVALID` when it cannot be read. */
export function readTextFile(file: string, workingDir: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(resolve(workingDir, file))
  } catch (cause) {
    throw unreadableFile('COMMAND_INVALID', { named: `The file ${file}`, file, cause })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw usageError(`The file ${file} is not UTF-8 text`, { file, remedy: 'Save the file as UTF-8.' })
  }
}

function parseLine(text: string): LineReading<unknown> {
  try {
    return { row: JSON.parse(text) as unknown }
  } catch {
    return { fault: 'is not JSON' }
  }
}

function faultyFile(
  file: string,
  faults: readonly { readonly line: number; readonly fault: string }[],
  form: string,
): CodedError {
  const shown = faults.slice(0, FAULTS_SHOWN_MAX).map(({ line, fault }) => `line ${line} ${fault}`)
  const more = faults.length > shown.length ? `, and ${faults.length - shown.length} more` : ''
  return usageError(`${file}: ${shown.join(', ')}${more}`, {
    file,
    lines: faults.slice(0, FAULTS_SHOWN_MAX).map(({ line }) => line),
    remedy: `Correct the file; each line is ${form}`,
  })
}
