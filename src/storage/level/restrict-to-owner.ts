import { chmod, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** The file went meanwhile, as LevelDB's do; or it is another user's; or the file system knows no modes. */
const TOLERATED: readonly unknown[] = ['ENOENT', 'EPERM', 'ENOTSUP', 'EROFS']

/**
 * Takes a flat folder and its files away from everybody but their owner, as far as the file system lets it: a store on a disk without modes
 * is still a store, and `doctor` looks at what came of it.
 */
export async function restrictToOwner(folder: string): Promise<void> {
  // Windows has no such bits; there a folder of a user's profile is that user's.
  if (process.platform === 'win32') return
  await tolerating(chmod(folder, FOLDER_MODE))
  const names = (await tolerating(readdir(folder))) ?? []
  for (const name of names) await tolerating(chmod(join(folder, name), FILE_MODE))
}

async function tolerating<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error && TOLERATED.includes(error.code)) return undefined
    throw error
  }
}
