import type { AnyEventObject } from 'xstate'
import type { ActorEnvironment } from '../../environment.ts'
import { SystemTimers } from '../../timers/system-timers.ts'
import { TimerEntry } from '../../timers/timer-entry.ts'
import { createOccurrences } from '../schedules/cron-schedule.ts'
import { planRun } from '../schedules/recurrence.ts'
import type { Occurrences, Recurrence } from '../schedules/recurrence.ts'
import type { DurableActor, StoredApproval, StoredTimer } from '../state/durable-actor.ts'
import type { FiredTimer } from '../state/journal-record.ts'

/** How often the wall clock is looked at by what waits for an instant: a clock that was set may bring it closer. */
const RECHECK_MS = 60_000

/** Cron expressions that are kept parsed. */
const PARSED_MAX = 1_000

/** A timer that is due, as its actor gets it. Handled by the commit that says so; until then it fires again after a restart. */
export type DueTimer = { readonly event: AnyEventObject; readonly fired: FiredTimer }

class DueEntry extends TimerEntry<DueEntry> {
  readonly actor: DurableActor
  readonly thing: StoredTimer | StoredApproval

  constructor(actor: DurableActor, thing: StoredTimer | StoredApproval) {
    super()
    this.actor = actor
    this.thing = thing
  }
}

export type DurableTimersInit = {
  readonly environment: Pick<ActorEnvironment, 'clock' | 'timers' | 'later'>
  readonly onTimer: (actor: DurableActor, due: DueTimer) => void
  readonly onExpiry: (actor: DurableActor, approval: StoredApproval) => void
}

/**
 * Arms what is stored with a due time. A delay runs on the monotonic clock while the process lives, whatever becomes of the
 * wall clock; after a restart what is left of it is taken from the wall clock, and is never more than the whole delay. An
 * instant (a schedule, an expiry) follows the wall clock, set forward or backward.
 */
export class DurableTimers {
  readonly #init: DurableTimersInit
  readonly #system: SystemTimers<DueEntry>
  readonly #entries = new Map<StoredTimer | StoredApproval, DueEntry>()
  readonly #parsed = new Map<string, Occurrences>()

  constructor(init: DurableTimersInit) {
    this.#init = init
    this.#system = new SystemTimers(init.environment, (entry) => this.#fire(entry))
  }

  /** @param isFresh  Set just now, not read back. */
  arm(actor: DurableActor, timer: StoredTimer, isFresh: boolean): void {
    const delay = timer.delayMs
    if (delay === undefined) this.#armForInstant(new DueEntry(actor, timer), timer.dueAt)
    else if (isFresh) this.#schedule(new DueEntry(actor, timer), delay)
    else this.#schedule(new DueEntry(actor, timer), Math.min(delay, timer.dueAt - this.#now()))
  }

  armExpiry(actor: DurableActor, approval: StoredApproval): void {
    if (approval.expiresAt === undefined || approval.decided !== undefined) return
    this.#armForInstant(new DueEntry(actor, approval), approval.expiresAt)
  }

  disarm(thing: StoredTimer | StoredApproval): void {
    const entry = this.#entries.get(thing)
    if (entry === undefined) return
    this.#entries.delete(thing)
    this.#system.cancel(entry)
  }

  /** Fires again what the actor has not handled, because the activation that was told of it is gone, or there was none. */
  fireAgain(actor: DurableActor): void {
    for (const timer of actor.timers?.values() ?? []) {
      if (!this.#entries.has(timer)) this.#schedule(new DueEntry(actor, timer), 0)
    }
  }

  /** Whether a timer of the actor was due and is not handled. */
  hasFired(actor: DurableActor): boolean {
    for (const timer of actor.timers?.values() ?? []) if (!this.#entries.has(timer)) return true
    return false
  }

  stop(): void {
    this.#system.stop()
    this.#entries.clear()
  }

  /** Cron expressions are parsed once; there are few of them in a system. */
  #occurrencesOf(recurrence: Recurrence): Occurrences {
    if (recurrence.kind === 'every') return createOccurrences(recurrence)
    const name = `${recurrence.timeZone} ${recurrence.expression}`
    const known = this.#parsed.get(name) ?? createOccurrences(recurrence)
    if (this.#parsed.size >= PARSED_MAX) this.#parsed.clear()
    this.#parsed.set(name, known)
    return known
  }

  #now(): number {
    return this.#init.environment.clock.now()
  }

  #armForInstant(entry: DueEntry, instant: number): void {
    this.#schedule(entry, Math.min(instant - this.#now(), RECHECK_MS))
  }

  #schedule(entry: DueEntry, delayMs: number): void {
    this.#entries.set(entry.thing, entry)
    this.#system.schedule(entry, delayMs)
  }

  #fire(entry: DueEntry): void {
    const { actor, thing } = entry
    this.#entries.delete(thing)
    const isTimer = 'generation' in thing
    const instant = isTimer ? thing.dueAt : (thing.expiresAt ?? 0)
    const isDelay = isTimer && thing.delayMs !== undefined
    if (!isDelay && instant > this.#now()) this.#armForInstant(entry, instant)
    else if (!isTimer) this.#init.onExpiry(actor, thing)
    else if (thing.schedule === undefined) this.#init.onTimer(actor, { event: thing.event, fired: firedOf(thing) })
    else this.#run(entry, { timer: thing, schedule: thing.schedule })
  }

  #run(
    entry: DueEntry,
    { timer, schedule }: { readonly timer: StoredTimer; readonly schedule: NonNullable<StoredTimer['schedule']> },
  ): void {
    const plan = planRun(this.#occurrencesOf(schedule.recurrence), {
      dueAt: timer.dueAt,
      now: this.#now(),
      missed: schedule.missed,
    })
    const { runFor, missedCount, next } = plan
    // Nothing runs: the stored due time stays, and leads to the same answer after a restart.
    if (runFor === undefined && next !== undefined) this.#armForInstant(entry, next)
    if (runFor === undefined) return
    const event = { ...timer.event, schedule: { id: timer.id, dueAt: runFor, missedCount } }
    this.#init.onTimer(entry.actor, { event, fired: { ...firedOf(timer), ...(next !== undefined && { next }) } })
  }
}

function firedOf({ id, generation, dueAt }: StoredTimer): FiredTimer {
  return { id, generation, dueAt }
}
