import { mkdir, mkdtemp, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Level } from 'level'
import { CodedError } from '../../base/errors.ts'
import { restrictToOwner } from './restrict-to-owner.ts'

/** What is stored is the owner's alone. */
const FOLDER_MODE = 0o700
const DRAFT_SUFFIX = '.draft'

/**
 * Makes an empty database at `location` unless one is there, whole or not at all. LevelDB itself does not sync the first
 * manifest, and a power cut soon after would leave a database that nothing can open; so it is made beside, synced, and
 * renamed. Throws `STORE_CORRUPTED` when the folder holds files but no database.
 */
export async function createLevelDatabase(location: string): Promise<void> {
  if (await hasDatabase(location)) return
  await mkdir(dirname(location), { recursive: true, mode: FOLDER_MODE })
  try {
    await createInPlace(location)
  } catch (error: unknown) {
    // Another process was faster, and its database is as good.
    if (!(await hasDatabase(location))) throw error
  }
}

/** Each process has a draft of its own, so that none changes what another one is about to move into place. */
async function createInPlace(location: string): Promise<void> {
  // Made here with mode 0700, since LevelDB would make it for everybody to enter.
  const draft = await mkdtemp(`${location}${DRAFT_SUFFIX}`)
  try {
    await restrictToOwner(draft)
    await makeDatabase(draft)
    await restrictToOwner(draft)
    for (const name of await readdir(draft)) await syncFile(join(draft, name))
    await syncFolder(draft)
    await makeRoom(location)
    await rename(draft, location)
    await syncFolder(dirname(location))
  } finally {
    await rm(draft, { recursive: true, force: true })
    await removeDrafts(location)
  }
}

/** Those that were cut short; whoever is making one finds that a database is there. */
async function removeDrafts(location: string): Promise<void> {
  const start = `${basename(location)}${DRAFT_SUFFIX}`
  const names = (await hasDatabase(location)) ? await readdir(dirname(location)) : []
  for (const name of names)
    if (name.startsWith(start)) await rm(join(dirname(location), name), { recursive: true, force: true })
}

async function hasDatabase(location: string): Promise<boolean> {
  return await isThere(join(location, 'CURRENT'))
}

/** Removes an empty folder that is in the place. */
async function makeRoom(location: string): Promise<void> {
  try {
    await rmdir(location)
  } catch (error: unknown) {
    if (codeOf(error) === 'ENOENT') return
    throw new CodedError('STORE_CORRUPTED', { message: `${location} holds files but no database`, cause: error })
  }
}

async function makeDatabase(draft: string): Promise<void> {
  const database = new Level(draft)
  await database.open()
  await database.close()
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error: unknown) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Windows cannot open folders; NTFS journals names itself. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
