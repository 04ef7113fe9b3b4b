import type { EventLog } from '../../ports/event-log.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import type { Random } from '../../ports/random.ts'
import { openLevelKeyValueStore } from '../level/level-key-value-store.ts'
import { createSegment } from '../log-segment.ts'
import { openSegmentedEventLog } from '../segmented-event-log.ts'
import { writeOnce } from '../write-once.ts'
import { type BackupPart, damaged } from './backup-format.ts'
import { splitRecords } from './backup-records.ts'

/** Records and entries that are written in one go at most. */
const BATCH_MAX = 10_000
/** Bytes of records that are appended in one go, unless one record has more. */
const APPEND_BYTES = 8 * 1024 ** 2

/** Where the parts of a backup may lead; nothing else of an archive is written anywhere. */
const FILE_PATTERN = /^files\/((?:[a-z0-9-]+\/)?[A-Za-z0-9][A-Za-z0-9._-]*)$/
const STORE_PATTERN = /^store\/\d{6}$/
const JOURNAL_PATTERN = /^journals\/((?!(?:store|keys|market)\/)[a-z0-9-]+)\/(snapshot|\d{6})$/

type Components = { readonly fileSystem: FileSystem; readonly random: Random }

/** Writes parts of a backup into a folder that becomes a data directory, in the order in which they come. */
export class RestoredDirectory {
  private readonly components: Components
  private readonly path: string
  private readonly store: KeyValueStore
  private journal: { readonly name: string; readonly log: EventLog } | undefined

  private constructor(components: Components, path: string, store: KeyValueStore) {
    this.components = components
    this.path = path
    this.store = store
  }

  static async open(components: Components, path: string): Promise<RestoredDirectory> {
    const store = await openLevelKeyValueStore({ location: `${path}/store` })
    return new RestoredDirectory(components, path, store)
  }

  /** Throws `BACKUP_DAMAGED` for a part that leads nowhere, and what stores and journals throw. */
  async take({ name, bytes }: BackupPart): Promise<void> {
    const [, file] = FILE_PATTERN.exec(name) ?? []
    const [, journal, kind] = JOURNAL_PATTERN.exec(name) ?? []
    if (file !== undefined) await this.writeFile(file, bytes)
    else if (STORE_PATTERN.test(name)) await this.putEntries(splitRecords(bytes))
    else if (journal !== undefined && kind === 'snapshot') await this.startJournal(journal, bytes)
    else if (journal !== undefined) await this.appendRecords(journal, splitRecords(bytes))
    else throw damaged(`it has a part ${JSON.stringify(name.slice(0, 100))}`)
  }

  /** Idempotent. What was written is on stable storage then. */
  async close(): Promise<void> {
    await this.closeJournal()
    // A write that is synced carries those before it to the disk.
    try {
      await this.store.delete('restored', { sync: true })
    } finally {
      await this.store.close()
    }
  }

  private async writeFile(name: string, bytes: Uint8Array): Promise<void> {
    const slash = name.indexOf('/')
    const directory = slash < 0 ? this.path : `${this.path}/${name.slice(0, slash)}`
    await this.components.fileSystem.makeDirectory(directory)
    await writeOnce(this.components.fileSystem, { directory, name: name.slice(slash + 1), bytes })
  }

  private async putEntries(records: readonly Uint8Array[]): Promise<void> {
    if (records.length % 2 !== 0) throw damaged('a key has no value')
    const decoder = new TextDecoder('utf-8', { fatal: true })
    const operations: KeyValueOperation[] = []
    for (let index = 0; index < records.length; index += 2) {
      const value = records[index + 1] ?? new Uint8Array(0)
      operations.push({ type: 'put', key: decoder.decode(records[index]), value })
    }
    for (let index = 0; index < operations.length; index += BATCH_MAX)
      await this.store.batch(operations.slice(index, index + BATCH_MAX))
  }

  private async startJournal(name: string, bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength < 8 || this.journal?.name === name) throw damaged(`the snapshot of ${name} is out of place`)
    const nextIndex = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))
    const { fileSystem, random } = this.components
    const directory = `${this.path}/${name}`
    await fileSystem.makeDirectory(directory)
    const created = await createSegment(fileSystem, {
      directory,
      sequence: 0,
      firstIndex: nextIndex,
      salt: new DataView(random.bytes(4).buffer).getUint32(0),
      snapshot: { nextIndex, payload: bytes.subarray(8) },
    })
    await created.file.close()
    await this.openJournal(name)
  }

  private async appendRecords(name: string, records: readonly Uint8Array[]): Promise<void> {
    const log = this.journal?.name === name ? this.journal.log : await this.openJournal(name)
    let batch: Uint8Array[] = []
    let size = 0
    for (const record of records) {
      if (batch.length === BATCH_MAX || (batch.length > 0 && size + record.byteLength > APPEND_BYTES)) {
        await log.append(batch)
        batch = []
        size = 0
      }
      batch.push(record)
      size += record.byteLength
    }
    if (batch.length > 0) await log.append(batch)
  }

  private async openJournal(name: string): Promise<EventLog> {
    await this.closeJournal()
    const log = await openSegmentedEventLog(this.components, { directory: `${this.path}/${name}` })
    this.journal = { name, log }
    return log
  }

  private async closeJournal(): Promise<void> {
    await this.journal?.log.close()
    this.journal = undefined
  }
}
