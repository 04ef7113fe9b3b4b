import type { KeyStore } from '../../keys/store/key-store.ts'
import { openKeyStore } from '../../keys/store/open-key-store.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { createSystemClock } from '../system-clock.ts'
import { createSystemRandom } from '../system-random.ts'

/** Name of the folder of the key files in the data directory. */
export const KEYS_FOLDER = 'keys'

/**
 * The keys of a data directory, in `keys/`. Reading needs no lock; whoever makes or changes a key holds the lock of the directory, so that no other
 * process does at the same time.
 */
export function openKeys(dataDir: string): KeyStore {
  return openKeyStore(
    { fileSystem: createNodeFileSystem(), random: createSystemRandom(), clock: createSystemClock() },
    { directory: `${dataDir}/${KEYS_FOLDER}` },
  )
}
