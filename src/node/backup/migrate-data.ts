import { type Migration, migrateDirectory } from '../../storage/migrate-directory.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { createSystemRandom } from '../system-random.ts'

export type { Migration } from '../../storage/migrate-directory.ts'

/** Brings a data directory to the newest format and keeps the old one beside it. Rejects as `migrateDirectory`. */
export async function migrateData(path: string, signal?: AbortSignal): Promise<Migration> {
  const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }
  return await migrateDirectory(components, { path, ...(signal !== undefined && { signal }) })
}
