import type { AnyEventObject } from 'xstate'
import { Cell, type ScheduleArguments, type XStateScheduler } from '../cell/cell.ts'
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

/** One delayed event, in the list of all and in the map of its source. */
class Entry {
  readonly scheduled: ScheduledEvent
  handle: unknown = undefined
  previous: Entry | undefined = undefined
  next: Entry | undefined = undefined

  constructor(scheduled: ScheduledEvent) {
    this.scheduled = scheduled
  }
}

type Own = Map<string, Entry>

/**
 * Delayed events, kept with the actor that asked for them: cancelling all of one actor costs what that actor has, and no
 * table of the whole system is touched, which would cost more the more actors there are.
 */
export class EventScheduler implements XStateScheduler {
  readonly #init: EventSchedulerInit
  /** Of sources without a cell: children that XState has constructed and not started. */
  readonly #strangers = new Map<unknown, Own>()
  #newest: Entry | undefined

  constructor(init: EventSchedulerInit) {
    this.#init = init
  }

  schedule(...[source, target, event, delay, id = this.#init.nextId()]: ScheduleArguments): void {
    const { clock, now, relay } = this.#init
    const entry = new Entry({ id, event, startedAt: now(), delay, source, target })
    const own = this.#ownOf(source) ?? this.#createOwn(source)
    const replaced = own.get(id)
    own.set(id, entry)
    // XState does not stop an earlier event of the same id; it only forgets it.
    if (replaced !== undefined) this.#unlink(replaced)
    this.#link(entry)
    entry.handle = clock.setTimeout(() => {
      if (own.get(id) === entry) this.#forget(source, own, entry)
      relay(source, target, event)
    }, delay)
  }

  cancel(source: unknown, id: string): void {
    const own = this.#ownOf(source)
    const entry = own?.get(id)
    if (own === undefined || entry === undefined) return
    this.#forget(source, own, entry)
    this.#init.clock.clearTimeout(entry.handle)
  }

  cancelAll(source: unknown): void {
    const own = this.#ownOf(source)
    if (own === undefined) return
    this.#dropOwn(source)
    for (const entry of own.values()) {
      this.#unlink(entry)
      this.#init.clock.clearTimeout(entry.handle)
    }
    own.clear()
  }

  /** All that is scheduled, oldest first, for XState's `system.getSnapshot()`. */
  entries(): readonly ScheduledEvent[] {
    const entries: ScheduledEvent[] = []
    for (let entry = this.#newest; entry !== undefined; entry = entry.next) entries.push(entry.scheduled)
    return entries.reverse()
  }

  #ownOf(source: unknown): Own | undefined {
    const cell = cellOf(source)
    // Of this scheduler, as `#createOwn` made it.
    const own = cell?.extras?.delays as Own | undefined
    // A child may have asked before it was started, and so before it had a cell.
    return own ?? (this.#strangers.size === 0 ? undefined : this.#strangers.get(source))
  }

  #createOwn(source: unknown): Own {
    const own: Own = new Map()
    const cell = cellOf(source)
    if (cell === undefined) this.#strangers.set(source, own)
    else cell.more().delays = own
    return own
  }

  #dropOwn(source: unknown): void {
    const extras = cellOf(source)?.extras
    if (extras?.delays === undefined) this.#strangers.delete(source)
    else extras.delays = undefined
  }

  #forget(source: unknown, own: Own, entry: Entry): void {
    own.delete(entry.scheduled.id)
    this.#unlink(entry)
    if (own.size === 0) this.#dropOwn(source)
  }

  #link(entry: Entry): void {
    entry.next = this.#newest
    if (this.#newest !== undefined) this.#newest.previous = entry
    this.#newest = entry
  }

  #unlink(entry: Entry): void {
    const { previous, next } = entry
    if (previous !== undefined) previous.next = next
    else if (this.#newest === entry) this.#newest = next
    if (next !== undefined) next.previous = previous
    entry.previous = undefined
    entry.next = undefined
  }
}

function cellOf(source: unknown): Cell | undefined {
  return source instanceof Cell ? source : (source as { readonly kernellCell?: Cell } | undefined)?.kernellCell
}
