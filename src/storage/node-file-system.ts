import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CodedError } from '../base/errors.ts'
import type { FileSystem, OpenFile, OpenFileInit } from '../ports/file-system.ts'
import { isUnusablePath, UNUSABLE_PATH_REMEDY } from './unusable-path.ts'

const FLAGS = { read: 'r', append: 'a+', create: 'ax+' } as const
/** Only the owner reads what a node keeps: budgets name tenants, and the secret salts every hash. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
const PERMISSION_BITS = 0o777

/** The files of this machine. Syncs content with `fdatasync`, names with `fsync` of the folder. */
export function createNodeFileSystem(): FileSystem {
  return {
    async open(path, init) {
      return await reading(path, async () => new NodeFile(path, await openHandle(path, init)))
    },
    async exists(path) {
      return await reading(path, async () => {
        try {
          await stat(path)
          return true
        } catch (error: unknown) {
          if (isMissing(error)) return false
          throw error
        }
      })
    },
    async list(directory) {
      return await reading(directory, async () => (await readdir(directory)).toSorted())
    },
    async makeDirectory(directory) {
      await writing(directory, async () => await makeDurableDirectory(resolve(directory)))
    },
    async permissionsOf(path) {
      return await reading(path, async () => {
        const { mode } = await stat(path)
        // Windows has access lists, and tells of them in no bits.
        return process.platform === 'win32' ? undefined : mode & PERMISSION_BITS
      })
    },
    async rename(from, to) {
      await writing(from, async () => await rename(from, to))
    },
    async remove(path) {
      await writing(path, async () => await rm(path, { force: true }))
    },
    async syncDirectory(directory) {
      await writing(directory, async () => await syncFolder(directory))
    },
  }
}

class NodeFile implements OpenFile {
  readonly #path: string
  readonly #handle: FileHandle
  #isOpen = true

  constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  async size(): Promise<number> {
    return await reading(this.#path, async () => (await this.#handle.stat()).size)
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    return await reading(this.#path, async () => {
      const bytes = new Uint8Array(length)
      let filled = 0
      while (filled < length) {
        const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, position + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return bytes.subarray(0, filled)
    })
  }

  async append(bytes: Uint8Array): Promise<void> {
    await writing(this.#path, async () => {
      let written = 0
      while (written < bytes.byteLength) {
        written += (await this.#handle.write(bytes, written, bytes.byteLength - written)).bytesWritten
      }
    })
  }

  async sync(): Promise<void> {
    await writing(this.#path, async () => await this.#handle.datasync())
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await writing(this.#path, async () => await this.#handle.close())
  }
}

async function openHandle(path: string, { mode }: OpenFileInit): Promise<FileHandle> {
  // 'a' would create a missing file, and a journal that vanished must not start again empty.
  if (mode === 'append') await stat(path)
  return await open(path, FLAGS[mode], FILE_MODE)
}

/**
 * Makes a folder and those above it, each durable by its parent's sync. Not `recursive`: where a file system has no such folder and never
 * will (below /proc), Node's own recursion goes on for ever.
 */
async function makeDurableDirectory(directory: string, isParentMade = false): Promise<void> {
  const parent = dirname(directory)
  try {
    await mkdir(directory, { mode: FOLDER_MODE })
  } catch (error: unknown) {
    const code = codeOf(error)
    if (code === 'EEXIST' && (await stat(directory)).isDirectory()) return
    if (code !== 'ENOENT' || isParentMade || parent === directory) throw error
    await makeDurableDirectory(parent)
    await makeDurableDirectory(directory, true)
    return
  }
  await syncFolder(parent)
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

async function syncFolder(directory: string): Promise<void> {
  // Windows cannot open folders; NTFS journals names itself.
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function reading<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error: unknown) {
    throw fileErrorOf('STORE_READ_FAILED', path, error)
  }
}

async function writing<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error: unknown) {
    throw fileErrorOf('STORE_WRITE_FAILED', path, error)
  }
}

function fileErrorOf(code: 'STORE_READ_FAILED' | 'STORE_WRITE_FAILED', path: string, error: unknown): CodedError {
  const reason = error instanceof Error ? error.message : String(error)
  const isOfPath = code === 'STORE_WRITE_FAILED' && isUnusablePath(codeOf(error), reason)
  return new CodedError(isMissing(error) ? 'STORE_FILE_MISSING' : code, {
    message: `${path}: ${reason}`,
    cause: error,
    details: { path, ...(isOfPath && { remedy: UNUSABLE_PATH_REMEDY }) },
  })
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
}
