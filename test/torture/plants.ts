import { bucketMapGet, bucketMapSet } from '../../src/core/budget/bucket-map.ts'
import { BUDGET_MACHINE } from '../../src/core/budget/budget-machine.ts'
import { windowIdsAt } from '../../src/core/budget/budget-window.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import type { FileSystem, OpenFile } from '../../src/ports/file-system.ts'
import type { KeyValueOperation, KeyValueStore } from '../../src/ports/key-value-store.ts'
import { createSublevelStore } from '../../src/storage/sublevel-store.ts'
import type { BudgetMachine } from './explore-budget-machine.ts'
import type { OwnerPlant } from './explore-budget-owner.ts'
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
    permissionsOf: async (path) => await disk.permissionsOf(path),
    rename: async (from, to) => await disk.rename(from, to),
    remove: async (path) => await disk.remove(path),
    syncDirectory: async (directory) => await disk.syncDirectory(directory),
  }
}

/** The log with another `append`. */
function forwardLog(log: EventLog, append: EventLog['append']): EventLog {
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
    append,
    read: (fromIndex) => log.read(fromIndex),
    compact: async (snapshot) => await log.compact(snapshot),
    close: async () => await log.close(),
  }
}

/** Acknowledges an append before it is on disk. */
function acknowledgingEarly(log: EventLog): EventLog {
  return forwardLog(log, async (payloads) => {
    const index = log.nextIndex
    log.append(payloads).catch(() => {})
    return index
  })
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
    keys: (range, options) => store.keys(range, options),
    count: async (range, options) => await store.count(range, options),
    sublevel: (name) => withUnsyncedBatches(store.sublevel(name)),
    compact: async () => await store.compact(),
    close: async () => await store.close(),
  }
}

/** Sums of usage follow the records that they are of, in a batch of their own. */
export function withSplitBatches(store: KeyValueStore): KeyValueStore {
  const split: KeyValueStore = {
    get: async (key, options) => await store.get(key, options),
    getMany: async (keys, options) => await store.getMany(keys, options),
    put: async (key, value, options) => await store.put(key, value, options),
    delete: async (key, options) => await store.delete(key, options),
    async batch(operations, options) {
      const isSum = ({ key }: KeyValueOperation): boolean => key.startsWith('usage/')
      await store.batch(
        operations.filter((operation) => !isSum(operation)),
        options,
      )
      await store.batch(operations.filter(isSum), options)
    },
    iterate: (range, options) => store.iterate(range, options),
    keys: (range, options) => store.keys(range, options),
    count: async (range, options) => await store.count(range, options),
    sublevel: (name) => createSublevelStore(split, name),
    compact: async () => await store.compact(),
    close: async () => await store.close(),
  }
  return split
}

/** Settlements are acknowledged and never written. */
function losingSettlements(log: EventLog): EventLog {
  const isSettlement = (payload: Uint8Array): boolean => new TextDecoder().decode(payload).includes('call-settled')
  return forwardLog(log, async (payloads) => {
    if (payloads.some(isSettlement)) return log.nextIndex
    return await log.append(payloads)
  })
}

/** Every second reservation is granted without room being taken. */
const GRANTING_TWICE: BudgetMachine = {
  ...BUDGET_MACHINE,
  transition(state, event) {
    const step = BUDGET_MACHINE.transition(state, event)
    if (event.type !== 'reservation-requested' || state.reservations.size % 2 === 0) return step
    if (bucketMapGet(state.reservations, event.id) !== undefined) return step
    const reservations = bucketMapSet(state.reservations, event.id, {
      accounts: [],
      amountNanos: event.amountNanos,
      windowIds: windowIdsAt(event.at),
      expiresAt: event.expiresAt,
    })
    return { state: { ...state, reservations }, effects: [{ type: 'grant-reservation', id: event.id }] }
  },
}

/** A released reservation keeps its room. */
const LOSING_RELEASES: BudgetMachine = {
  ...BUDGET_MACHINE,
  transition(state, event) {
    const step = BUDGET_MACHINE.transition(state, event)
    if (event.type !== 'reservation-released') return step
    return { state: { ...step.state, accounts: state.accounts }, effects: step.effects }
  },
}

/** Known defects of the budgets, beyond those of their journal. */
export const BUDGET_PLANTS: Readonly<Record<string, OwnerPlant>> = {
  ...LOG_PLANTS,
  'lost-settle': { log: losingSettlements },
  'double-reserve': { machine: GRANTING_TWICE },
  'lost-release': { machine: LOSING_RELEASES },
}
