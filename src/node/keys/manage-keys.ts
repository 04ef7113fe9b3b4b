import { readFile } from 'node:fs/promises'
import { CodedError } from '../../base/errors.ts'
import { durationFromMs } from '../../base/time.ts'
import { parseDid } from '../../core/evidence/names.ts'
import { parseKeyFile } from '../../keys/store/key-file.ts'
import type { KeyDescription, KeyStore } from '../../keys/store/key-store.ts'
import { openDataDirectory } from '../../storage/data-directory.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import type { KeyRecovery, KeyRole } from '../../wire/v1/key-statements.ts'
import { readKeptSet } from '../market/market-files.ts'
import { createSystemRandom } from '../system-random.ts'
import { openKeys } from './open-keys.ts'

export type { KeyDescription } from '../../keys/store/key-store.ts'
export type { KeyRole } from '../../wire/v1/key-statements.ts'
export { KEY_ROLES } from '../../wire/v1/key-statements.ts'

/** Data directories from this format on have a place for keys. */
const KEYS_FORMAT = 2

/** Reads what is public of a key; needs neither passphrase nor lock. Rejects as `KeyStore.show`. */
export async function showKey(dataDir: string, role: KeyRole): Promise<KeyDescription> {
  return await openKeys(dataDir).show(role)
}

/**
 * Makes or changes keys while nothing else has the data directory open.
 *
 * Rejects with `STORE_FORMAT_OLDER`, with what the work throws, and as `openDataDirectory`.
 */
export async function changeKeys<Result>(dataDir: string, work: (keys: KeyStore) => Promise<Result>): Promise<Result> {
  const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }
  const directory = await openDataDirectory(components, { path: dataDir })
  try {
    refuseOlderFormat(dataDir, directory.format)
    return await work(openKeys(dataDir))
  } finally {
    await directory.close()
  }
}

/**
 * Makes another key in place of one. Rejects with `NOTARY_KEY_IN_USE` for the key of a notary whose set names it: nobody could sign for that member any more. Otherwise as
 * `changeKeys` and `KeyStore.rotate`.
 */
export async function rotateKey(dataDir: string, request: Parameters<KeyStore['rotate']>[0]): Promise<KeyDescription> {
  return await changeKeys(dataDir, async (keys) => {
    if (request.role === 'notary') await refuseMember(dataDir, keys)
    return await keys.rotate(request)
  })
}

async function refuseMember(dataDir: string, keys: KeyStore): Promise<void> {
  const kept = await readKeptSet(dataDir)
  const { did } = await keys.show('notary')
  if (kept?.set.members.some(({ key }) => key === did) !== true) return
  const isAlone = kept.set.members.length === 1
  throw new CodedError('NOTARY_KEY_IN_USE', {
    message: `The notary set ${kept.set.id} of this data directory names ${did}`,
    details: {
      did,
      set: kept.set.id,
      ...(!isAlone && {
        remedy:
          'Let 2f + 1 members end the epoch of the set; the next one names another key, of a data directory of its own.',
      }),
    },
  })
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

/** A file that `exportKey` wrote, still encrypted. Rejects with what the file system throws, `KEY_FILE_CORRUPTED`, `KEY_FORMAT_NEWER`. */
export async function readBundle(path: string): Promise<KeyBundle> {
  const bytes = new Uint8Array(await readFile(path))
  const role = parseKeyFile(bytes, path).chain.at(-1)?.statement.role
  if (role === undefined) throw new CodedError('KEY_FILE_CORRUPTED', { message: `${path} names no key` })
  return { bytes, role }
}
