import { CodedError } from '../../base/errors.ts'

/**
 * Number of the layout below; a backup with a higher number is refused.
 *
 * A backup is a tar archive, encrypted with a passphrase in the age format (age-encryption.org/v1), so that `age -d FILE | tar t` reads it as well:
 *
 * ```text
 * header.json                  { format, dataFormat, program, createdAt }
 * files/NAME                   a file of the data directory as it is
 * store/000000                 entries of the store: key length u32, key UTF-8, value length u32, value; repeated
 * journals/NAME/snapshot       what the journal starts from: next index u64, payload; absent where it starts from nothing
 * journals/NAME/000000         records after it: length u32, payload; repeated
 * manifest.json                { parts: [{ name, bytes, sha256 }] } of everything before it, in its order
 * ```
 *
 * Integers are big-endian. Parts are numbered and at most about `PART_BYTES` long, so that neither side holds more in memory.
 */
export const BACKUP_FORMAT = 1
export const PART_BYTES = 4 * 1024 ** 2
/** Largest part that is read: one record or value beyond the usual size. */
export const PART_BYTES_MAX: number = 80 * 1024 ** 2

export type BackupHeader = {
  readonly format: number
  /** Format of the data directory that was copied. */
  readonly dataFormat: number
  /** Version of the program that made it. */
  readonly program: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
}

/** One file of the archive. */
export type BackupPart = { readonly name: string; readonly bytes: Uint8Array }

export type BackupManifest = {
  readonly parts: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[]
}

/** What a backup holds, after all of it was read and compared with its manifest. */
export type BackupSummary = BackupHeader & {
  readonly parts: number
  readonly bytes: number
  readonly entries: number
  readonly journals: Readonly<Record<string, { readonly records: number }>>
}

export const HEADER_NAME = 'header.json'
export const MANIFEST_NAME = 'manifest.json'

export function encodeJson(value: BackupHeader | BackupManifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`)
}

/** Throws `BACKUP_DAMAGED`, `BACKUP_FORMAT_NEWER`. */
export function parseHeader(bytes: Uint8Array): BackupHeader {
  const { format, dataFormat, program, createdAt } = membersOf(bytes)
  if (!isCount(format) || !isCount(dataFormat) || typeof program !== 'string' || typeof createdAt !== 'string')
    throw damaged('its header is not one')
  if (format > BACKUP_FORMAT)
    throw new CodedError('BACKUP_FORMAT_NEWER', {
      message: `The backup has format ${format}; this version reads up to ${BACKUP_FORMAT}`,
      details: { found: format, supported: BACKUP_FORMAT },
    })
  return { format, dataFormat, program, createdAt }
}

/** Throws `BACKUP_DAMAGED`. */
export function parseManifest(bytes: Uint8Array): BackupManifest {
  const { parts } = membersOf(bytes)
  if (!Array.isArray(parts)) throw damaged('its manifest is not one')
  return {
    parts: parts.map((part: unknown) => {
      const { name, bytes: size, sha256 }: Members = typeof part === 'object' && part !== null ? { ...part } : {}
      if (typeof name !== 'string' || !isCount(size) || typeof sha256 !== 'string')
        throw damaged('its manifest is not one')
      return { name, bytes: size, sha256 }
    }),
  }
}

export function damaged(what: string, cause?: unknown): CodedError {
  return new CodedError('BACKUP_DAMAGED', { message: `The backup cannot be used: ${what}`, cause })
}

type Members = Readonly<Record<string, unknown>>

function membersOf(bytes: Uint8Array): Members {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // Said below.
  }
  throw damaged('what should be JSON is none')
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
