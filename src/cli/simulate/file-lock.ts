import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { CodedError } from '../../base/errors.ts'
import { isProcessAlive } from '../../node/is-process-alive.ts'

/**
 * Takes a file for this process, by a file beside it that holds the id of the process. One whose process is no more is taken over.
 *
 * @returns What gives it back.
 * @throws `STORE_LOCKED` when another process has it; `STORE_WRITE_FAILED`.
 */
export function lockFile(path: string): () => void {
  const lock = `${path}.lock`
  if (!take(lock)) {
    const holder = holderOf(lock)
    if (holder === undefined || isProcessAlive(holder)) throw lockedBy(holder, path, lock)
    rmSync(lock, { force: true })
    if (!take(lock)) throw lockedBy(holderOf(lock), path, lock)
  }
  return () => rmSync(lock, { force: true })
}

/** False where it is there already. */
function take(lock: string): boolean {
  try {
    const file = openSync(lock, 'wx')
    try {
      writeSync(file, `${process.pid}\n`)
    } catch (error: unknown) {
      // On a full disk the name is there, and what it should hold is not.
      rmSync(lock, { force: true })
      throw error
    } finally {
      closeSync(file)
    }
    return true
  } catch (cause: unknown) {
    if (codeOf(cause) === 'EEXIST') return false
    throw new CodedError('STORE_WRITE_FAILED', { message: `${lock} cannot be written`, cause, details: { file: lock } })
  }
}

/** `undefined`: it does not say. */
function holderOf(lock: string): number | undefined {
  try {
    const text = readFileSync(lock, 'utf8')
    return /^[1-9]\d{0,9}\n$/.test(text) ? Number(text) : undefined
  } catch {
    return undefined
  }
}

function lockedBy(pid: number | undefined, path: string, lock: string): CodedError {
  return new CodedError('STORE_LOCKED', {
    message: `${path} is written by ${pid === undefined ? 'another process' : `the process ${pid}`}`,
    details: {
      file: path,
      ...(pid !== undefined && { pid }),
      remedy: `Wait for its end, or name another file. If no such run is there any more, remove ${lock}.`,
    },
  })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
