import { setTimeout as sleep } from 'node:timers/promises'
import type { ActorRef } from '../actors/actor-ref.ts'
import { Cell } from '../actors/cell/cell.ts'
import { DurableExtension } from '../actors/durable/durable-extension.ts'
import { ActorSystem } from '../actors/system/actor-system.ts'
import { createSystemEnvironment } from '../actors/system/system-environment.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'

export type OpenActorsInit = {
  readonly clock: Clock
  readonly random: Random
  /** Told of actors that failed for good and whose failure nobody else heard of. */
  readonly onError: (error: unknown) => void
  /** Opens the journal of durable actors; whoever owns the data directory closes it. */
  readonly openLog: () => Promise<EventLog>
  /** Longest wait for plans that are under way when the node closes, and then for messages, milliseconds. Default 2,000 each. */
  readonly drainMs?: number | undefined
}

const DRAIN_MS_DEFAULT = 2_000
const LOOK_AGAIN_MS = 5

export type NodeActors = {
  readonly system: ActorSystem
  /** The supervisor of the plans of all tasks. */
  readonly plans: ActorRef
  /** Lets plans that are under way come to their end, for a while; those that have not are ended, and their calls with them. */
  readonly closePlans: () => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * The actors of a node: its plans, and the owners of what many requests share. While one of them waits for a time, or
 * somebody for an answer, the process stays alive: that is work to be done. Other timers of a node do not hold it.
 */
export function openActors(init: OpenActorsInit): NodeActors {
  const { clock, random, onError, openLog, drainMs = DRAIN_MS_DEFAULT } = init
  const environment = { ...createSystemEnvironment(), clock, random }
  const durable = new DurableExtension({ environment, openLog })
  const system = new ActorSystem({ environment, isInline: false, extension: durable })
  durable.attach(system)
  system.onSupervision((event) => {
    if (event.type === 'actor-lost') onError(event.error)
  })
  const plans = system.supervise({ id: 'plans', strategy: 'one-for-one' })
  return {
    system,
    plans,
    async closePlans() {
      const deadlineMs = clock.monotonicMs() + drainMs
      while (hasChildren(plans) && clock.monotonicMs() < deadlineMs) await sleep(LOOK_AGAIN_MS)
      await plans.stop()
      // Calls that were ended give back what they hold.
      await sleep(0)
    },
    close: async () => await system.stop({ drainMs }),
  }
}

function hasChildren(supervisor: ActorRef): boolean {
  return supervisor instanceof Cell && supervisor.firstChild !== undefined
}
