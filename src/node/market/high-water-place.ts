import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { FileSystem } from '../../ports/file-system.ts'
import { readWhole } from '../../storage/write-once.ts'
import { MARKET_FOLDER } from './market-files.ts'

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
  /** The set: a new epoch may begin in another directory. */
  readonly set: Hash
  readonly epoch: number
  /** A directory that asks others what it signed may be another one. */
  readonly isRestored: boolean
  /** The shared store that has the books, by its identity: then it counts for that, and any directory may go on with it. */
  readonly ledger?: string
}

const FILE = 'directory.json'
/** In the data directory, and so in its copies: the set and the epoch in which it may have signed. */
const MARK = 'signing.json'
type Bound = { readonly epoch: number; readonly directory: string }
type Mark = { readonly epoch: number; readonly set: string }

/**
 * Binds the high-water file to the data directory whose signatures it counts. A copy of a directory is another directory to the file system, whatever is the same in it, so
 * that of a directory and its copies one alone may sign in an epoch. Throws `NOTARY_DIRECTORY_COPIED`, before anything of the one that is bound is touched.
 *
 * A mark in the data directory says that it is bound, so that a copy on another machine, where no high-water file counts anything, is told from a directory that has
 * signed nothing yet.
 *
 * @returns Whether what the directory has signed is counted here, or was signed elsewhere: then nothing is bound, unless others are asked (`isRestored`).
 */
export async function bindDirectory(fileSystem: FileSystem, binding: DirectoryBinding): Promise<'bound' | 'elsewhere'> {
  const { highWater, dataDir, set, epoch, isRestored, ledger } = binding
  const own = await nameOfDirectory(dataDir)
  const directory = ledger === undefined ? own : `ledger-${ledger}`
  const bound = await readBinding(fileSystem, highWater)
  const marked = await readMark(fileSystem, join(dataDir, MARKET_FOLDER, MARK))
  if (bound?.epoch !== epoch || bound.directory !== directory) {
    // Books that this directory kept by itself move to the shared store.
    const isMoving = ledger !== undefined && bound?.epoch === epoch && bound.directory === own
    if (bound !== undefined && bound.epoch >= epoch && !isRestored && !isMoving)
      throw new CodedError('NOTARY_DIRECTORY_COPIED', {
        message:
          ledger === undefined
            ? `${dataDir} is a copy: ${highWater} counts the signatures of another directory`
            : `${highWater} counts the signatures of other books than those in the shared store`,
        details: { dataDir, highWater },
      })
    // Another set of the same epoch takes the place of one to which nobody has said anything.
    const isMarked = marked !== undefined && (marked.epoch > epoch || marked.set === set)
    if (isMarked && !isRestored && !isMoving) return 'elsewhere'
    await writeFile(fileSystem, { folder: highWater, name: FILE, content: { epoch, directory } })
  }
  // Behind the binding: a crash between the two leaves a directory that is bound and not marked, and nothing is signed before both are there.
  if (marked?.set !== set || marked.epoch !== epoch)
    await writeFile(fileSystem, { folder: join(dataDir, MARKET_FOLDER), name: MARK, content: { epoch, set } })
  return 'bound'
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

/** `undefined` where there is none. One that cannot be read stands for any epoch. */
async function readMark(fileSystem: FileSystem, path: string): Promise<Mark | undefined> {
  if (!(await fileSystem.exists(path))) return undefined
  try {
    const { epoch, set } = JSON.parse(new TextDecoder().decode(await readWhole(fileSystem, path))) as Partial<Mark>
    if (Number.isSafeInteger(epoch) && typeof set === 'string') return { epoch: Number(epoch), set }
  } catch {
    // As below.
  }
  return { epoch: Number.MAX_SAFE_INTEGER, set: '' }
}

async function writeFile(
  fileSystem: FileSystem,
  { folder, name, content }: { readonly folder: string; readonly name: string; readonly content: object },
): Promise<void> {
  await fileSystem.makeDirectory(folder)
  const draft = join(folder, `${name}.tmp`)
  await fileSystem.remove(draft)
  const file = await fileSystem.open(draft, { mode: 'create' })
  try {
    await file.append(new TextEncoder().encode(`${canonicalJson(content)}\n`))
    await file.sync()
  } finally {
    await file.close()
  }
  await fileSystem.rename(draft, join(folder, name))
  await fileSystem.syncDirectory(folder)
}
