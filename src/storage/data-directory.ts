import { CodedError } from '../base/errors.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { FileSystem } from '../ports/file-system.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { Random } from '../ports/random.ts'
import { openLevelKeyValueStore } from './level/level-key-value-store.ts'
import { isUnfinished } from './draft-directory.ts'
import { DirectoryJournals, type EventLogCopy } from './directory-journals.ts'
import { refuseShared } from './private-file.ts'
import { readWhole, writeOnce } from './write-once.ts'

/**
 * Number of the layout below. A directory with a higher number is refused untouched. One of format 1 opens as it is and stays one: it is the same but
 * for keys, contracts and the books of a notary, which a program that knows format 1 alone would not keep safe, so they need format 2 (`migrateDirectory`).
 *
 * ```text
 * format      this number, in decimal
 * secret      32 random bytes: the salt of every hash of this installation
 * signing-key 32 random bytes: the seed of the key that signs gate reports, made when the first is signed
 * store/      LevelDB; its lock is the lock of the whole directory
 * NAME/       one journal each
 * keys/       one encrypted file for each role of a key, made by `kernell key create`; from format 2
 * serve.json  process and address of the node that serves from here, while it does; written by the command line, mode 0600
 * ```
 *
 * Folders are made with mode 0700 and files with 0600. A directory that was there before keeps its own mode; the store's folder does not.
 */
export const DATA_FORMAT = 2
export const SECRET_BYTES = 32

export type DataDirectoryComponents = { readonly fileSystem: FileSystem; readonly random: Random }
export type DataFile = { readonly name: string; readonly bytes: Uint8Array }
/** Which data directory to open, and how much memory its store may use to cache, bytes. */
export type DataDirectoryInit = { readonly path: string; readonly cacheSizeBytes?: number }

/** An opened data directory: its store, its journals and its secret. One process has it open at a time. */
export type DataDirectory = {
  readonly path: string
  readonly store: KeyValueStore
  /** Salt of this installation's hashes; never leaves the machine. */
  readonly secret: Uint8Array
  /** Number of the layout that this directory has; `DATA_FORMAT` for a new one. */
  readonly format: number
  /** Opens the journal `name` (small letters, digits, hyphens); closed with the directory. One handle at a time. */
  openEventLog(name: string): Promise<EventLog>
  /** Names of all journals on disk, sorted, open or not. */
  listEventLogs(): Promise<readonly string[]>
  /** What a journal holds now, whether somebody has it open or not, and whatever happens to it while it is read. */
  copyEventLog(name: string): Promise<EventLogCopy>
  /** The files beside store and journals that belong to a copy of this directory, `keys/node` for example, sorted by name. */
  readFiles(): Promise<readonly DataFile[]>
  /** Idempotent. Closes journals, then the store and with it the lock. */
  close(): Promise<void>
}

/**
 * Opens a data directory, creating it where missing. The store is opened first among the things that change: its kernel
 * lock keeps a second process from touching anything.
 *
 * @throws `STORE_PERMISSIONS`, `STORE_FORMAT_NEWER`, `STORE_MIGRATION_UNFINISHED`, `STORE_LOCKED`, `STORE_CORRUPTED`, `STORE_WRITE_FAILED`, `STORE_READ_FAILED`.
 */
export async function openDataDirectory(
  components: DataDirectoryComponents,
  init: DataDirectoryInit,
): Promise<DataDirectory> {
  const { fileSystem } = components
  await refuseUnfinishedMigration(fileSystem, init.path)
  await fileSystem.makeDirectory(init.path)
  await readFormat(fileSystem, init.path)
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
    await refuseShared(fileSystem, `${init.path}/secret`)
    const format = (await readFormat(fileSystem, init.path)) ?? DATA_FORMAT
    return createOpenDirectory({ ...components, path: init.path, store, secret, format })
  } catch (error: unknown) {
    await store.close()
    throw error
  }
}

type OpenDirectoryInit = DataDirectoryComponents & Pick<DataDirectory, 'path' | 'store' | 'secret' | 'format'>

function createOpenDirectory(init: OpenDirectoryInit): DataDirectory {
  const { fileSystem, random, path, store, secret, format } = init
  const journals = new DirectoryJournals({ fileSystem, random }, path)
  return {
    path,
    store,
    secret,
    format,
    openEventLog: async (name) => await journals.open(name),
    listEventLogs: async () => await journals.list(),
    copyEventLog: async (name) => await journals.copy(name),
    readFiles: async () => await readDataFiles(fileSystem, path),
    async close() {
      const closed = await Promise.allSettled([journals.close()])
      await store.close()
      for (const result of closed) if (result.status === 'rejected') throw result.reason
    },
  }
}

/** Files of the top folder that a copy needs, and folders of which it needs every file. What says who serves from here now is not among them. */
const FILES = ['secret', 'signing-key']
const FOLDERS = ['keys', 'market', 'notary-segments', 'price-lists']

async function readDataFiles(fileSystem: FileSystem, path: string): Promise<readonly DataFile[]> {
  const names: string[] = []
  for (const name of FILES) if (await fileSystem.exists(`${path}/${name}`)) names.push(name)
  for (const folder of FOLDERS) {
    if (!(await fileSystem.exists(`${path}/${folder}`))) continue
    for (const name of await fileSystem.list(`${path}/${folder}`))
      if (!name.endsWith('.tmp')) names.push(`${folder}/${name}`)
  }
  const files: DataFile[] = []
  for (const name of names.toSorted()) {
    // A state of the books that a newer one has replaced meanwhile is not missed.
    if (!(await fileSystem.exists(`${path}/${name}`))) continue
    files.push({ name, bytes: await readWhole(fileSystem, `${path}/${name}`) })
  }
  return files
}

/** The number in the directory; `undefined` for a new one. Throws `STORE_CORRUPTED`, `STORE_FORMAT_NEWER`. */
export async function readFormat(fileSystem: FileSystem, path: string): Promise<number | undefined> {
  if (!(await fileSystem.exists(`${path}/format`))) return undefined
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
  return Number(text)
}

/** Folder beside a data directory in which its migrated copy is made. */
export const MIGRATING_SUFFIX = '.migrating'

/** Between the two steps that put a migrated copy in its place there is no directory: a new one would take the place of all data. */
async function refuseUnfinishedMigration(fileSystem: FileSystem, path: string): Promise<void> {
  const draft = path + MIGRATING_SUFFIX
  // What is no folder, or may not be looked at, is told when it is opened.
  if (await fileSystem.exists(path).catch(() => true)) return
  if (!(await fileSystem.exists(`${draft}/format`)) || (await isUnfinished(fileSystem, draft))) return
  throw new CodedError('STORE_MIGRATION_UNFINISHED', { message: `The migration of ${path} was interrupted at its end` })
}

function asciiBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
