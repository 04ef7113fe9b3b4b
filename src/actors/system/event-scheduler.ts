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

/** Key of an entry that stands for nothing, and waits to be used again. */
const PARKED = undefined

/**
 * One delayed event: timer and what its source knows of it, in one object. An actor that waits keeps it for long, and what is kept for long is what collecting garbage costs: so
 * it is in no list of all of them, the time at which it was asked for is a small number, and an actor that waits again and again uses the same one.
 */
class DelayedEvent extends Delayed {
  id = ''
  event: AnyEventObject | undefined = undefined
  /** Milliseconds between the making of the scheduler and the asking for this. */
  askedMs = 0
  /** How many of the scheduler were asked for before this one. */
  order = 0
  delay = 0
  source: unknown = undefined
  target: unknown = undefined
  /** Of a clock that is not the system's. */
  handle: unknown = undefined
  /** Under what its source knows it: its id, or, when another one of the same id has taken its place, itself; or `PARKED`. */
  key: unknown = PARKED
  readonly scheduler: EventScheduler

  constructor(scheduler: EventScheduler) {
    super()
    this.scheduler = scheduler
  }

  /** Its source knows nothing of it any more, and nothing that it has held lives on for its sake. */
  park(): void {
    this.key = PARKED
    this.event = undefined
    this.source = undefined
    this.target = undefined
  }

  fire(): void {
    this.scheduler.fired(this)
  }
}

/** The only one of its source, as most are, perhaps parked, or several by their keys, none of them parked. */
type Own = DelayedEvent | Map<unknown, DelayedEvent>

/**
 * Delayed events, kept with the actor that asked for them: cancelling all of one actor costs what that actor has, and no
 * table of the whole system is touched, which would cost more the more actors there are.
 */
export class EventScheduler implements XStateScheduler {
  readonly #init: EventSchedulerInit
  /** Of sources without a cell: children that XState has constructed and not started. */
  readonly #strangers = new Map<unknown, Own>()
  /** Those whose clock is not the system's: nobody else could name them all. */
  readonly #elsewhere = new Set<DelayedEvent>()
  readonly #madeAtMs: number
  #asked = 0

  constructor(init: EventSchedulerInit) {
    this.#init = init
    this.#madeAtMs = init.now()
  }

  schedule(...[source, target, event, delay, id = this.#init.nextId()]: ScheduleArguments): void {
    const { clock, now } = this.#init
    const own = this.#ownOf(source)
    // A clock of somebody else's may fire what was cancelled: an entry of it stands for one event alone.
    const isFree = own instanceof DelayedEvent && own.key === PARKED && clock instanceof SystemClock
    const entry = isFree ? own : new DelayedEvent(this)
    entry.id = id
    entry.event = event
    entry.askedMs = now() - this.#madeAtMs
    entry.order = this.#asked += 1
    entry.delay = delay
    entry.source = source
    entry.target = target
    if (!isFree) this.#own(source, own, entry)
    entry.key = id
    if (clock instanceof SystemClock) clock.schedule(entry, delay)
    else {
      this.#elsewhere.add(entry)
      entry.handle = clock.setTimeout(() => entry.fire(), delay)
    }
  }

  cancel(source: unknown, id: string): void {
    const own = this.#ownOf(source)
    const entry = own === undefined ? undefined : entryOf(own, id)
    if (own === undefined || entry === undefined) return
    this.#stopTimer(entry)
    this.#forget(own, entry)
  }

  cancelAll(source: unknown): void {
    const own = this.#ownOf(source)
    if (own === undefined) return
    this.#setOwn(source, undefined)
    for (const entry of own instanceof DelayedEvent ? [own] : own.values()) {
      if (entry.key === PARKED) continue
      this.#stopTimer(entry)
      // Nobody finds it any more, whatever happens to its timer.
      entry.park()
    }
  }

  /** For entries: one is due. */
  fired(entry: DelayedEvent): void {
    const { source, target, event } = entry
    // Parked: some clocks fire what was cancelled.
    if (event === undefined) return
    const own = this.#ownOf(source)
    if (own !== undefined) this.#forget(own, entry)
    this.#init.relay(source, target, event)
  }

  /** All that is scheduled and that its source can cancel, oldest first, for XState's `system.getSnapshot()`. Looks at every timer of the system. */
  entries(): readonly ScheduledEvent[] {
    const { clock } = this.#init
    const entries = [...this.#elsewhere]
    if (clock instanceof SystemClock)
      clock.each((delayed) => {
        // One that another of the same id has taken the place of has a key that is none.
        if (delayed instanceof DelayedEvent && delayed.scheduler === this && delayed.key === delayed.id)
          entries.push(delayed)
      })
    return entries
      .toSorted((one, other) => one.order - other.order)
      .flatMap(({ id, event, askedMs, delay, source, target }) => {
        if (event === undefined) return []
        return [{ id, event, startedAt: this.#madeAtMs + askedMs, delay, source, target }]
      })
  }

  /** Makes a new entry one of its source's. */
  #own(source: unknown, own: Own | undefined, entry: DelayedEvent): void {
    if (own === undefined || (own instanceof DelayedEvent && own.key === PARKED)) {
      this.#setOwn(source, entry)
      return
    }
    const { id } = entry
    const replaced = entryOf(own, id)
    if (replaced !== undefined) {
      // XState does not stop an earlier event of the same id, and nobody can cancel it any more. It ends with its source all the same.
      this.#elsewhere.delete(replaced)
      replaced.key = replaced
    }
    const all = own instanceof Map ? own : new Map<unknown, DelayedEvent>([[own.key, own]])
    if (replaced !== undefined) all.set(replaced, replaced)
    this.#setOwn(source, all.set(id, entry))
  }

  #stopTimer(entry: DelayedEvent): void {
    const { clock } = this.#init
    if (clock instanceof SystemClock) clock.cancel(entry)
    else {
      this.#elsewhere.delete(entry)
      clock.clearTimeout(entry.handle)
    }
  }

  #ownOf(source: unknown): Own | undefined {
    const cell = cellOf(source)
    // Of this scheduler, as `#setOwn` made it.
    const own = cell?.delays as Own | undefined
    // A child may have asked before it was started, and so before it had a cell.
    return own ?? (this.#strangers.size === 0 ? undefined : this.#strangers.get(source))
  }

  #setOwn(source: unknown, own: Own | undefined): void {
    // Where it is already, if anywhere.
    const isStranger = this.#strangers.size > 0 && this.#strangers.has(source)
    const cell = isStranger ? undefined : cellOf(source)
    if (cell !== undefined) cell.delays = own
    else if (own === undefined) this.#strangers.delete(source)
    else this.#strangers.set(source, own)
  }

  #forget(own: Own, entry: DelayedEvent): void {
    const { source, key } = entry
    this.#elsewhere.delete(entry)
    if (own instanceof Map) {
      own.delete(key)
      if (own.size === 0) this.#setOwn(source, undefined)
    } else if (this.#strangers.has(source)) this.#strangers.delete(source)
    entry.park()
  }
}

function entryOf(own: Own, id: string): DelayedEvent | undefined {
  if (own instanceof Map) return own.get(id)
  return own.key === id ? own : undefined
}

function cellOf(source: unknown): Cell | undefined {
  return source instanceof Cell ? source : (source as { readonly kernellCell?: Cell } | undefined)?.kernellCell
}
