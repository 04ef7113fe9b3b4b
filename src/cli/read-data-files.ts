import { readFileSync, writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { CodedError } from '../base/errors.ts'
import type { DataFile } from '../node/node-evaluations.ts'
import { usageError } from './flags.ts'

/** Unpacked, evaluation files are tens of megabytes; a small file that unpacks to more than this is not one of them. */
const UNPACKED_BYTES_MAX = 1024 * 1024 * 1024

/** Files of JSON Lines, `.gz` unpacked. Throws `COMMAND_INVALID` for a file that cannot be read. */
export function readDataFiles(files: readonly string[], workingDir: string): readonly DataFile[] {
  return files.map((file) => readDataFile(file, workingDir))
}

/** One file of JSON Lines, `.gz` unpacked. Throws `COMMAND_INVALID` when it cannot be read. */
export function readDataFile(file: string, workingDir: string): DataFile {
  try {
    const bytes = readFileSync(resolve(workingDir, file))
    const text = file.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX }) : bytes
    return { name: basename(file), text: text.toString('utf8') }
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    throw usageError(`The file ${file} ${isMissing ? 'is not there' : 'cannot be read'}`, { file })
  }
}

/** Writes what `--save` names. Throws `STORE_WRITE_FAILED`. */
export function saveArtefact(file: string, text: string, workingDir: string): void {
  try {
    writeFileSync(resolve(workingDir, file), text)
  } catch (cause) {
    throw new CodedError('STORE_WRITE_FAILED', { message: `${file} cannot be written`, cause, details: { file } })
  }
}
