import { Encrypter } from 'age-encryption'
import { createTarPacker } from 'modern-tar'
import { CodedError } from '../../base/errors.ts'
import { sha256HexOfBytes } from '../../base/sha256.ts'
import type { DataDirectory } from '../data-directory.ts'
import {
  BACKUP_FORMAT,
  type BackupHeader,
  type BackupManifest,
  type BackupPart,
  encodeJson,
  HEADER_NAME,
  MANIFEST_NAME,
} from './backup-format.ts'
import { journalParts, storeParts } from './backup-contents.ts'

export type BackupInit = {
  /** At least `PASSPHRASE_LENGTH_MIN` characters. */
  readonly passphrase: string
  /** Version of the program. */
  readonly program: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** 2^N scrypt rounds; default 18, which takes about a second and 256 MB. For tests. */
  readonly scryptWorkFactor?: number
  readonly signal?: AbortSignal
  /** Told after each part. */
  readonly onProgress?: (bytes: number) => void
}

export const PASSPHRASE_LENGTH_MIN = 12

/**
 * A copy of all that the data directory holds, while it is in use: each journal and the store as of one moment each, journals first, so that nothing of the
 * store is newer than what the journals say by more than the copy took. The bytes come as they are read.
 *
 * Rejects with `BACKUP_SECRET_WEAK`; the stream fails with `STORE_READ_FAILED` and what journals throw.
 */
export async function createBackup(directory: DataDirectory, init: BackupInit): Promise<ReadableStream<Uint8Array>> {
  if (init.passphrase.length < PASSPHRASE_LENGTH_MIN)
    throw new CodedError('BACKUP_SECRET_WEAK', {
      message: `The passphrase has ${init.passphrase.length} characters; ${PASSPHRASE_LENGTH_MIN} are the least`,
    })
  const encrypter = new Encrypter()
  encrypter.setPassphrase(init.passphrase)
  if (init.scryptWorkFactor !== undefined) encrypter.setScryptWorkFactor(init.scryptWorkFactor)
  return await encrypter.encrypt(packParts(partsOf(directory, init)))
}

async function* partsOf(directory: DataDirectory, init: BackupInit): AsyncGenerator<BackupPart, void> {
  const header: BackupHeader = {
    format: BACKUP_FORMAT,
    dataFormat: directory.format,
    program: init.program,
    createdAt: init.createdAt,
  }
  const manifest: BackupManifest['parts'][number][] = []
  let total = 0
  for await (const part of contentsOf(directory, encodeJson(header))) {
    init.signal?.throwIfAborted()
    manifest.push({ name: part.name, bytes: part.bytes.byteLength, sha256: sha256HexOfBytes(part.bytes) })
    total += part.bytes.byteLength
    yield part
    init.onProgress?.(total)
  }
  yield { name: MANIFEST_NAME, bytes: encodeJson({ parts: manifest }) }
}

async function* contentsOf(directory: DataDirectory, header: Uint8Array): AsyncGenerator<BackupPart, void> {
  yield { name: HEADER_NAME, bytes: header }
  for (const name of await directory.listEventLogs()) yield* journalParts(directory, name)
  yield* storeParts(directory)
  for (const { name, bytes } of await directory.readFiles()) yield { name: `files/${name}`, bytes }
}

/** The parts as a tar archive. Nothing is read ahead of whoever reads the stream by more than a part. */
function packParts(parts: AsyncGenerator<BackupPart, void>): ReadableStream<Uint8Array> {
  const { readable, controller } = createTarPacker()
  const pack = async (): Promise<void> => {
    for await (const { name, bytes } of parts) {
      const writer = controller.add({ name, size: bytes.byteLength, mode: 0o600, mtime: new Date(0) }).getWriter()
      if (bytes.byteLength > 0) await writer.write(bytes)
      await writer.close()
    }
    controller.finalize()
  }
  pack().catch((error: unknown) => controller.error(error))
  return readable
}
