import { type Dirent, type Stats, statfsSync } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { CodedError } from '../../base/errors.ts'
import { isBeyondDisk } from './work-directory.ts'

/** `hidden`: folders that may not be looked into. */
type Held = { readonly bytes: number; readonly files: number; readonly hidden: number }

const BLOCK_BYTES = 512
/** More takes too long to walk over. */
const FILES_MAX = 1_000_000
const WALK_EVERY_MS_LEAST = 50
/** Walking takes at most one part in so many of the time, unless the file system grew meanwhile. */
const REST_PER_WALK = 9

/**
 * How much folders of this machine grew that a program may write to. Nothing tells but to walk over them, so that this is done again and again while it runs, and once when it has ended; in between
 * the file system is asked, which others write to as well. A file that has no name any more is found by whoever has it open.
 */
export class FolderGrowth {
  private readonly folders: readonly string[]
  private readonly diskBytes: number
  private readonly atStart: Held
  private walking: Promise<void> | undefined
  /** A `/proc` in which the run's processes are, once there are some. */
  private processes: string | undefined
  private restUntil = 0
  private usedAtWalk: number
  private hasGrownBeyond = false

  private constructor(init: {
    readonly folders: readonly string[]
    readonly diskBytes: number
    readonly atStart: Held
  }) {
    this.folders = init.folders
    this.diskBytes = init.diskBytes
    this.atStart = init.atStart
    this.usedAtWalk = this.usedAround()
  }

  /** Looks what is there. Throws `SANDBOX_POLICY_INVALID` for folders with more than a million files, and the signal's reason. */
  static async watch(folders: readonly string[], diskBytes: number, signal: AbortSignal): Promise<FolderGrowth> {
    const atStart = await heldIn(folders, signal)
    if (atStart.files > FILES_MAX)
      throw new CodedError('SANDBOX_POLICY_INVALID', { message: `paths.write: more than ${FILES_MAX} files to watch` })
    return new FolderGrowth({ folders, diskBytes, atStart })
  }

  /** Says where the run's processes are. */
  watchProcesses(directory: string): void {
    this.processes = directory
  }

  /** Whether a walk found so, or a folder that it may not look into; begins the next one where it is time. */
  get isBeyond(): boolean {
    if (!this.hasGrownBeyond && this.walking === undefined && this.isTime()) this.walking = this.walk()
    return this.hasGrownBeyond
  }

  /** Looks for the last time. */
  async settle(): Promise<void> {
    await this.walking
    await this.walk()
  }

  private isTime(): boolean {
    return performance.now() >= this.restUntil || this.usedAround() - this.usedAtWalk > this.diskBytes
  }

  private async walk(): Promise<void> {
    const begun = performance.now()
    this.usedAtWalk = this.usedAround()
    const { bytes, files, hidden } = await heldIn(this.folders)
    const unnamed = this.processes === undefined ? 0 : await unnamedBytes(this.processes, this.folders)
    const grown = { bytes: bytes + unnamed - this.atStart.bytes, files: files - this.atStart.files }
    this.hasGrownBeyond ||= hidden > this.atStart.hidden || isBeyondDisk(grown, this.diskBytes)
    const ended = performance.now()
    this.restUntil = ended + Math.max(WALK_EVERY_MS_LEAST, (ended - begun) * REST_PER_WALK)
    this.walking = undefined
  }

  /** Of the file systems that the folders lie on, bytes. */
  private usedAround(): number {
    return this.folders.reduce((sum, folder) => {
      const { bsize, blocks, bfree } = statfsSync(folder)
      return sum + (blocks - bfree) * bsize
    }, 0)
  }
}

async function heldIn(folders: readonly string[], signal?: AbortSignal): Promise<Held> {
  const held = { bytes: 0, files: 0, hidden: 0 }
  const left = [...folders]
  for (let path = left.pop(); path !== undefined && held.files <= FILES_MAX; path = left.pop()) {
    signal?.throwIfAborted()
    for (const entry of await entriesOf(path, held)) {
      const each = `${path}/${entry.name}`
      if (entry.isDirectory()) left.push(each)
      held.files += 1
      held.bytes += await bytesOf(each)
    }
  }
  return held
}

async function entriesOf(path: string, held: { hidden: number }): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    // What is taken away meanwhile has not grown. What may not be looked into may have.
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') held.hidden += 1
    return []
  }
}

/** What files hold that lie on the file systems of `folders`, are open and have no name, bytes. */
async function unnamedBytes(processes: string, folders: readonly string[]): Promise<number> {
  const devices = new Set((await Promise.all(folders.map(statOf))).map((folder) => folder?.dev))
  const found = new Map<number, number>()
  for (const pid of (await namesIn(processes)).filter((name) => /^\d+$/.test(name)))
    for (const descriptor of await namesIn(`${processes}/${pid}/fd`)) {
      const file = await statOf(`${processes}/${pid}/fd/${descriptor}`)
      if (file?.isFile() === true && file.nlink === 0 && devices.has(file.dev))
        found.set(file.ino, file.blocks * BLOCK_BYTES)
    }
  return [...found.values()].reduce((sum, bytes) => sum + bytes, 0)
}

async function statOf(path: string): Promise<Stats | undefined> {
  return await stat(path).catch(() => undefined)
}

async function namesIn(path: string): Promise<readonly string[]> {
  return await readdir(path).catch(() => [])
}

async function bytesOf(path: string): Promise<number> {
  return await lstat(path).then(
    ({ blocks }) => blocks * BLOCK_BYTES,
    () => 0,
  )
}
