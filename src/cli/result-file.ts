import { randomBytes } from 'node:crypto'
import { constants, fstatSync, type Stats, writeFileSync } from 'node:fs'
import { access, type FileHandle, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CodedError } from '../base/errors.ts'

/** Where a result is written: a file as a whole, or what stands there and is none, such as a pipe or a device, as it comes. */
export type ResultPlace = {
  /** As it was given. */
  readonly file: string
} & (
  | {
      readonly kind: 'file'
      /** Links followed. */
      readonly path: string
      /** Permissions of the file that is replaced. */
      readonly mode?: number
    }
  | { readonly kind: 'stream'; readonly path: string }
  /** A file that this process has open already. */
  | { readonly kind: 'own-stream'; readonly descriptor: number }
)

/** Takes the next bytes of a result. */
export type Sink = (bytes: Uint8Array) => Promise<void>

const NEW_FILE_MODE = 0o600
const OWN_STREAMS = [1, 2] as const

/** Where a file of the command line will be written, found before anything is paid for that. Throws `COMMAND_INVALID` where it cannot be. */
export async function findResultPlace(file: string, workingDir: string): Promise<ResultPlace> {
  const path = resolve(workingDir, file)
  try {
    const standing = await standingAt(path)
    if (standing === undefined) return await newFile(file, path)
    if (standing.isDirectory()) throw unusable(file, { why: 'is a folder', remedy: 'Name a file in it.' })
    if (standing.isSocket()) throw unusable(file, { why: 'is a socket', remedy: 'Name a file or a pipe.' })
    await access(path, constants.W_OK)
    if (!standing.isFile()) return { file, path, kind: 'stream' }
    // Behind /dev/stdout may be a file that the shell has open: another in its place would never be seen.
    const own = OWN_STREAMS.find((stream) => isSame(standing, stream))
    if (own !== undefined) return { file, kind: 'own-stream', descriptor: own }
    const target = await realpath(path)
    await access(dirname(target), constants.W_OK | constants.X_OK)
    return { file, path: target, kind: 'file', mode: standing.mode & 0o777 }
  } catch (cause: unknown) {
    if (CodedError.is(cause)) throw cause
    const isMissing = codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR'
    throw unusable(file, { ...(isMissing ? noFolder(dirname(path)) : FORBIDDEN), cause })
  }
}

const FORBIDDEN = {
  why: 'cannot be written by this user',
  remedy: 'Check the permissions of the file and of its folder, or name another one.',
}

function noFolder(folder: string): Unusable {
  return { why: `cannot be written: there is no folder ${folder}`, remedy: 'Make the folder, or name another file.' }
}

async function newFile(file: string, path: string): Promise<ResultPlace> {
  const link = await lstat(path).catch(() => undefined)
  if (link !== undefined) throw unusable(file, { why: 'is a link that leads nowhere', remedy: 'Name the file itself.' })
  const folder = await realpath(dirname(path))
  await access(folder, constants.W_OK | constants.X_OK)
  return { file, path, kind: 'file' }
}

async function standingAt(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error: unknown) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function isSame({ dev, ino }: Stats, stream: number): boolean {
  try {
    const own = fstatSync(stream)
    return own.dev === dev && own.ino === ino
  } catch {
    return false
  }
}

/** Writes a result: a file has its name once it is whole, and what stood there stays until then. Throws what the file system and `work` throw. */
export async function writeToPlace(place: ResultPlace, work: (sink: Sink) => Promise<void>): Promise<void> {
  if (place.kind === 'own-stream') {
    await work(async (bytes) => await Promise.resolve(writeFileSync(place.descriptor, bytes)))
    return
  }
  if (place.kind === 'stream') {
    await withHandle(await open(place.path, constants.O_WRONLY), work)
    return
  }
  const { path, mode } = place
  const draft = `${path}.${randomBytes(8).toString('hex')}.part`
  const handle = await open(draft, 'wx', NEW_FILE_MODE)
  try {
    await withHandle(handle, work, mode)
    await rename(draft, path)
  } catch (error: unknown) {
    await rm(draft, { force: true })
    throw error
  }
}

async function withHandle(handle: FileHandle, work: (sink: Sink) => Promise<void>, mode?: number): Promise<void> {
  try {
    await work(async (bytes) => await handle.writeFile(bytes))
    if (mode !== undefined) await handle.chmod(mode)
  } finally {
    await handle.close()
  }
}

/** What a result that is paid for was not written for, and how it is had all the same. */
export function unwrittenResult(file: string, cause: unknown): unknown {
  if (CodedError.is(cause)) return cause
  return new CodedError('STORE_WRITE_FAILED', {
    message: `The result is bought, and could not be written to ${file}${codeOf(cause) === '' ? '' : ` (${codeOf(cause)})`}`,
    cause,
    details: {
      file,
      remedy: 'The same command with another --output fetches it; nothing is bought or paid again.',
    },
  })
}

type Unusable = { readonly why: string; readonly remedy: string; readonly cause?: unknown }

function unusable(file: string, { why, remedy, ...cause }: Unusable): CodedError {
  return new CodedError('COMMAND_INVALID', {
    message: `The file ${file} of --output ${why}`,
    details: { file, remedy },
    ...cause,
  })
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
}
