import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CodedError } from '../base/errors.ts'
import type { FileSystem } from '../ports/file-system.ts'

/** Says that a folder is being made by this program and not ready, so that it may be thrown away. */
const MARK = 'unfinished'

/**
 * Builds a folder beside its place and moves it there when it is whole: after a failure or a crash nothing is at `path`, and what is left beside it is thrown
 * away by the next try. `move` puts the folder at its place; default: renames it.
 *
 * Rejects with `BACKUP_TARGET_EXISTS` where a folder of the draft's name is not ours, and with what `build` and `move` throw.
 */
export async function buildDirectory<Result>(
  fileSystem: FileSystem,
  {
    path,
    suffix,
    move,
  }: { readonly path: string; readonly suffix: string; readonly move?: (draft: string) => Promise<void> },
  build: (draft: string) => Promise<Result>,
): Promise<Result> {
  const draft = path + suffix
  if (await fileSystem.exists(draft)) {
    // One that is empty may have been made just before it was marked.
    if (!(await isUnfinished(fileSystem, draft)) && (await fileSystem.list(draft)).length > 0)
      throw new CodedError('BACKUP_TARGET_EXISTS', { message: `${draft} is in the way` })
    await rm(draft, { recursive: true })
  }
  await fileSystem.makeDirectory(draft)
  await markUnfinished(fileSystem, draft)
  let result: Result
  try {
    result = await build(draft)
  } catch (error: unknown) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
  await fileSystem.remove(`${draft}/${MARK}`)
  await fileSystem.syncDirectory(draft)
  if (move === undefined) await fileSystem.rename(draft, path)
  else await move(draft)
  await fileSystem.syncDirectory(dirname(path))
  return result
}

/** Whether a folder is one that `buildDirectory` has not finished. */
export async function isUnfinished(fileSystem: FileSystem, draft: string): Promise<boolean> {
  return await fileSystem.exists(`${draft}/${MARK}`)
}

/** Says of a folder that it may be thrown away. */
export async function markUnfinished(fileSystem: FileSystem, draft: string): Promise<void> {
  const path = `${draft}/${MARK}`
  if (await fileSystem.exists(path)) return
  const file = await fileSystem.open(path, { mode: 'create' })
  await file.close()
  await fileSystem.syncDirectory(draft)
}
