import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import { readWhole } from '../../storage/write-once.ts'

/**
 * Where a notary keeps what it signed last, unless its operator says otherwise: in the user's state directory (XDG Base Directory Specification, `XDG_STATE_HOME`), by its
 * key. It is outside of the data directory, so that whatever copies the one does not copy the other.
 */
export function highWaterFolderOf(did: Did): string {
  const { XDG_STATE_HOME: state, LOCALAPPDATA: local } = process.env
  const onWindows = process.platform === 'win32' && local !== undefined ? local : join(homedir(), '.local', 'state')
  const base = state !== undefined && isAbsolute(state) ? state : onWindows
  return join(base, 'kernell', 'notaries', did.slice('did:key:'.length))
}

export type DirectoryBinding = {
  readonly highWater: string
  readonly dataDir: string
  /** Of the set: a new epoch may begin in another directory. */
  readonly epoch: number
  /** A directory that asks others what it signed may be another one. */
  readonly isRestored: boolean
}

const FILE = 'directory.json'
type Bound = { readonly epoch: number; readonly directory: string }

/**
 * Binds the high-water file to the data directory whose signatures it counts. A copy of a directory is another directory to the file system, whatever is the same in it, so
 * that of a directory and its copies one alone may sign in an epoch. Throws `NOTARY_DIRECTORY_COPIED`, before anything of the one that is bound is touched.
 */
export async function bindDirectory(fileSystem: FileSystem, binding: DirectoryBinding): Promise<void> {
  const { highWater, dataDir, epoch, isRestored } = binding
  const directory = await nameOfDirectory(dataDir)
  const bound = await readBinding(fileSystem, highWater)
  if (bound?.epoch === epoch && bound.directory === directory) return
  if (bound !== undefined && bound.epoch >= epoch && !isRestored)
    throw new CodedError('NOTARY_DIRECTORY_COPIED', {
      message: `${dataDir} is a copy: ${highWater} counts the signatures of another directory`,
      details: { dataDir, highWater },
    })
  await writeBinding(fileSystem, { highWater, bound: { epoch, directory } })
}

/** A file that is written once, when the directory is made. */
const SECRET = 'secret'

/**
 * A file system gives a file that is made by copying another number and time of birth, which no ordinary program can set. Where no time of birth is kept, that of the
 * last change stands for it: this file is not changed.
 */
async function nameOfDirectory(path: string): Promise<string> {
  const { ino, birthtimeNs } = await stat(join(path, SECRET), { bigint: true })
  return `${ino}-${birthtimeNs}`
}

async function readBinding(fileSystem: FileSystem, highWater: string): Promise<Bound | undefined> {
  const path = join(highWater, FILE)
  if (!(await fileSystem.exists(path))) return undefined
  const text = new TextDecoder().decode(await readWhole(fileSystem, path))
  try {
    const json = JSON.parse(text) as Partial<Bound>
    if (Number.isSafeInteger(json.epoch) && typeof json.directory === 'string')
      return { epoch: Number(json.epoch), directory: json.directory }
  } catch {
    // As what is no binding.
  }
  throw new CodedError('NOTARY_HIGH_WATER_DAMAGED', { message: `${path} is damaged` })
}

async function writeBinding(
  fileSystem: FileSystem,
  { highWater, bound }: { readonly highWater: string; readonly bound: Bound },
): Promise<void> {
  await fileSystem.makeDirectory(highWater)
  const draft = join(highWater, `${FILE}.tmp`)
  await fileSystem.remove(draft)
  const file = await fileSystem.open(draft, { mode: 'create' })
  try {
    await file.append(new TextEncoder().encode(`${canonicalJson(bound)}\n`))
    await file.sync()
  } finally {
    await file.close()
  }
  await fileSystem.rename(draft, join(highWater, FILE))
  await fileSystem.syncDirectory(highWater)
}
