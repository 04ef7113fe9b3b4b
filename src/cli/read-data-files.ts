import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { CodedError } from '../base/errors.ts'
import type { DataFile } from '../node/node-evaluations.ts'
import { unreadableFile } from '../node/unreadable-file.ts'

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
    throw unreadableFile('COMMAND_INVALID', { named: `The file ${file}`, file, cause })
  }
}

/**
 * Writes what `--save` names, whole or not at all: a node that reads the file meanwhile finds the old one. Throws `STORE_WRITE_FAILED`, and
 * what was there before is still there.
 */
export function saveArtefact(file: string, text: string, workingDir: string): void {
  const path = resolve(workingDir, file)
  const draft = `${path}.${process.pid}.draft`
  try {
    if (isDevice(path)) {
      writeFileSync(path, text)
      return
    }
    writeFileSync(draft, text, { flush: true })
    renameSync(draft, path)
  } catch (cause) {
    rmSync(draft, { force: true })
    throw new CodedError('STORE_WRITE_FAILED', { message: `${file} cannot be written`, cause, details: { file } })
  }
}

/** `/dev/stdout` and pipes are written to; a file cannot take their place. */
function isDevice(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && !found.isFile() && !found.isDirectory()
}
