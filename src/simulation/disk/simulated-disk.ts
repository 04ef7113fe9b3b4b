import { CodedError } from '../../base/errors.ts'
import type { RandomStream } from '../../base/random-stream.ts'
import type { FileSystem, OpenFile } from '../../ports/file-system.ts'
import { FaultyFileSystem, type PowerCut } from '../../testing/faulty-file-system.ts'
import { streamOf } from '../world/seeded-random.ts'
import { RenamedFiles } from './renamed-files.ts'
import type { World } from '../world/world.ts'
import type { WorldProcess } from '../world/world-process.ts'

/** How a disk fares. Shares are 0 to 1. */
export type DiskFaults = {
  /** How long each operation takes, drawn evenly between the two. */
  readonly latencyMsMin: number
  readonly latencyMsMax: number
  /** Writes that are refused, nothing of them done. */
  readonly refused: number
  /** Bytes that may still be appended before it is full; absent: as many as anybody likes. */
  readonly freeBytes?: number
}

/**
 * A disk without faults, as every machine has unless a scenario says otherwise: 0.05 to 0.2 ms for each operation, nothing refused,
 * never full.
 */
export const GOOD_DISK: DiskFaults = { latencyMsMin: 0.05, latencyMsMax: 0.2, refused: 0 }

/** What lay below a folder at one moment. */
export type DiskCopy = { readonly folder: string; readonly files: ReadonlyMap<string, Uint8Array> }

export type DiskCounts = { operations: number; refused: number; cuts: number }

/**
 * The disk of a machine in a world, which outlives its processes. What a process asks of it takes virtual time, in the order in which it was asked; whatever a process that
 * is killed has not been told of is done or not, as the seed decides. What was not synced may be lost with the power.
 */
export class SimulatedDisk {
  readonly counts: DiskCounts = { operations: 0, refused: 0, cuts: 0 }
  private readonly name: string
  private readonly world: World
  private readonly random: RandomStream
  private readonly files: FaultyFileSystem
  private readonly renamed = new RenamedFiles()
  private faults: DiskFaults = GOOD_DISK
  private freeAtMs = 0
  private onRename: (() => void) | undefined

  constructor(world: World, name: string) {
    this.name = `disk ${name}`
    this.world = world
    this.random = streamOf(world.seed, `disk/${name}`)
    this.files = new FaultyFileSystem({ seed: this.random.nextUint32() })
  }

  setFaults(faults: DiskFaults): void {
    this.faults = faults
  }

  /**
   * The power fails: what was not synced is lost, kept or torn. Processes of the machine are killed by whoever cuts it.
   *
   * @returns A file whose name was to stand for all of it and does not, since it was not on stable storage when it got the name.
   */
  cutPower(cut: PowerCut = 'mix'): string | undefined {
    this.counts.cuts += 1
    this.files.crash(cut)
    return this.renamed.findTorn((path) => this.files.contentOf(path))
  }

  /** What lies below a folder now, as a copy that somebody keeps elsewhere. */
  copyOf(folder: string): DiskCopy {
    return { folder, files: this.files.filesBelow(folder) }
  }

  /** A copy takes the place of what lies below its folder. No process of the machine may run. */
  putBack({ folder, files }: DiskCopy): void {
    this.files.replaceBelow(folder, files)
    this.renamed.replacedBelow(folder)
  }

  /** Tells once that a file has got its name, and nothing is known yet of whether the name would outlive a cut of the power. `undefined`: nobody wants to know any more. */
  whenRenamed(listener: (() => void) | undefined): void {
    this.onRename = listener
  }

  /** The disk as a process sees it. */
  fileSystem(owner: WorldProcess): FileSystem {
    const { files } = this
    const of = async <Result>(content: Content, work: () => Promise<Result>): Promise<Result> =>
      await this.take(owner, { content, work })
    const write = async <Result>(content: Content, work: () => Promise<Result>): Promise<Result> =>
      await this.take(owner, { content, work, isWrite: true })
    const opened = (path: string, file: OpenFile): OpenFile => ({
      size: async () => await of(['size', path], async () => await file.size()),
      read: async (position, length) =>
        await of(['read', path, position, length], async () => await file.read(position, length)),
      append: async (bytes) => {
        // The caller may use its buffer again.
        const copy = bytes.slice()
        await write(['append', path, copy], async () => await file.append(copy))
      },
      sync: async () => await write(['sync', path], async () => await file.sync()),
      close: async () => await file.close(),
    })
    return {
      open: async (path, init) =>
        opened(path, await of(['open', path, init.mode], async () => await files.open(path, init))),
      exists: async (path) => await of(['exists', path], async () => await files.exists(path)),
      list: async (path) => await of(['list', path], async () => await files.list(path)),
      permissionsOf: async (path) => await of(['permissions', path], async () => await files.permissionsOf(path)),
      makeDirectory: async (path) => await write(['make', path], async () => await files.makeDirectory(path)),
      rename: async (from, to) => await write(['rename', from, to], async () => await this.rename(from, to)),
      remove: async (path) =>
        await write(['remove', path], async () => {
          await files.remove(path)
          this.renamed.removed(path)
        }),
      syncDirectory: async (path) =>
        await write(['sync names', path], async () => {
          await files.syncDirectory(path)
          this.renamed.namesSynced(path)
        }),
    }
  }

  private async rename(from: string, to: string): Promise<void> {
    const { files, renamed } = this
    const before = files.contentOf(to) !== undefined
    await files.rename(from, to)
    renamed.renamed(from, to, { content: files.contentOf(to) ?? new Uint8Array(), before })
  }

  private async take<Result>(owner: WorldProcess, task: DiskTask<Result>): Promise<Result> {
    return await new Promise<Result>((resolve, reject) => {
      // What one process asks for keeps its order, and so what several of its promises ask for at one instant.
      const run = (): void => this.perform(owner, task, (done) => void done.then(resolve, reject))
      this.world.begin({ address: `${this.name} ${owner.name}`, run })
    })
  }

  private perform<Result>(
    owner: WorldProcess,
    { content, work, isWrite = false }: DiskTask<Result>,
    settle: (done: Promise<Result>) => void,
  ): void {
    const { latencyMsMin, latencyMsMax, refused } = this.faults
    const [draw, order] = [this.random.nextUnit(), this.random.nextUnit()]
    const isRefused = isWrite && (this.random.nextUnit() < refused || this.isFull(content))
    // One after the other, as under one arm.
    const startMs = Math.max(this.freeAtMs, this.world.nowMs())
    this.freeAtMs = startMs + latencyMsMin + draw * (latencyMsMax - latencyMsMin)
    this.counts.operations += 1
    let done: Promise<Result> | undefined
    const act = async (): Promise<Result> => {
      if (!isRefused && content[0] === 'rename') this.tellRename()
      if (!isRefused) return await work()
      this.counts.refused += 1
      throw new CodedError('STORE_WRITE_FAILED', { message: 'The disk of the world refused a write' })
    }
    // A process that dies meanwhile hears nothing; half of the time what it wrote is there.
    const begin = (): void => {
      done = act()
      done.catch(() => undefined)
    }
    const scheduled = (atMs: number, kind: string, run: () => void): void => {
      this.world.schedule(atMs - this.world.nowMs(), { kind, address: this.name, payload: content, owner, run })
    }
    if (isWrite && order < 0.5) scheduled(startMs, 'disk begin', begin)
    scheduled(this.freeAtMs, 'disk', () => settle(done ?? act()))
  }

  private tellRename(): void {
    const { onRename } = this
    this.onRename = undefined
    onRename?.()
  }

  private isFull(content: Content): boolean {
    const { freeBytes } = this.faults
    const added = content[2]
    if (freeBytes === undefined || !(added instanceof Uint8Array)) return false
    const bytes = added.byteLength
    if (bytes > freeBytes) return true
    this.faults = { ...this.faults, freeBytes: freeBytes - bytes }
    return false
  }
}

/** What is asked of it: an operation, a path, and what belongs to them. */
type Content = readonly [operation: string, path: string, ...rest: readonly unknown[]]

type DiskTask<Result> = {
  readonly content: Content
  readonly work: () => Promise<Result>
  readonly isWrite?: boolean
}
