import { join } from 'node:path'
import type { SetLineage } from '../../core/notary/set-lineage.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { DataDirectory } from '../../storage/data-directory.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { readWhole } from '../../storage/write-once.ts'
import { formatNotarySet, parseNotarySet } from './read-notary-set.ts'

/** Folder of the market's documents in the data directory; backups hold it. */
export const MARKET_FOLDER = 'market'
const SET_FILE = 'notary-set.json'

/** Where the bytes of its files are. */
export function partyFilesIn({ store }: Pick<DataDirectory, 'store'>): KeyValueStore {
  return store.sublevel('market-files')
}

/** The notary set that this node works with; `undefined` where it has none yet. Throws `COMMAND_INVALID` for a file that was changed. */
export async function readKeptSet(
  dataDir: string,
  fileSystem: FileSystem = createNodeFileSystem(),
): Promise<SetLineage | undefined> {
  const path = join(dataDir, MARKET_FOLDER, SET_FILE)
  if (!(await fileSystem.exists(path))) return undefined
  return parseNotarySet(new TextDecoder().decode(await readWhole(fileSystem, path)), path)
}

/** Keeps the set for the next start. */
export async function keepSet(fileSystem: FileSystem, dataDir: string, set: SetLineage): Promise<void> {
  const directory = join(dataDir, MARKET_FOLDER)
  await fileSystem.makeDirectory(directory)
  const draft = join(directory, `${SET_FILE}.tmp`)
  await fileSystem.remove(draft)
  const file = await fileSystem.open(draft, { mode: 'create' })
  try {
    await file.append(new TextEncoder().encode(formatNotarySet(set)))
    await file.sync()
  } finally {
    await file.close()
  }
  await fileSystem.rename(draft, join(directory, SET_FILE))
  await fileSystem.syncDirectory(directory)
}
