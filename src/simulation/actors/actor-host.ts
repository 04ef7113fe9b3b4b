import type { AnyEventObject } from 'xstate'
import type { ActorSystem } from '../../actors/system/actor-system.ts'
import { openSegmentedEventLog } from '../../storage/segmented-event-log.ts'
import type { Machine } from '../machine/machine.ts'
import type { World } from '../world/world.ts'
import type { WorldProcess } from '../world/world-process.ts'
import type { ActorCount } from './actor-recorder.ts'
import { createSimulatedActors } from './simulated-actors.ts'

/**
 * A worker of a machine: its name, and who lives there. The same is used for every start; only what durable actors had stored is still
 * there at the next one.
 */
export type ActorHostInit = {
  /** 1 to 64 characters of `A-Z a-z 0-9 . _ -`; unique on its machine. */
  readonly name: string
  /** Spawns what is to live here; with each start. It resolves when they may be used. */
  readonly populate: (system: ActorSystem, owner: WorldProcess) => Promise<void> | void
  /** Whether durable actors are kept on the machine's disk. Default false. */
  readonly isDurable?: boolean
  readonly count?: ActorCount
}

/**
 * What befell a worker since it was made: its starts, its ends (in order or not), messages that were sent to it by `post`, and those of
 * them that nobody took.
 */
export type ActorHostCounts = { started: number; killed: number; posted: number; lost: number }

/** From one worker of a machine to another, milliseconds. */
const POST_MS = 0.02

/**
 * A worker of a machine: an actor system in a process of its own, which dies and is started again while the machine goes on, and dies with it. What was in memory is gone with a worker;
 * durable actors go on from their journal.
 */
export class ActorHost {
  readonly counts: ActorHostCounts = { started: 0, killed: 0, posted: 0, lost: 0 }
  readonly name: string
  private readonly world: World
  private readonly machine: Machine
  private readonly init: ActorHostInit
  private owner: WorldProcess | undefined
  private actors: ActorSystem | undefined

  constructor({ world, machine }: { readonly world: World; readonly machine: Machine }, init: ActorHostInit) {
    this.world = world
    this.machine = machine
    this.init = init
    this.name = `${machine.name}.${init.name}`
  }

  /** The actors that live here now; `undefined` before the start is over, and while it is down. */
  get system(): ActorSystem | undefined {
    return this.actors
  }

  get isAlive(): boolean {
    return this.owner?.isAlive === true
  }

  /**
   * Starts it where it does not run. Resolves when its actors are there, or it was killed before.
   *
   * @throws What `populate` throws, or the journal; it is then killed.
   */
  async boot(): Promise<void> {
    const above = this.machine.running
    if (this.isAlive || above === undefined) return
    this.counts.started += 1
    const owner = this.world.createProcess(`${this.name}#${this.counts.started}`, this.machine.skew)
    this.owner = owner
    above.onKill(() => owner.kill())
    owner.onKill(() => this.died(owner))
    const system = createSimulatedActors({
      world: this.world,
      owner,
      ...(this.init.count !== undefined && { count: this.init.count }),
      ...(this.init.isDurable === true && { openLog: async () => await this.openLog(owner) }),
    })
    await Promise.race([this.populated(system, owner), new Promise<void>((resolve) => owner.onKill(resolve))])
    if (owner.isAlive) this.actors = system
  }

  /** An orderly end: what waits is handled, and what is durable is on the disk. */
  async stop(): Promise<void> {
    const { owner, actors } = this
    this.actors = undefined
    await actors?.stop()
    owner?.kill()
  }

  /** It is gone from one event to the next, and its messages with it. */
  kill(): void {
    this.owner?.kill()
  }

  /** A message for one of its actors, by its id, from elsewhere on the machine. It is lost where the worker is down, or has no such actor, when it comes. */
  post(id: string, event: AnyEventObject): void {
    this.counts.posted += 1
    this.world.begin({
      address: this.name,
      run: () =>
        void this.world.schedule(POST_MS, {
          kind: 'post',
          address: this.name,
          payload: [id, event],
          run: () => {
            const ref = this.isAlive ? this.actors?.get(id) : undefined
            if (ref?.send(event) !== true) this.counts.lost += 1
          },
        }),
    })
  }

  private async populated(system: ActorSystem, owner: WorldProcess): Promise<void> {
    try {
      await system.ready
      await this.init.populate(system, owner)
    } catch (error: unknown) {
      owner.kill()
      throw error
    }
  }

  private async openLog(owner: WorldProcess): ReturnType<typeof openSegmentedEventLog> {
    const fileSystem = this.machine.disk.fileSystem(owner)
    const directory = `/${this.machine.name}/${this.init.name}`
    return await openSegmentedEventLog({ fileSystem, random: owner.random }, { directory })
  }

  private died(owner: WorldProcess): void {
    if (this.owner !== owner) return
    this.owner = undefined
    this.actors = undefined
    this.counts.killed += 1
  }
}
