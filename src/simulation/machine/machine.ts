import type { PowerCut } from '../../testing/faulty-file-system.ts'
import { SimulatedDisk } from '../disk/simulated-disk.ts'
import type { World } from '../world/world.ts'
import type { ClockSkew, WorldProcess } from '../world/world-process.ts'

/** What runs on a machine from its start to its death. */
export type Boot = (owner: WorldProcess, machine: Machine) => Promise<MachineWork>

/** What a machine runs between a start and an end, as `Boot` resolves to. */
export type MachineWork = {
  /** An orderly end; not called when the process is killed. */
  readonly stop: () => Promise<void>
}

/** A machine of a world: what runs there after each start, how wrong its clock is, and who hears of what befalls it. */
export type MachineInit = {
  readonly name: string
  readonly boot: Boot
  readonly skew?: ClockSkew
  /** Told of what kept the machine from starting; it tries again later. */
  readonly onBootFailure?: (error: unknown) => void
  /** Told of each cut of its power, and of what its disk should not have lost. */
  readonly onPowerCut?: (lost: string | undefined) => void
}

/** A start that failed is tried again after so long. */
const RETRY_MS = 1_000

/** A machine of a world: a disk that stays, and one process after the other. */
export class Machine {
  readonly name: string
  readonly disk: SimulatedDisk
  /** Starts so far. */
  incarnation = 0
  skew: ClockSkew | undefined
  /** What kept it from starting the last time; `undefined` once it has started. */
  bootFailure: unknown
  private readonly world: World
  private readonly init: MachineInit
  private current: WorldProcess | undefined
  private work: MachineWork | undefined
  /** Starts that are to come. */
  private readonly starts = new Set<{ cancel(): void }>()

  constructor(world: World, init: MachineInit) {
    this.world = world
    this.init = init
    this.name = init.name
    this.skew = init.skew
    this.disk = new SimulatedDisk(world, init.name)
  }

  /** The process that runs now; `undefined` while the machine is down. */
  get running(): WorldProcess | undefined {
    return this.current
  }

  /** Whether its work has begun and not ended. */
  get isUp(): boolean {
    return this.work !== undefined
  }

  /** Starts a process where none runs. Resolves when its work has begun, or the process was killed before. */
  async start(): Promise<void> {
    if (this.current !== undefined) return
    this.incarnation += 1
    const owner = this.world.createProcess(`${this.name}#${this.incarnation}`, this.skew)
    this.current = owner
    await new Promise<void>((resolve) => {
      owner.onKill(resolve)
      this.init.boot(owner, this).then(
        (work) => {
          if (this.current === owner) {
            this.work = work
            this.bootFailure = undefined
          }
          resolve()
        },
        (error: unknown) => {
          this.failed(owner, error)
          resolve()
        },
      )
    })
  }

  /** The process is gone from one event to the next. What it had not synced is still on the disk unless the power fails too. */
  kill(): void {
    this.work = undefined
    this.current?.kill()
    this.current = undefined
  }

  /** The power fails: the process is gone, and of what was not synced is kept what the seed decides. */
  cutPower(cut: PowerCut = 'mix'): void {
    this.kill()
    this.init.onPowerCut?.(this.disk.cutPower(cut))
  }

  /** Starts again `delayMs` from now, if nobody has done so before. */
  restartIn(delayMs: number): void {
    const start = this.world.schedule(delayMs, {
      kind: `start ${this.name}`,
      run: () => {
        this.starts.delete(start)
        this.start().catch((error: unknown) => this.world.fail(error))
      },
    })
    this.starts.add(start)
  }

  /** An orderly end, after which it stays down until somebody starts it. Resolves when its work has ended, or the process was killed before. */
  async stop(): Promise<void> {
    const { work, current } = this
    for (const start of this.starts) start.cancel()
    this.starts.clear()
    this.work = undefined
    if (work !== undefined && current !== undefined) {
      const killed = new Promise<void>((resolve) => current.onKill(resolve))
      await Promise.race([work.stop(), killed])
    }
    // Somebody may have started another one by now.
    if (this.current === current) this.kill()
  }

  private failed(owner: WorldProcess, error: unknown): void {
    if (this.current !== owner) return
    this.kill()
    this.bootFailure = error
    this.init.onBootFailure?.(error)
    this.restartIn(RETRY_MS)
  }
}
