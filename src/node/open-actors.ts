import { DurableExtension } from '../actors/durable/durable-extension.ts'
import { ActorSystem } from '../actors/system/actor-system.ts'
import { createSystemEnvironment } from '../actors/system/system-environment.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { Timers } from '../ports/timers.ts'

export type OpenActorsInit = {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Told of actors that failed for good and whose failure nobody else heard of. */
  readonly onError: (error: unknown) => void
  /** Opens the journal of durable actors; whoever owns the data directory closes it. */
  readonly openLog: () => Promise<EventLog>
}

/** Longest that a node that closes waits for messages that are under way. */
const DRAIN_MS = 2_000

export type NodeActors = { readonly system: ActorSystem; readonly close: () => Promise<void> }

/** The actors of a node: its plans, and the owners of what many requests share. Their timers do not keep the process alive. */
export function openActors({ clock, timers, random, onError, openLog }: OpenActorsInit): NodeActors {
  const environment = { ...createSystemEnvironment(), clock, timers, random }
  const durable = new DurableExtension({ environment, openLog })
  const system = new ActorSystem({ environment, isInline: false, extension: durable })
  durable.attach(system)
  system.onSupervision((event) => {
    if (event.type === 'actor-lost') onError(event.error)
  })
  return { system, close: async () => await system.stop({ drainMs: DRAIN_MS }) }
}
