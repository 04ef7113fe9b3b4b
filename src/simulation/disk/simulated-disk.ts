import { CodedError } from '../../base/errors.ts'
import type { RandomStream } from '../../base/random-stream.ts'
import type { FileSystem, OpenFile } from '../../ports/file-system.ts'
import { FaultyFileSystem, type PowerCut } from '../../testing/faulty-file-system.ts'
import { streamOf } from '../world/seeded-random.ts'
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

export const GOOD_DISK: DiskFaults = { latencyMsMin: 0.05, latencyMsMax: 0.2, refused: 0 }

export type DiskCounts = { operations: number; refused: number; cuts: number }

/**
 * The disk of a machine in a world, which outlives its processes. What a process asks of it takes virtual time, in the order in which it was asked; whatever a process that
 * is killed has not been told of is done or not, as the seed decides. What was not synced may be lost with the power.
 */
export class SimulatedDisk {
  readonly counts: DiskCounts = { operations: 0, refused: 0, cuts: 0 }
  private readonly world: World
  private readonly random: RandomStream
  private readonly files: FaultyFileSystem
  private faults: DiskFaults = GOOD_DISK
  private freeAtMs = 0

  constructor(world: World, name: string) {
    this.world = world
    this.random = streamOf(world.seed, `disk/${name}`)
    this.files = new FaultyFileSystem({ seed: this.random.nextUint32() })
  }

  setFaults(faults: DiskFaults): void {
    this.faults = faults
  }

  /** The power fails: what was not synced is lost, kept or torn. Processes of the machine are killed by whoever cuts it. */
  cutPower(cut: PowerCut = 'mix'): void {
    this.counts.cuts += 1
    this.files.crash(cut)
  }

  /** The disk as a process sees it. */
  fileSystem(owner: WorldProcess): FileSystem {
    const { files } = this
    const of = async <Result>(work: () => Promise<Result>): Promise<Result> => await this.take(owner, { work })
    const write = async <Result>(work: () => Promise<Result>, bytes = 0): Promise<Result> =>
      await this.take(owner, { work, isWrite: true, bytes })
    const opened = (file: OpenFile): OpenFile => ({
      size: async () => await of(async () => await file.size()),
      read: async (position, length) => await of(async () => await file.read(position, length)),
      append: async (bytes) => {
        // The caller may use its buffer again.
        const copy = bytes.slice()
        await write(async () => await file.append(copy), copy.byteLength)
      },
      sync: async () => await write(async () => await file.sync()),
      close: async () => await file.close(),
    })
    return {
      open: async (path, init) => opened(await of(async () => await files.open(path, init))),
      exists: async (path) => await of(async () => await files.exists(path)),
      list: async (directory) => await of(async () => await files.list(directory)),
      permissionsOf: async (path) => await of(async () => await files.permissionsOf(path)),
      makeDirectory: async (directory) => await write(async () => await files.makeDirectory(directory)),
      rename: async (from, to) => await write(async () => await files.rename(from, to)),
      remove: async (path) => await write(async () => await files.remove(path)),
      syncDirectory: async (directory) => await write(async () => await files.syncDirectory(directory)),
    }
  }

  private async take<Result>(
    owner: WorldProcess,
    { work, isWrite = false, bytes = 0 }: DiskTask<Result>,
  ): Promise<Result> {
    const { latencyMsMin, latencyMsMax, refused } = this.faults
    const [draw, order] = [this.random.nextUnit(), this.random.nextUnit()]
    const isRefused = isWrite && (this.random.nextUnit() < refused || this.isFull(bytes))
    // One after the other, as under one arm.
    const startMs = Math.max(this.freeAtMs, this.world.nowMs())
    this.freeAtMs = startMs + latencyMsMin + draw * (latencyMsMax - latencyMsMin)
    this.counts.operations += 1
    return await new Promise<Result>((resolve, reject) => {
      let done: Promise<Result> | undefined
      const perform = async (): Promise<Result> => {
        if (!isRefused) return await work()
        this.counts.refused += 1
        throw new CodedError('STORE_WRITE_FAILED', { message: 'The disk of the world refused a write' })
      }
      // A process that dies meanwhile hears nothing; half of the time what it wrote is there.
      const begin = (): void => {
        if (owner.isAlive) done = perform()
        done?.catch(() => undefined)
      }
      const end = (): void => {
        if (owner.isAlive) (done ?? perform()).then(resolve, reject)
      }
      if (isWrite && order < 0.5) this.schedule(startMs, begin)
      this.schedule(this.freeAtMs, end)
    })
  }

  private schedule(atMs: number, run: () => void): void {
    this.world.schedule(atMs - this.world.nowMs(), { kind: 'disk', run })
  }

  private isFull(bytes: number): boolean {
    const { freeBytes } = this.faults
    if (freeBytes === undefined || bytes === 0) return false
    if (bytes > freeBytes) return true
    this.faults = { ...this.faults, freeBytes: freeBytes - bytes }
    return false
  }
}

type DiskTask<Result> = {
  readonly work: () => Promise<Result>
  readonly isWrite?: boolean
  /** That it adds to a file. */
  readonly bytes?: number
}
