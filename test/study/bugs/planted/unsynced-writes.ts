import type { PlantedBug } from '../planted-bug.ts'

export const UNSYNCED_WRITES: readonly PlantedBug[] = [
  {
    name: 'batch-not-synced',
    class: 'unsynced-write',
    file: 'src/storage/segmented-event-log.ts',
    search: 'await this.#file.sync()\n      this.#fileSizeBytes += bytes.byteLength',
    replacement: 'this.#fileSizeBytes += bytes.byteLength',
    what: 'the journal acknowledges what the disk may still lose',
  },
  {
    name: 'segment-not-synced',
    class: 'unsynced-write',
    file: 'src/storage/log-segment.ts',
    search: 'await file.append(init.bytes)\n    await file.sync()',
    replacement: 'await file.append(init.bytes)',
    what: 'a new segment has its name before its bytes are on the disk',
  },
  {
    name: 'name-not-synced',
    class: 'unsynced-write',
    file: 'src/storage/log-segment.ts',
    search: 'await fileSystem.syncDirectory(init.directory)\n    return file',
    replacement: 'return file',
    what: 'the name of a new segment may be lost with the power',
  },
  {
    name: 'acknowledged-before-append',
    class: 'unsynced-write',
    file: 'src/actors/durable/journal/journal-writer.ts',
    search: 'else if (this.#written === this.#synced) run()',
    replacement: 'else if (this.#written - this.#synced <= 1) run()',
    what: 'one record that is on its way to the disk counts as there',
  },
]
