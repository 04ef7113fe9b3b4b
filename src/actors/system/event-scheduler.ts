import type { AnyEventObject } from 'xstate'
import { Cell, type ScheduleArguments, type XStateScheduler } from '../cell/cell.ts'
import type { XStateClock } from '../cell/cell-extras.ts'
import { Delayed, SystemClock } from './system-clock.ts'

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
 * One delayed event: timer, place in the list of all, and what its source knows of it, in one object. An actor that waits keeps it for long, and what is kept for long is what
 * collecting garbage costs.
 */
class DelayedEvent extends Delayed implements ScheduledEvent {
  readonly id: string
  readonly event: AnyEventObject
  readonly startedAt: number
  readonly delay: number
  readonly source: unknown
  readonly target: unknown
  readonly scheduler: EventScheduler
  /** Of a clock that is not the system's. */
  handle: unknown = undefined
  /** False once its source knows nothing of it any more. */
  isKnown = true
  /** Under what its source knows it: its id, or, when another one of the same id has taken its place, a name that nobody can say. */
  key: unknown

  constructor(scheduler: EventScheduler, { id, event, startedAt, delay, source, target }: ScheduledEvent) {
    super()
    this.scheduler = scheduler
    this.id = id
    this.key = id
    this.event = event
    this.startedAt = startedAt
    this.delay = delay
    this.source = source
    this.target = target
  }

  fire(): void {
    this.scheduler.fired(this)
  }
}

/** The only one of its source, as most are, or several by their keys. */
type Own = DelayedEvent | Map<unknown, DelayedEvent>

/**
 * Delayed events, kept with the actor that asked for them: cancelling all of one actor costs what that actor has, and no
 * table of the whole system is touched, which would cost more the more actors there are.
 */
export class EventScheduler implements XStateScheduler {
  readonly #init: EventSchedulerInit
  /** Of sources without a cell: children that XState has constructed and not started. */
  readonly #strangers = new Map<unknown, Own>()
  /** All of them, newest first, by `ownNext`. */
  #newest: Delayed | undefined

  constructor(init: EventSchedulerInit) {
    this.#init = init
  }

  schedule(...[source, target, event, delay, id = this.#init.nextId()]: ScheduleArguments): void {
    const { clock, now } = this.#init
    const entry = new DelayedEvent(this, { id, event, startedAt: now(), delay, source, target })
    const own = this.#ownOf(source)
    const replaced = own === undefined ? undefined : entryOf(own, id)
    // XState does not stop an earlier event of the same id, and nobody can cancel it any more. It ends with its source all the same.
    if (own !== undefined && replaced !== undefined) {
      this.#unlink(replaced)
      if (own instanceof Map) own.delete(id)
      replaced.key = replaced
      this.#setOwn(source, mapWith(own instanceof Map ? own.set(replaced, replaced) : own, entry))
    } else this.#setOwn(source, own === undefined ? entry : mapWith(own, entry))
    this.#link(entry)
    if (clock instanceof SystemClock) clock.schedule(entry, delay)
    else entry.handle = clock.setTimeout(() => entry.fire(), delay)
  }

  cancel(source: unknown, id: string): void {
    const own = this.#ownOf(source)
    const entry = own === undefined ? undefined : entryOf(own, id)
    if (own === undefined || entry === undefined) return
    this.#forget(own, entry)
    this.#stopTimer(entry)
  }

  cancelAll(source: unknown): void {
    const own = this.#ownOf(source)
    if (own === undefined) return
    this.#setOwn(source, undefined)
    for (const entry of own instanceof DelayedEvent ? [own] : own.values()) {
      // Nobody finds it any more, whatever happens to its timer.
      entry.isKnown = false
      this.#unlink(entry)
      this.#stopTimer(entry)
    }
  }

  /** For entries: one is due. */
  fired(entry: DelayedEvent): void {
    const { source, target, event } = entry
    const own = entry.isKnown ? this.#ownOf(source) : undefined
    if (own !== undefined) this.#forget(own, entry)
    this.#init.relay(source, target, event)
  }

  /** All that is scheduled, oldest first, for XState's `system.getSnapshot()`. */
  entries(): readonly ScheduledEvent[] {
    const entries: ScheduledEvent[] = []
    for (let entry = this.#newest; entry !== undefined; entry = entry.ownNext) {
      // Nothing else is in this list.
      const { id, event, startedAt, delay, source, target } = entry as DelayedEvent
      entries.push({ id, event, startedAt, delay, source, target })
    }
    return entries.reverse()
  }

  #stopTimer(entry: DelayedEvent): void {
    const { clock } = this.#init
    if (clock instanceof SystemClock) clock.cancel(entry)
    else clock.clearTimeout(entry.handle)
  }

  #ownOf(source: unknown): Own | undefined {
    const cell = cellOf(source)
    // Of this scheduler, as `#setOwn` made it.
    const own = cell?.extras?.delays as Own | undefined
    // A child may have asked before it was started, and so before it had a cell.
    return own ?? (this.#strangers.size === 0 ? undefined : this.#strangers.get(source))
  }

  #setOwn(source: unknown, own: Own | undefined): void {
    // Where it is already, if anywhere.
    const isStranger = this.#strangers.size > 0 && this.#strangers.has(source)
    const cell = isStranger ? undefined : cellOf(source)
    if (cell !== undefined) cell.more().delays = own
    else if (own === undefined) this.#strangers.delete(source)
    else this.#strangers.set(source, own)
  }

  #forget(own: Own, entry: DelayedEvent): void {
    entry.isKnown = false
    this.#unlink(entry)
    if (own instanceof Map) {
      own.delete(entry.key)
      if (own.size > 0) return
    }
    this.#setOwn(entry.source, undefined)
  }

  #link(entry: DelayedEvent): void {
    entry.ownNext = this.#newest
    if (this.#newest !== undefined) this.#newest.ownPrevious = entry
    this.#newest = entry
  }

  #unlink(entry: DelayedEvent): void {
    const { ownPrevious: newer, ownNext: older } = entry
    if (newer !== undefined) newer.ownNext = older
    else if (this.#newest === entry) this.#newest = older
    if (older !== undefined) older.ownPrevious = newer
    entry.ownPrevious = undefined
    entry.ownNext = undefined
  }
}

function entryOf(own: Own, id: string): DelayedEvent | undefined {
  if (own instanceof Map) return own.get(id)
  return own.key === id ? own : undefined
}

function mapWith(own: Own, entry: DelayedEvent): Own {
  if (!(own instanceof Map)) return new Map([own, entry].map((each) => [each.key, each]))
  return own.set(entry.key, entry)
}

function cellOf(source: unknown): Cell | undefined {
  return source instanceof Cell ? source : (source as { readonly kernellCell?: Cell } | undefined)?.kernellCell
}
