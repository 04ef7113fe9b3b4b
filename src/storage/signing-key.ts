import { CodedError } from '../base/errors.ts'
import type { FileSystem } from '../ports/file-system.ts'
import type { Random } from '../ports/random.ts'
import { refuseShared } from './private-file.ts'
import { writeOnce } from './write-once.ts'

/** Name of the seed's file in the data directory. */
export const SIGNING_KEY_FILE = 'signing-key'
const SEED_BYTES = 32

/**
 * The seed of the key that this installation signs with. The first call makes it: 32 random bytes in the data directory, readable by its owner only.
 *
 * Throws `STORE_CORRUPTED` for a file of another size, `STORE_PERMISSIONS` for one that others may use, `STORE_WRITE_FAILED` and `STORE_READ_FAILED`.
 */
export async function openSigningSeed(
  { fileSystem, random }: { readonly fileSystem: FileSystem; readonly random: Random },
  { directory }: { readonly directory: string },
): Promise<Uint8Array> {
  const fresh = random.bytes(SEED_BYTES)
  const seed = await writeOnce(fileSystem, { directory, name: SIGNING_KEY_FILE, bytes: fresh })
  if (seed.byteLength !== SEED_BYTES)
    throw new CodedError('STORE_CORRUPTED', { message: `${directory}/${SIGNING_KEY_FILE} has the wrong size` })
  await refuseShared(fileSystem, `${directory}/${SIGNING_KEY_FILE}`)
  return seed
}
