import { CodedError } from '../../base/errors.ts'
import { durationFromMs } from '../../base/time.ts'
import { parseDid } from '../../core/evidence/names.ts'
import { KEY_FILE_BYTES_MAX, parseKeyFile } from '../../keys/store/key-file.ts'
import type { KeyDescription, KeyStore } from '../../keys/store/key-store.ts'
import type { DataDirectory } from '../../storage/data-directory.ts'
import { type KeyRecovery, type KeyRole, parseKeyChain, type SignedKeyStatement } from '../../wire/v1/key-statements.ts'
import { readAtMost } from '../read-at-most.ts'
import { openPatiently } from '../rights/directory-rights.ts'
import { openKeys } from './open-keys.ts'

export type { KeyStore } from '../../keys/store/key-store.ts'
export { openBundle } from '../../keys/store/open-bundle.ts'
export type { KeyDescription } from '../../keys/store/key-store.ts'
export type { KeyRole, SignedKeyStatement } from '../../wire/v1/key-statements.ts'
export { KEY_ROLES } from '../../wire/v1/key-statements.ts'

/** Data directories from this format on have a place for keys. */
const KEYS_FORMAT = 2

/** Reads what is public of a key; needs neither passphrase nor lock. Rejects as `KeyStore.show`. */
export async function showKey(dataDir: string, role: KeyRole): Promise<KeyDescription> {
  return await openKeys(dataDir).show(role)
}

/**
 * Makes or changes keys while nothing else has the data directory open. Other commands that do are waited for; a node that serves from it is not.
 *
 * Rejects with `STORE_FORMAT_OLDER`, with what the work throws, and as `openDataDirectory`.
 */
export async function changeKeys<Result>(
  dataDir: string,
  work: (keys: KeyStore, directory: DataDirectory) => Promise<Result>,
): Promise<Result> {
  const directory = await openPatiently(dataDir)
  try {
    refuseOlderFormat(dataDir, directory.format)
    return await work(openKeys(dataDir), directory)
  } finally {
    await directory.close()
  }
}

/** The statements in a file: of `kernell key show --json`, a bundle or a key file. `undefined` where it has none. Throws what the file system throws. */
export function readStatements(path: string): readonly SignedKeyStatement[] | undefined {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(readAtMost(path, KEY_FILE_BYTES_MAX)))
  } catch (error: unknown) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (typeof json !== 'object' || json === null) return undefined
  const inside = 'chain' in json ? json.chain : json
  const parsed = parseKeyChain('statements' in json ? json.statements : inside)
  return parsed.ok && parsed.chain.length > 0 ? parsed.chain : undefined
}

/** Throws `STORE_FORMAT_OLDER` for a directory that has no place for keys, contracts and books. */
export function refuseOlderFormat(dataDir: string, format: number): void {
  if (format >= KEYS_FORMAT) return
  throw new CodedError('STORE_FORMAT_OLDER', {
    message: `${dataDir} has format ${format}; keys, contracts and books need format ${KEYS_FORMAT}`,
    details: { found: format, needed: KEYS_FORMAT },
  })
}

/** All keys of a role as an encrypted bundle. Rejects as `KeyStore.export`. */
export async function exportKey(dataDir: string, request: Parameters<KeyStore['export']>[0]): Promise<Uint8Array> {
  return await openKeys(dataDir).export(request)
}

/** Who may name another key when this one is lost. `undefined` where the text is no DID of an Ed25519 key. */
export function parseRecovery(key: string, delayHours: number): KeyRecovery | undefined {
  const did = parseDid(key)
  return did === undefined ? undefined : { key: did, delayMs: durationFromMs(Math.round(delayHours * 3_600_000)) }
}

export type KeyBundle = { readonly bytes: Uint8Array; readonly role: KeyRole }

/** A file that `exportKey` wrote, still encrypted. Throws what the file system throws, `KEY_FILE_CORRUPTED`, `KEY_FORMAT_NEWER`. */
export function readBundle(path: string): KeyBundle {
  const bytes = readAtMost(path, KEY_FILE_BYTES_MAX + 1)
  const role = parseKeyFile(bytes, path).chain.at(-1)?.statement.role
  if (role === undefined) throw new CodedError('KEY_FILE_CORRUPTED', { message: `${path} names no key` })
  return { bytes, role }
}
