import type { AnyEventObject, Observer, Snapshot } from 'xstate'
import type { Terminated } from '../actor-ref.ts'

/** What ends with the actor and is told of it once. */
export interface EndListener {
  ended(terminated: Terminated): void
}

/**
 * What most actors never have. Made on first use, so that an idle actor does not pay for it.
 */
export class CellExtras {
  /** Live children by name. */
  named: Map<string, unknown> | undefined
  observers: Set<Observer<Snapshot<unknown>>> | undefined
  /** Listeners of emitted events, by type; `*` for all. */
  listeners: Map<string, Set<(event: AnyEventObject) => void>> | undefined
  endListeners: Set<EndListener> | undefined
  /** What is to be undone when this actor ends: its watches of others. */
  releases: Set<() => void> | undefined
  stash: AnyEventObject[] | undefined
  /** Actors that have no turn until this one has room again. */
  held: Set<Releasable> | undefined
  /** The actor whose mailbox this one waits for. */
  heldBy: { readonly id: string; extras: CellExtras | undefined } | undefined
  /** Functions deferred outside any step; they run with the next one. */
  deferred: (() => void)[] | undefined
  /** The event during which the actor failed last, and how often it was given. */
  failedEvent: AnyEventObject | undefined
  failures = 0
  /** Supervision's own value. */
  restarts: object | undefined
  /** Deliveries that wait for room, in their order. */
  roomWaiters: Set<RoomWaiter> | undefined
  stopWaiters: (() => void)[] | undefined
  /** What XState's `createActor` was given. */
  options: CellOptions | undefined
  systemId: string | undefined
}

/** A message that waits outside a full mailbox. */
export interface RoomWaiter {
  /** There is room: puts it in. */
  take(): void
  /** The actor has ended. */
  ended(): void
}

export interface Releasable {
  release(): void
}

/** Options of XState's `createActor` that a cell keeps. */
export type CellOptions = {
  readonly input?: unknown
  readonly snapshot?: Snapshot<unknown>
  readonly syncSnapshot?: boolean
  readonly src?: unknown
  readonly logger?: (...parts: unknown[]) => void
  readonly clock?: XStateClock
  readonly devTools?: unknown
}

/** XState's clock: what it takes to delay an event. */
export type XStateClock = {
  setTimeout(callback: (...parts: unknown[]) => void, timeoutMs: number): unknown
  clearTimeout(handle: unknown): void
}
