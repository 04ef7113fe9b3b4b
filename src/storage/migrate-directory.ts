import { cp, link, readdir } from 'node:fs/promises'
import { constants } from 'node:fs'
import { CodedError } from '../base/errors.ts'
import { RestoredDirectory } from './backup/restore-parts.ts'
import { journalParts, storeParts } from './backup/backup-contents.ts'
import { readThrough } from './backup/restore-backup.ts'
import {
  DATA_FORMAT,
  type DataDirectoryComponents,
  MIGRATING_SUFFIX,
  openDataDirectory,
  readFormat,
} from './data-directory.ts'
import { buildDirectory, isUnfinished, markUnfinished } from './draft-directory.ts'
import { openLevelKeyValueStore } from './level/level-key-value-store.ts'
import { writeOnce } from './write-once.ts'

export type MigrationInit = {
  readonly path: string
  readonly signal?: AbortSignal
  /** Told of the bytes of store and journals that are copied. */
  readonly onProgress?: (bytes: number) => void
}

/** `current`: there was nothing to do. `keptAt`: where the directory is as it was before. */
export type Migration =
  | { readonly effect: 'current'; readonly format: number }
  | { readonly effect: 'migrated'; readonly from: number; readonly to: number; readonly keptAt: string }

/** What is not copied: it is written anew, or is of the process that had the directory open. */
const LEFT_BEHIND = ['format', 'store', 'serve.json']
/** Large, and never changed once they are there. */
const LINKED = /\.gguf$/

/**
 * Makes a directory of the newest format out of an older one: a copy, checked and synced, that takes its place, while the old one stays beside it under
 * another name. Interrupted at any point it leaves the old directory in its place, or what the next call finishes; to begin again is always safe.
 *
 * Rejects with `STORE_NOT_OPEN` where there is no data directory, `STORE_LOCKED` while somebody uses it, `STORE_FORMAT_NEWER`, `STORE_CORRUPTED`,
 * `BACKUP_TARGET_EXISTS` where the old one cannot be put aside, `STORE_WRITE_FAILED`, the signal's reason.
 */
export async function migrateDirectory(components: DataDirectoryComponents, init: MigrationInit): Promise<Migration> {
  const { fileSystem } = components
  const { path } = init
  const finished = await finishMigration(components, path)
  if (finished !== undefined) return finished
  const from = await readFormat(fileSystem, path)
  if (from === undefined) throw new CodedError('STORE_NOT_OPEN', { message: `There is no data directory at ${path}` })
  if (from === DATA_FORMAT) return { effect: 'current', format: from }
  const keptAt = `${path}.format-${from}`
  if (await fileSystem.exists(keptAt))
    throw new CodedError('BACKUP_TARGET_EXISTS', { message: `${keptAt} is in the way of the copy that is kept` })
  await disownReady(components, path)
  await buildDirectory(
    fileSystem,
    { path, suffix: MIGRATING_SUFFIX, move: async (draft) => await putInPlace(components, { draft, path, keptAt }) },
    async (draft) => await copyDirectory(components, init, draft),
  )
  return { effect: 'migrated', from, to: DATA_FORMAT, keptAt }
}

async function copyDirectory(components: DataDirectoryComponents, init: MigrationInit, draft: string): Promise<void> {
  const source = await openDataDirectory(components, { path: init.path })
  try {
    const target = await RestoredDirectory.open(components, draft)
    try {
      let total = 0
      const journals = await source.listEventLogs()
      for (const name of journals)
        for await (const part of journalParts(source, name)) {
          init.signal?.throwIfAborted()
          await target.take(part)
          total += part.bytes.byteLength
          init.onProgress?.(total)
        }
      for await (const part of storeParts(source)) {
        init.signal?.throwIfAborted()
        await target.take(part)
        total += part.bytes.byteLength
        init.onProgress?.(total)
      }
      await copyRest({ from: init.path, to: draft, but: [...LEFT_BEHIND, ...journals] })
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
  const bytes = new TextEncoder().encode(`${DATA_FORMAT}\n`)
  await writeOnce(components.fileSystem, { directory: draft, name: 'format', bytes })
  await readThrough(components, draft)
}

async function copyRest({ from, to, but }: { from: string; to: string; but: readonly string[] }): Promise<void> {
  for (const name of await readdir(from)) {
    if (but.includes(name)) continue
    await cp(`${from}/${name}`, `${to}/${name}`, {
      recursive: true,
      mode: constants.COPYFILE_FICLONE,
      preserveTimestamps: true,
      filter: async (source, target) => !LINKED.test(source) || !(await isLinked(source, target)),
    })
  }
}

/** Whether a second name could be made for the file, which is as good as a copy. */
async function isLinked(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target)
    return true
  } catch {
    return false
  }
}

type Places = { readonly draft: string; readonly path: string; readonly keptAt: string }

/** Whoever opened the directory since it was copied has its lock, under whatever name it goes by now. */
async function putInPlace({ fileSystem }: DataDirectoryComponents, { draft, path, keptAt }: Places): Promise<void> {
  await fileSystem.rename(path, keptAt)
  try {
    await (await openLevelKeyValueStore({ location: `${keptAt}/store` })).close()
  } catch (error: unknown) {
    await fileSystem.rename(keptAt, path)
    throw error
  }
  await fileSystem.rename(draft, path)
}

/** A copy that was ready and never put in its place may be older than what is there now: it is made anew. */
async function disownReady({ fileSystem }: DataDirectoryComponents, path: string): Promise<void> {
  const draft = path + MIGRATING_SUFFIX
  if (await fileSystem.exists(`${draft}/format`)) await markUnfinished(fileSystem, draft)
}

/** Puts a copy in its place that an interrupted migration left ready. */
async function finishMigration({ fileSystem }: DataDirectoryComponents, path: string): Promise<Migration | undefined> {
  const draft = path + MIGRATING_SUFFIX
  if (!(await fileSystem.exists(`${draft}/format`)) || (await isUnfinished(fileSystem, draft))) return undefined
  if (await fileSystem.exists(path)) return undefined
  for (let from = DATA_FORMAT - 1; from > 0; from -= 1) {
    const keptAt = `${path}.format-${from}`
    if (!(await fileSystem.exists(keptAt))) continue
    await fileSystem.rename(draft, path)
    return { effect: 'migrated', from, to: DATA_FORMAT, keptAt }
  }
  return undefined
}
