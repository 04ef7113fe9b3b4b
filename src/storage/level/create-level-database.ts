import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Level } from 'level'
import { CodedError } from '../../base/errors.ts'
import { restrictToOwner } from './restrict-to-owner.ts'

/** What is stored is the owner's alone. */
const FOLDER_MODE = 0o700

/**
 * Makes an empty database at `location` unless one is there, whole or not at all. LevelDB itself does not sync the first
 * manifest, and a power cut soon after would leave a database that nothing can open; so it is made beside, synced, and
 * renamed. Throws `STORE_CORRUPTED` when the folder holds files but no database.
 */
export async function createLevelDatabase(location: string): Promise<void> {
  if (await isThere(join(location, 'CURRENT'))) return
  const draft = `${location}.draft`
  await mkdir(dirname(location), { recursive: true, mode: FOLDER_MODE })
  await makeDraftFolder(draft)
  await openDraft(draft)
  await restrictToOwner(draft)
  for (const name of await readdir(draft)) await syncFile(join(draft, name))
  await syncFolder(draft)
  await makeRoom(location)
  await rename(draft, location)
  await syncFolder(dirname(location))
}

/** Made here, since LevelDB would make it for everybody to enter. One that is there was cut short. */
async function makeDraftFolder(draft: string): Promise<void> {
  await mkdir(draft, { recursive: true, mode: FOLDER_MODE })
  await restrictToOwner(draft)
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

/** A draft that was cut short cannot be opened and is made anew; one that somebody else is making is locked. */
async function openDraft(draft: string): Promise<void> {
  try {
    await openOnce(draft)
  } catch (error: unknown) {
    if (isLocked(error)) throw error
    await rm(draft, { recursive: true, force: true })
    await makeDraftFolder(draft)
    await openOnce(draft)
  }
}

async function openOnce(draft: string): Promise<void> {
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

function isLocked(error: unknown): boolean {
  return codeOf(error instanceof Error ? error.cause : undefined) === 'LEVEL_LOCKED'
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
