import { CodedError } from '../../base/errors.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import type { Random } from '../../ports/random.ts'
import { DATA_FORMAT, openDataDirectory } from '../data-directory.ts'
import { buildDirectory } from '../draft-directory.ts'
import { writeOnce } from '../write-once.ts'
import type { BackupSummary } from './backup-format.ts'
import { readBackup, type ReadBackupInit } from './read-backup.ts'
import { RestoredDirectory } from './restore-parts.ts'

/**
 * Name of the file that says that a directory is a copy of an earlier time, with the backup's `createdAt` and when it was restored. Whoever has signed
 * something since must find out what before it signs again.
 */
export const RESTORED_FILE = 'restored'

export type RestoreInit = ReadBackupInit & {
  /** Of the data directory to make; nothing may be there. */
  readonly path: string
  /** ISO 8601, UTC. */
  readonly restoredAt: string
}

export type RestoreComponents = { readonly fileSystem: FileSystem; readonly random: Random }

/**
 * Makes a data directory out of a backup. It is built beside its place and moved there when all of it was read, compared and synced: a restore that fails
 * or is interrupted leaves nothing at `path`.
 *
 * Rejects as `readBackup`, and with `BACKUP_TARGET_EXISTS`, `STORE_WRITE_FAILED`.
 */
export async function restoreBackup(
  components: RestoreComponents,
  init: RestoreInit,
  bytes: ReadableStream<Uint8Array>,
): Promise<BackupSummary> {
  const { fileSystem } = components
  if ((await fileSystem.exists(init.path)) && (await fileSystem.list(init.path)).length > 0)
    throw new CodedError('BACKUP_TARGET_EXISTS', { message: `${init.path} is not empty` })
  return await buildDirectory(
    fileSystem,
    { path: init.path, suffix: '.restoring' },
    async (draft) => await build(components, { ...init, draft }, bytes),
  )
}

async function build(
  components: RestoreComponents,
  init: RestoreInit & { readonly draft: string },
  bytes: ReadableStream<Uint8Array>,
): Promise<BackupSummary> {
  const { fileSystem } = components
  const { draft } = init
  const restoring = await RestoredDirectory.open(components, draft)
  let summary: BackupSummary
  try {
    summary = await readBackup(bytes, init, async (part, { dataFormat }) => {
      if (dataFormat > DATA_FORMAT)
        throw new CodedError('STORE_FORMAT_NEWER', {
          message: `The backup is of a directory of format ${dataFormat}; this version reads up to ${DATA_FORMAT}`,
        })
      await restoring.take(part)
    })
  } finally {
    await restoring.close()
  }
  const mark = JSON.stringify({ restoredAt: init.restoredAt, createdAt: summary.createdAt })
  await writeOnce(fileSystem, { directory: draft, name: RESTORED_FILE, bytes: new TextEncoder().encode(`${mark}\n`) })
  const format = new TextEncoder().encode(`${summary.dataFormat}\n`)
  await writeOnce(fileSystem, { directory: draft, name: 'format', bytes: format })
  await readThrough(components, draft)
  return summary
}

/** Opens a directory once as everybody opens it, and reads every journal to its end. Rejects with what is wrong with it. */
export async function readThrough(components: RestoreComponents, path: string): Promise<void> {
  const directory = await openDataDirectory(components, { path })
  try {
    for (const name of await directory.listEventLogs()) {
      const copy = await directory.copyEventLog(name)
      try {
        for await (const payload of copy.records) void payload
      } finally {
        await copy.release()
      }
    }
  } finally {
    await directory.close()
  }
}
