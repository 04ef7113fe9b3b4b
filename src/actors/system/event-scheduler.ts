import type { AnyEventObject } from 'xstate'
import type { ScheduleArguments, XStateScheduler } from '../cell/cell.ts'
import type { XStateClock } from '../cell/cell-extras.ts'

export type ScheduledEvent = {
  readonly id: string
  readonly event: AnyEventObject
  readonly startedAt: number
  readonly delay: number
  readonly source: unknown
  readonly target: unknown
}

export type EventSchedulerInit = {
  readonly clock: XStateClock
  readonly now: () => number
  readonly relay: (source: unknown, target: unknown, event: AnyEventObject) => void
  readonly nextId: () => string
}

/**
 * Delayed events, by the actor that asked for them: cancelling all of one actor costs what that actor has, not what the
 * system has.
 */
export class EventScheduler implements XStateScheduler {
  readonly #init: EventSchedulerInit
  readonly #bySource = new Map<unknown, Map<string, { readonly scheduled: ScheduledEvent; handle: unknown }>>()

  constructor(init: EventSchedulerInit) {
    this.#init = init
  }

  schedule(...[source, target, event, delay, id = this.#init.nextId()]: ScheduleArguments): void {
    const { clock, now, relay } = this.#init
    const own = this.#bySource.get(source) ?? new Map<string, { readonly scheduled: ScheduledEvent; handle: unknown }>()
    this.#bySource.set(source, own)
    const entry = {
      scheduled: { id, event, startedAt: now(), delay, source, target },
      handle: undefined as unknown,
    }
    own.set(id, entry)
    entry.handle = clock.setTimeout(() => {
      // A later event of the same id has taken its place; XState does not stop the earlier one.
      if (own.get(id) === entry) this.#forget(source, id)
      relay(source, target, event)
    }, delay)
  }

  cancel(source: unknown, id: string): void {
    const entry = this.#bySource.get(source)?.get(id)
    if (entry === undefined) return
    this.#forget(source, id)
    this.#init.clock.clearTimeout(entry.handle)
  }

  cancelAll(source: unknown): void {
    const own = this.#bySource.get(source)
    if (own === undefined) return
    this.#bySource.delete(source)
    for (const { handle } of own.values()) this.#init.clock.clearTimeout(handle)
  }

  /** All that is scheduled, for XState's `system.getSnapshot()`. */
  entries(): readonly ScheduledEvent[] {
    return [...this.#bySource.values()].flatMap((own) => [...own.values()].map(({ scheduled }) => scheduled))
  }

  #forget(source: unknown, id: string): void {
    const own = this.#bySource.get(source)
    own?.delete(id)
    if (own?.size === 0) this.#bySource.delete(source)
  }
}
