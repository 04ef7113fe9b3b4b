/**
 * Stores that keep: LevelDB and memory behind `KeyValueStore`, a segmented journal behind `EventLog` that survives power cuts, and the data directory
 * that holds both. It is not a database server: one process owns a directory.
 *
 * ```ts
 * import { createMemoryKeyValueStore } from 'kernell-os/storage'
 *
 * const store = createMemoryKeyValueStore()
 * console.log(await store.get('absent'))
 * ```
 */
export { DATA_FORMAT, openDataDirectory, type DataDirectory, type DataDirectoryInit } from './data-directory.ts'
export { openLevelKeyValueStore, type LevelStoreInit } from './level/level-key-value-store.ts'
export { createMemoryEventLog } from './memory/memory-event-log.ts'
export { createMemoryKeyValueStore } from './memory/memory-key-value-store.ts'
export { createNodeFileSystem } from './node-file-system.ts'
export { openSegmentedEventLog, type EventLogComponents, type EventLogInit } from './segmented-event-log.ts'
