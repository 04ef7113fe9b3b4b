import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyRole } from '../../../src/wire/v1/key-statements.ts'
import { openKeyStore } from '../../../src/keys/store/open-key-store.ts'
import { KEYS_FOLDER } from '../../../src/node/keys/open-keys.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'

/** The least work that a key file may say: every command that opens the key pays it again. */
const LIGHT = { cost: 1_024, blockSize: 8, parallelization: 1 } as const

/**
 * A key as `kernell key create` makes it, but for the work that a guess of its passphrase costs.
 *
 * @returns Its DID.
 */
export async function makeLightKey(dataDir: string, role: string, passphrase: string): Promise<string> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom(), clock: createSystemClock() }
  const keys = openKeyStore(components, { directory: join(dataDir, KEYS_FOLDER), scrypt: LIGHT })
  const made = await keys.create({ role: role as KeyRole, passphrase: new TextEncoder().encode(passphrase) })
  return made.did
}
