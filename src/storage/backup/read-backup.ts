import { Decrypter } from 'age-encryption'
import { createTarDecoder } from 'modern-tar'
import { CodedError } from '../../base/errors.ts'
import { sha256HexOfBytes } from '../../base/sha256.ts'
import {
  type BackupHeader,
  type BackupManifest,
  type BackupPart,
  type BackupSummary,
  damaged,
  HEADER_NAME,
  MANIFEST_NAME,
  PART_BYTES_MAX,
  parseHeader,
  parseManifest,
} from './backup-format.ts'
import { splitRecords } from './backup-records.ts'

export type ReadBackupInit = {
  readonly passphrase: string
  readonly signal?: AbortSignal
  /** Told after each part. */
  readonly onProgress?: (bytes: number) => void
}

/** What is done with the parts, in their order; the header is known by then. */
export type PartVisitor = (part: BackupPart, header: BackupHeader) => Promise<void>

/**
 * Reads a backup to its end and compares every part with the manifest: only then is what `visit` was given known to be whole. Rejects with
 * `BACKUP_PASSPHRASE_WRONG`, `BACKUP_DAMAGED`, `BACKUP_FORMAT_NEWER`, what `visit` throws, and what the stream fails with.
 */
export async function readBackup(
  bytes: ReadableStream<Uint8Array>,
  { passphrase, signal, onProgress }: ReadBackupInit,
  visit: PartVisitor,
): Promise<BackupSummary> {
  const seen: BackupManifest['parts'][number][] = []
  const counts = { entries: 0, journals: new Map<string, number>() }
  let header: BackupHeader | undefined
  let manifest: BackupManifest | undefined
  let total = 0
  for await (const part of unpackParts(await decrypt(bytes, passphrase))) {
    signal?.throwIfAborted()
    if (manifest !== undefined) throw damaged('something follows its manifest')
    if (part.name === MANIFEST_NAME) {
      manifest = parseManifest(part.bytes)
      continue
    }
    seen.push({ name: part.name, bytes: part.bytes.byteLength, sha256: sha256HexOfBytes(part.bytes) })
    total += part.bytes.byteLength
    if (header === undefined) {
      if (part.name !== HEADER_NAME) throw damaged('it does not begin with its header')
      header = parseHeader(part.bytes)
      continue
    }
    count(part, counts)
    await visit(part, header)
    onProgress?.(total)
  }
  if (header === undefined || manifest === undefined) throw damaged('its end is missing')
  if (JSON.stringify(manifest.parts) !== JSON.stringify(seen)) throw damaged('its parts are not those of its manifest')
  const journals = Object.fromEntries([...counts.journals].map(([name, records]) => [name, { records }]))
  return { ...header, parts: seen.length, bytes: total, entries: counts.entries / 2, journals }
}

function count({ name, bytes }: BackupPart, counts: { entries: number; journals: Map<string, number> }): void {
  const [kind, journal = '', last = ''] = name.split('/')
  if (kind === 'store') counts.entries += splitRecords(bytes).length
  if (kind !== 'journals' || last === 'snapshot') return
  counts.journals.set(journal, (counts.journals.get(journal) ?? 0) + splitRecords(bytes).length)
}

async function decrypt(bytes: ReadableStream<Uint8Array>, passphrase: string): Promise<ReadableStream<Uint8Array>> {
  const decrypter = new Decrypter()
  decrypter.addPassphrase(passphrase)
  try {
    return await decrypter.decrypt(bytes)
  } catch (cause: unknown) {
    // The format does not tell a wrong passphrase from a changed header, but says when there is no header at all.
    if (cause instanceof Error && cause.message.includes('no identity matched'))
      throw new CodedError('BACKUP_PASSPHRASE_WRONG', {
        message: 'The backup does not open with this passphrase',
        cause,
      })
    throw damaged('it is not in the age format', cause)
  }
}

async function* unpackParts(archive: ReadableStream<Uint8Array>): AsyncGenerator<BackupPart, void> {
  const entries = archive.pipeThrough(createTarDecoder({ strict: true }))
  try {
    for await (const { header, body } of entries) {
      if (header.type !== undefined && header.type !== 'file') throw damaged(`${header.name} is no file`)
      if (header.size > PART_BYTES_MAX) throw damaged(`${header.name} has ${header.size} bytes`)
      const bytes = new Uint8Array(header.size)
      let offset = 0
      for await (const piece of body) {
        bytes.set(piece, offset)
        offset += piece.byteLength
      }
      if (offset !== header.size) throw damaged(`${header.name} is cut off`)
      yield { name: header.name, bytes }
    }
  } catch (cause: unknown) {
    // What is read from a stream of an archive fails for one reason; what its reader throws is not caught here.
    throw CodedError.is(cause) ? cause : damaged('its bytes are wrong or missing', cause)
  }
}
