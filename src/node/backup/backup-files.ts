import { createReadStream } from 'node:fs'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { CodedError } from '../../base/errors.ts'
import type { BackupSummary } from '../../storage/backup/backup-format.ts'
import { readBackup } from '../../storage/backup/read-backup.ts'
import { restoreBackup } from '../../storage/backup/restore-backup.ts'
import { createBackup } from '../../storage/backup/write-backup.ts'
import type { DataDirectory } from '../../storage/data-directory.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { readPackageVersion } from '../package-version.ts'
import { createSystemClock } from '../system-clock.ts'
import { createSystemRandom } from '../system-random.ts'

export type { BackupSummary } from '../../storage/backup/backup-format.ts'

export type BackupFileInit = {
  /** Absolute path of the backup. */
  readonly file: string
  readonly passphrase: string
  readonly signal?: AbortSignal
  /** Told of the bytes that are done, before encryption. */
  readonly onProgress?: (bytes: number) => void
}

/** What a backup that was written holds. */
export type WrittenBackup = { readonly file: string; readonly createdAt: string; readonly bytes: number }

/**
 * Writes all that the data directory holds to a new file, readable by its owner only; the file has its name when it is whole and on stable storage.
 * Rejects with `BACKUP_TARGET_EXISTS`, `BACKUP_SECRET_WEAK`, `STORE_WRITE_FAILED`, the signal's reason.
 */
export async function writeBackupFile(directory: DataDirectory, init: BackupFileInit): Promise<WrittenBackup> {
  const fileSystem = createNodeFileSystem()
  if (await fileSystem.exists(init.file))
    throw new CodedError('BACKUP_TARGET_EXISTS', { message: `${init.file} is there already` })
  const createdAt = new Date(createSystemClock().now()).toISOString()
  const stream = await createBackup(directory, { ...init, program: readPackageVersion(), createdAt })
  const draft = `${init.file}.part`
  await fileSystem.remove(draft)
  try {
    const file = await fileSystem.open(draft, { mode: 'create' })
    let bytes = 0
    try {
      for await (const piece of stream) {
        await file.append(piece)
        bytes += piece.byteLength
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await fileSystem.rename(draft, init.file)
    await fileSystem.syncDirectory(dirname(init.file))
    return { file: init.file, createdAt, bytes }
  } catch (error: unknown) {
    await fileSystem.remove(draft).catch(() => {})
    throw error
  }
}

/** Reads a backup to its end. Rejects as `readBackup`, and with `STORE_READ_FAILED` where there is no such file. */
export async function verifyBackupFile(init: BackupFileInit): Promise<BackupSummary> {
  return await readBackup(await openBackup(init.file), init, async () => {})
}

/** Makes a data directory at `path` out of a backup. Rejects as `restoreBackup`, and with `STORE_READ_FAILED` where there is no such file. */
export async function restoreBackupFile(init: BackupFileInit & { readonly path: string }): Promise<BackupSummary> {
  const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }
  const restoredAt = new Date(createSystemClock().now()).toISOString()
  return await restoreBackup(components, { ...init, restoredAt }, await openBackup(init.file))
}

async function openBackup(file: string): Promise<ReadableStream<Uint8Array>> {
  const stream = createReadStream(file, { highWaterMark: 1_048_576 })
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve())
    stream.once('error', (cause) =>
      reject(new CodedError('STORE_READ_FAILED', { message: `${file} cannot be read: ${cause.message}`, cause })),
    )
  })
  return Readable.toWeb(stream) as ReadableStream<Uint8Array>
}
