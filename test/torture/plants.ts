import type { EventLog } from '../../src/ports/event-log.ts'
import type { FileSystem, OpenFile } from '../../src/ports/file-system.ts'
import type { KeyValueStore } from '../../src/ports/key-value-store.ts'
import type { LogPlant } from './explore-event-log.ts'

/** The sync of a file answers at once and does nothing. */
function withoutFileSync(disk: FileSystem): FileSystem {
  const open = async (...args: Parameters<FileSystem['open']>): Promise<OpenFile> => {
    const file = await disk.open(...args)
    return {
      size: async () => await file.size(),
      read: async (position, length) => await file.read(position, length),
      append: async (bytes) => await file.append(bytes),
      sync: async () => {},
      close: async () => await file.close(),
    }
  }
  return { ...bindDisk(disk), open }
}

/** Names are never made durable. */
function withoutDirectorySync(disk: FileSystem): FileSystem {
  return { ...bindDisk(disk), syncDirectory: async () => {} }
}

function bindDisk(disk: FileSystem): FileSystem {
  return {
    open: async (path, init) => await disk.open(path, init),
    exists: async (path) => await disk.exists(path),
    list: async (directory) => await disk.list(directory),
    makeDirectory: async (directory) => await disk.makeDirectory(directory),
    rename: async (from, to) => await disk.rename(from, to),
    remove: async (path) => await disk.remove(path),
    syncDirectory: async (directory) => await disk.syncDirectory(directory),
  }
}

/** Acknowledges an append before it is on disk. */
function acknowledgingEarly(log: EventLog): EventLog {
  return {
    get nextIndex() {
      return log.nextIndex
    },
    get snapshot() {
      return log.snapshot
    },
    get sizeBytes() {
      return log.sizeBytes
    },
    append: async (payloads) => {
      const index = log.nextIndex
      log.append(payloads).catch(() => {})
      return index
    },
    read: (fromIndex) => log.read(fromIndex),
    compact: async (snapshot) => await log.compact(snapshot),
    close: async () => await log.close(),
  }
}

/** Known defects of a journal; a run with one of them must fail. */
export const LOG_PLANTS: Readonly<Record<string, LogPlant>> = {
  'unsynced-append': { fileSystem: withoutFileSync },
  'unsynced-directory': { fileSystem: withoutDirectorySync },
  'ack-before-sync': { log: acknowledgingEarly },
}

/** Batches say that they are durable and are not. */
export function withUnsyncedBatches(store: KeyValueStore): KeyValueStore {
  return {
    get: async (key, options) => await store.get(key, options),
    getMany: async (keys, options) => await store.getMany(keys, options),
    put: async (key, value) => await store.put(key, value),
    delete: async (key) => await store.delete(key),
    batch: async (operations) => await store.batch(operations),
    iterate: (range, options) => store.iterate(range, options),
    count: async (range, options) => await store.count(range, options),
    sublevel: (name) => withUnsyncedBatches(store.sublevel(name)),
    close: async () => await store.close(),
  }
}
