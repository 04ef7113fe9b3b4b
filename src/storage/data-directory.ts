import { CodedError } from '../base/errors.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { FileSystem } from '../ports/file-system.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { Random } from '../ports/random.ts'
import { openLevelKeyValueStore } from './level/level-key-value-store.ts'
import { openSegmentedEventLog } from './segmented-event-log.ts'
import { readWhole, writeOnce } from './write-once.ts'

/**
 * Number of the layout below. A directory with a higher number is refused untouched.
 *
 * ```text
 * format      this number, in decimal
 * secret      32 random bytes: the salt of every hash of this installation
 * signing-key 32 random bytes: the seed of the key that signs gate reports, made when the first is signed
 * store/      LevelDB; its lock is the lock of the whole directory
 * NAME/       one journal each
 * keys/       one encrypted file for each role of a key, made by `kernell key create`
 * serve.json  process and address of the node that serves from here, while it does; written by the command line, mode 0600
 * ```
 *
 * Folders are made with mode 0700 and files with 0600. A directory that was there before keeps its own mode; the store's folder does not.
 */
export const DATA_FORMAT = 1
export const SECRET_BYTES = 32

export type DataDirectoryComponents = { readonly fileSystem: FileSystem; readonly random: Random }
export type DataDirectoryInit = { readonly path: string; readonly cacheSizeBytes?: number }

export type DataDirectory = {
  readonly path: string
  readonly store: KeyValueStore
  /** Salt of this installation's hashes; never leaves the machine. */
  readonly secret: Uint8Array
  /** Opens the journal `name` (small letters, digits, hyphens); closed with the directory. */
  openEventLog(name: string): Promise<EventLog>
  /** Idempotent. Closes journals, then the store and with it the lock. */
  close(): Promise<void>
}

/**
 * Opens a data directory, creating it where missing. The store is opened first among the things that change: its kernel
 * lock keeps a second process from touching anything.
 *
 * @throws `STORE_FORMAT_NEWER`, `STORE_LOCKED`, `STORE_CORRUPTED`, `STORE_WRITE_FAILED`, `STORE_READ_FAILED`.
 */
export async function openDataDirectory(
  components: DataDirectoryComponents,
  init: DataDirectoryInit,
): Promise<DataDirectory> {
  const { fileSystem } = components
  await fileSystem.makeDirectory(init.path)
  await checkFormat(fileSystem, init.path)
  const store = await openLevelKeyValueStore({
    location: `${init.path}/store`,
    ...(init.cacheSizeBytes !== undefined && { cacheSizeBytes: init.cacheSizeBytes }),
  })
  try {
    await writeOnce(fileSystem, { directory: init.path, name: 'format', bytes: asciiBytes(`${DATA_FORMAT}\n`) })
    const fresh = components.random.bytes(SECRET_BYTES)
    const secret = await writeOnce(fileSystem, { directory: init.path, name: 'secret', bytes: fresh })
    if (secret.byteLength !== SECRET_BYTES) {
      throw new CodedError('STORE_CORRUPTED', { message: `${init.path}/secret has the wrong size` })
    }
    return createOpenDirectory({ ...components, path: init.path, store, secret })
  } catch (error: unknown) {
    await store.close()
    throw error
  }
}

type OpenDirectoryInit = DataDirectoryComponents & Pick<DataDirectory, 'path' | 'store' | 'secret'>

function createOpenDirectory(init: OpenDirectoryInit): DataDirectory {
  const { fileSystem, random, path, store, secret } = init
  const logs: EventLog[] = []
  return {
    path,
    store,
    secret,
    async openEventLog(name) {
      if (!/^[a-z0-9-]+$/.test(name) || ['store', 'keys'].includes(name))
        throw new TypeError(`Not a name for a journal: ${name}`)
      const log = await openSegmentedEventLog({ fileSystem, random }, { directory: `${path}/${name}` })
      logs.push(log)
      return log
    },
    async close() {
      const closed = await Promise.allSettled(logs.splice(0).map(async (log) => await log.close()))
      await store.close()
      for (const result of closed) if (result.status === 'rejected') throw result.reason
    },
  }
}

async function checkFormat(fileSystem: FileSystem, path: string): Promise<void> {
  if (!(await fileSystem.exists(`${path}/format`))) return
  const text = new TextDecoder().decode(await readWhole(fileSystem, `${path}/format`)).trim()
  if (!/^[1-9][0-9]{0,5}$/.test(text)) {
    throw new CodedError('STORE_CORRUPTED', { message: `${path}/format holds no number` })
  }
  if (Number(text) > DATA_FORMAT) {
    throw new CodedError('STORE_FORMAT_NEWER', {
      message: `${path} has format ${text}; this version reads up to ${DATA_FORMAT}`,
      details: { found: Number(text), supported: DATA_FORMAT },
    })
  }
}

function asciiBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
