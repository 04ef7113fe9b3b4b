import { join } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import type { Random } from '../../ports/random.ts'
import { readSecretFile } from '../keys/secret-file.ts'

/** File of a data directory with the admin token of its node; only its owner can read it. Whoever deletes it has another one made with the next start. */
export const ADMIN_TOKEN_FILE = 'admin-token'

const BEGINNING = 'kos_admin_'
const TOKEN = /^kos_admin_[A-Za-z0-9_-]{43}$/
const BYTES = 32

/** Where a data directory has the token. */
export function adminTokenFile(dataDir: string): string {
  return join(dataDir, ADMIN_TOKEN_FILE)
}

/** The token of a data directory, made with the first call. Throws `STORE_CORRUPTED` for a file that holds none, and what the file system throws. */
export async function openAdminToken(
  { fileSystem, random }: { readonly fileSystem: FileSystem; readonly random: Random },
  dataDir: string,
): Promise<string> {
  const path = adminTokenFile(dataDir)
  if (await fileSystem.exists(path)) return readToken(path)
  const token = `${BEGINNING}${Buffer.from(random.bytes(BYTES)).toString('base64url')}`
  const draft = `${path}.tmp`
  await fileSystem.remove(draft)
  const file = await fileSystem.open(draft, { mode: 'create' })
  try {
    await file.append(new TextEncoder().encode(`${token}\n`))
    await file.sync()
  } finally {
    await file.close()
  }
  await fileSystem.rename(draft, path)
  await fileSystem.syncDirectory(dataDir)
  return token
}

/** What a file says that others can read is no secret any more. */
function readToken(path: string): string {
  const read = readSecretFile(path, 1_024)
  if ('text' in read && TOKEN.test(read.text)) return read.text
  throw new CodedError('STORE_CORRUPTED', {
    message: 'fault' in read ? read.fault : `The file ${path} holds no admin token`,
    details: { remedy: `Delete ${path}: another token is made with the next start.` },
  })
}
