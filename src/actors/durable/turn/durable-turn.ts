import type { AnyEventObject } from 'xstate'
import type { Cell } from '../../cell/cell.ts'
import { createOccurrences } from '../schedules/cron-schedule.ts'
import type { MissedRuns, Recurrence } from '../schedules/recurrence.ts'
import type { ApprovalRequest, EffectRequest, SentMessage, TimerSetting } from '../state/journal-record.ts'

export type ApprovalInit = {
  /** What is to be decided, in one sentence for a person. */
  readonly question: string
  /** Whatever helps to decide; a stored value. */
  readonly details?: unknown
  /** Instant after which it counts as not given. Absent: it waits for ever. */
  readonly expiresAt?: number
}

export type EffectInit = {
  /** The effect does not run before somebody has approved it. */
  readonly needsApproval?: ApprovalInit
  /** Comes back with the result. */
  readonly label?: string
}

export type TimerInit =
  | { readonly delayMs: number; readonly event: AnyEventObject }
  /** An instant, in ms since the epoch. */
  | { readonly at: number; readonly event: AnyEventObject }

export type ScheduleInit = {
  readonly event: AnyEventObject
  /** What becomes of runs that nobody was there for. Default `once`. */
  readonly missed?: MissedRuns
} & (
  | {
      /** A whole number >= 1. */
      readonly everyMs: number
      /** An instant that is a run, and fixes the phase. Default: now, so that the first run is one period away. */
      readonly anchorAt?: number
    }
  | {
      /** Five fields, or six with seconds in front. */
      readonly cron: string
      /** IANA name. Default `UTC`. */
      readonly timeZone?: string
    }
)

/** What the logic of a durable actor may do besides changing its state. All of it happens when the turn is stored, or not at all. */
export interface DurableActions {
  /**
   * Requests something outside, that a handler registered under `name` does once the turn is stored. The result comes back
   * as `kernell.effect.done` or `kernell.effect.failed` with `id`, `name` and `label`.
   *
   * @returns The id of the effect, which is also the key that its handler is given: the same after every restart.
   * @throws RangeError for a name that is not 1 to 128 characters.
   */
  effect(name: string, input: unknown, init?: EffectInit): string
  /** Asks a person. The answer comes as `kernell.approval.decided` with `id`, `decision`, `by` and `note`. */
  requestApproval(init: ApprovalInit): string
  /** Sends `event` to this actor later; a timer of the same id is replaced. @throws RangeError for a time that is not one. */
  setTimer(id: string, init: TimerInit): void
  /** As `setTimer`, again and again; runs come with `schedule: {id, dueAt, missedCount}` added to the event. */
  setSchedule(id: string, init: ScheduleInit): void
  /** Cancels a timer or a schedule. One that is due but was not handled yet is cancelled too. */
  cancelTimer(id: string): void
}

export const TIMER_ID_LENGTH_MAX = 1_024

/** Collects what one turn of one actor does, until it is committed or forgotten. */
export class DurableTurn implements DurableActions {
  readonly now: number
  readonly #keyOf: (sequence: number) => string
  #sequence: number
  messages: SentMessage[] | undefined
  /** Actors whose inbox was full: once the turn is made, the sender waits for room there. */
  full: Set<Cell> | undefined
  #sent: Map<string, number> | undefined
  timers: Map<string, TimerSetting> | undefined
  cancelled: Set<string> | undefined
  effects: EffectRequest[] | undefined
  approvals: ApprovalRequest[] | undefined
  /** What leaves the store's reach: it happens when the turn is on stable storage. */
  outputs: (() => void)[] | undefined
  #forgotten: ((cause: unknown) => void)[] | undefined

  /** @param sequence  The first one that the actor has not used. */
  constructor({ now, sequence, keyOf }: { now: number; sequence: number; keyOf: (sequence: number) => string }) {
    this.now = now
    this.#sequence = sequence
    this.#keyOf = keyOf
  }

  /** A message for an actor that is stored here. */
  sendStored(message: SentMessage): void {
    this.messages ??= []
    this.messages.push(message)
    this.#sent ??= new Map()
    this.#sent.set(message.to, this.sentTo(message.to) + 1)
  }

  /** Messages of this turn for one actor. */
  sentTo(id: string): number {
    return this.#sent?.get(id) ?? 0
  }

  holdBack(output: () => void): void {
    this.outputs ??= []
    this.outputs.push(output)
  }

  /** Runs `run` if the turn comes to nothing: it fails, or it is never on stable storage. */
  onForgotten(run: (cause: unknown) => void): void {
    this.#forgotten ??= []
    this.#forgotten.push(run)
  }

  /** Nothing of the turn happens. */
  forget(cause: unknown): void {
    for (const run of this.#forgotten ?? []) run(cause)
  }

  effect(name: string, input: unknown, init: EffectInit = {}): string {
    checkText(name, 128, 'The name of an effect')
    const { label, needsApproval } = init
    const sequence = this.#nextSequence()
    this.effects ??= []
    this.effects.push({ sequence, name, input, ...(label !== undefined && { label }) })
    if (needsApproval !== undefined) this.#askApproval(needsApproval, sequence)
    return this.#keyOf(sequence)
  }

  requestApproval(init: ApprovalInit): string {
    return this.#keyOf(this.#askApproval(init, undefined))
  }

  setTimer(id: string, init: TimerInit): void {
    const isDelay = 'delayMs' in init
    const dueAt = isDelay ? this.now + Math.max(0, init.delayMs) : init.at
    checkInstant(dueAt)
    this.#set({ id, dueAt, event: init.event, ...(isDelay && { delayMs: Math.max(0, init.delayMs) }) })
  }

  setSchedule(id: string, init: ScheduleInit): void {
    const { event, missed = 'once' } = init
    const recurrence: Recurrence =
      'everyMs' in init
        ? { kind: 'every', everyMs: checkPeriod(init.everyMs), anchorAt: init.anchorAt ?? this.now }
        : { kind: 'cron', expression: init.cron, timeZone: init.timeZone ?? 'UTC' }
    const dueAt = createOccurrences(recurrence).after(this.now)
    if (dueAt === undefined) throw new RangeError(`The schedule ${id} has no run in the future`)
    checkInstant(dueAt)
    this.#set({ id, dueAt, event, schedule: { recurrence, missed } })
  }

  cancelTimer(id: string): void {
    this.timers?.delete(id)
    this.cancelled ??= new Set()
    this.cancelled.add(id)
  }

  /** The actor has ended: nothing is due any more, of what is stored and of what this turn set. */
  cancelTimers(stored: Iterable<string>): void {
    this.timers = undefined
    for (const id of stored) this.cancelTimer(id)
  }

  #set(setting: TimerSetting): void {
    checkText(setting.id, TIMER_ID_LENGTH_MAX, 'The id of a timer')
    checkEvent(setting.event)
    this.timers ??= new Map()
    this.timers.set(setting.id, setting)
  }

  #askApproval(init: ApprovalInit, effect: number | undefined): number {
    checkApproval(init)
    const { question, details, expiresAt } = init
    const sequence = this.#nextSequence()
    this.approvals ??= []
    this.approvals.push({
      sequence,
      question,
      ...(details !== undefined && { details }),
      ...(expiresAt !== undefined && { expiresAt }),
      ...(effect !== undefined && { effect }),
    })
    return sequence
  }

  #nextSequence(): number {
    this.#sequence += 1
    return this.#sequence - 1
  }
}

export function checkEvent(event: unknown): asserts event is AnyEventObject {
  if (typeof event === 'object' && event !== null && 'type' in event && typeof event.type === 'string') return
  throw new TypeError('An event is an object with a type that is a string')
}

/** @throws TypeError, RangeError. */
export function checkApproval(init: ApprovalInit): void {
  if (typeof init !== 'object' || init === null) throw new TypeError('An approval is asked for with { question }')
  checkText(init.question, QUESTION_LENGTH_MAX, 'A question')
  if (init.expiresAt !== undefined) checkInstant(init.expiresAt)
}

const QUESTION_LENGTH_MAX = 4_096

function checkText(text: string, lengthMax: number, what: string): void {
  if (typeof text === 'string' && text.length > 0 && text.length <= lengthMax) return
  throw new RangeError(`${what} has 1 to ${lengthMax} characters`)
}

function checkInstant(instant: number): void {
  if (Number.isFinite(instant) && instant >= 0) return
  throw new RangeError(`Not an instant: ${instant}`)
}

function checkPeriod(everyMs: number): number {
  if (Number.isSafeInteger(everyMs) && everyMs >= 1) return everyMs
  throw new RangeError(`A period is a whole number of milliseconds, at least 1: ${everyMs}`)
}
