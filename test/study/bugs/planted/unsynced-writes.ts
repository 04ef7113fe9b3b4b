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
  {
    name: 'segment-files-not-synced',
    class: 'unsynced-write',
    file: 'src/market/ledger/journal-folder.ts',
    search: 'for await (const piece of pieces) await file.append(piece)\n      await file.sync()',
    replacement: 'for await (const piece of pieces) await file.append(piece)',
    what: 'states and hashes of closed segments get their names before they are on the disk',
  },
  {
    name: 'compaction-not-synced',
    class: 'unsynced-write',
    file: 'src/storage/log-segment.ts',
    search: 'await file.append(init.bytes)\n    await file.sync()',
    replacement: 'await file.append(init.bytes)\n    if (init.sequence % 2 === 0) await file.sync()',
    what: 'every second file of a journal gets its name before its bytes are on the disk',
  },
  {
    name: 'recovered-segment-not-synced',
    class: 'unsynced-write',
    file: 'src/storage/log-recovery.ts',
    search: `const file = await replaceFile(init.fileSystem, {
    directory: init.directory,
    sequence: last.segment.sequence,
    bytes,
  })`,
    replacement: `const { fileSystem } = init
  const file = await replaceFile(
    {
      ...fileSystem,
      open: async (path, opening) => {
        const opened = await fileSystem.open(path, opening)
        let isFirst = true
        return { ...opened, sync: async () => (isFirst ? void (isFirst = false) : await opened.sync()) }
      },
    },
    { directory: init.directory, sequence: last.segment.sequence, bytes },
  )`,
    what: 'a journal that is repaired at a start replaces what was on the disk by what is not there yet',
  },
  {
    name: 'policy-not-synced',
    class: 'unsynced-write',
    file: 'src/learning/registry/policy-registry.ts',
    search: `value: encodePolicyRecord(record) },
      ],
      { sync: true },`,
    replacement: `value: encodePolicyRecord(record) },
      ],
      { sync: false },`,
    what: 'a policy that was registered is gone behind a power cut',
  },
]
