import { DurableExtension } from '../../actors/durable/durable-extension.ts'
import { ActorSystem } from '../../actors/system/actor-system.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { World } from '../world/world.ts'
import type { WorldProcess } from '../world/world-process.ts'
import { type ActorCount, ActorRecorder } from './actor-recorder.ts'

/** An actor system in a process of a world: whose it is, where its messages are counted, and where durable actors are kept. */
export type SimulatedActorsInit = {
  readonly world: World
  /** The process that they live in: with it they end, from one event to the next. */
  readonly owner: WorldProcess
  /** Where handled messages are counted, `stage.handled` for example. Absent: nowhere. */
  readonly count?: ActorCount
  /** Opens the journal of durable actors. Absent: nothing outlives the process. */
  readonly openLog?: () => Promise<EventLog>
  readonly log?: (...parts: unknown[]) => void
  readonly deadLettersMax?: number
}

/** What an address may name a node. */
const NO_NODE_NAME = /[^A-Za-z0-9._:-]/g

/**
 * The actor system of the product in a process of a world: its time, timers, chance and turns are the world's, and every message that an actor handles is an event of it.
 *
 * ```ts
 * import { createSimulatedActors, createWorld } from 'kernell-os/simulation'
 *
 * const world = createWorld({ seed: 7 })
 * const actors = createSimulatedActors({ world, owner: world.createProcess('node') })
 * console.log(actors.get('nobody'))
 * ```
 */
export function createSimulatedActors(init: SimulatedActorsInit): ActorSystem {
  const { world, owner, count = { actors: 0 }, openLog, log, deadLettersMax } = init
  const environment = owner.environment(log)
  const extension = openLog === undefined ? undefined : new DurableExtension({ environment, openLog })
  const system = new ActorSystem({
    environment,
    isInline: false,
    nodeName: owner.name.replace(NO_NODE_NAME, ':'),
    stepObserver: new ActorRecorder(world, { count, address: owner.name }),
    ...(extension !== undefined && { extension }),
    ...(deadLettersMax !== undefined && { deadLettersMax }),
  })
  extension?.attach(system)
  return system
}
