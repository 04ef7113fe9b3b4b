import type { AnyEventObject } from 'xstate'
import type { Cell } from '../../actors/cell/cell.ts'
import type { Timestamp } from '../../base/time.ts'
import { type RecordedEvent, RunRecorder, type TracedEvent } from '../record/run-recorder.ts'
import { type Begun, inOrder } from './begun.ts'
import { type BoundsInit, WorldBounds } from './bounds.ts'
import { describedFailure } from './described-failure.ts'
import { EventQueue, ScheduledEvent, type WorldEvent } from './event-queue.ts'
import { quiesce } from './quiesce.ts'
import { streamOf } from './seeded-random.ts'
import { setTraps } from './traps.ts'
import { type ClockSkew, type ProcessHost, WORLD_START, WorldProcess } from './world-process.ts'

/** A world to be: its seed, what its clocks show, and how much may happen in it. A seed or a bound out of range is a RangeError. */
export type WorldInit = BoundsInit & {
  /** 0 to 2^32 - 1. The same seed and the same scenario give the same run. */
  readonly seed: number
  /** What clocks show when the world begins. Default 2026-01-01. */
  readonly startAt?: Timestamp
  /** Told of each event before it happens. */
  readonly onEvent?: (event: TracedEvent) => void
  /** Whether real time, chance and timers throw while the world runs. Default true. */
  readonly hasTraps?: boolean
}

/** Where one call of `run` comes back, before the world has an end; both absent: when nothing is left to happen. */
export type RunLimits = {
  /** The last virtual millisecond that is still run. */
  readonly untilMs?: number
  /** Events of this call. */
  readonly eventsMax?: number
}

/** Why a run came back: nothing is left to happen, its time is over, its events are, or somebody has asked for it. */
export type RunEnd = 'quiet' | 'time' | 'events' | 'paused'

/** Synchronous events behind each other before microtasks have a turn all the same. */
const SYNC_MAX = 1_024
/** Of so many events one lets the loop of the platform go round. */
const ROUND_EVERY = 256

/**
 * A world of one thread in which nothing is real but the code: one queue of events by virtual time, ties broken by the seed. Between two events every microtask runs, so
 * that the number of turns that a promise takes decides nothing.
 *
 * ```ts
 * const world = createWorld({ seed: 7 })
 * const process = world.createProcess('node-1')
 * process.timers.schedule(1_000, () => console.log(process.clock.now()))
 * await world.run()
 * ```
 */
export class World implements ProcessHost {
  readonly seed: number
  readonly startAt: Timestamp
  /** What was thrown where nobody listens. */
  readonly failures: unknown[] = []
  private readonly init: WorldInit
  private readonly queue = new EventQueue()
  private readonly soonTasks: (() => void)[] = []
  private readonly ties: { nextUint32(): number }
  private readonly recorder: RunRecorder
  private readonly bounds: WorldBounds
  private readonly processNames = new Set<string>()
  /** What kept a message from being recorded. */
  private broken: { readonly error: unknown } | undefined
  /** What promises have begun that go on at this instant. */
  private begun: Begun[] = []
  /** Whether promises go on, in an order that is not ours. */
  private isDraining = false
  /** How often it waited for what an event has begun. */
  private rests = 0
  private timeMs = 0
  private pushed = 0
  private isPaused = false

  constructor(init: WorldInit) {
    if (!Number.isInteger(init.seed) || init.seed < 0 || init.seed > 0xffffffff)
      throw new RangeError(`A seed is an integer from 0 to 4294967295, not ${init.seed}`)
    this.init = init
    this.seed = init.seed
    this.startAt = init.startAt ?? WORLD_START
    this.ties = streamOf(init.seed, 'ties')
    this.recorder = new RunRecorder(init.onEvent)
    this.bounds = new WorldBounds(init)
  }

  /** Events that have happened: what was due, and messages that actors handled. */
  get events(): number {
    return this.recorder.events
  }

  /** Whether as many events have happened as ever will. */
  get isOver(): boolean {
    return this.recorder.events >= (this.init.eventsMax ?? Number.POSITIVE_INFINITY)
  }

  /** Whether something was to happen behind those, and did not. */
  get hasRefused(): boolean {
    return this.bounds.hasRefused
  }

  /** SHA-256 of all events so far and of what was noted, 64 hexadecimal digits. */
  get hash(): string {
    return this.recorder.hash
  }

  nowMs(): number {
    return this.timeMs
  }

  /** A second one of the same name is called `NAME~2`, so that no two draw the same. */
  createProcess(name: string, skew?: ClockSkew): WorldProcess {
    let own = name
    for (let number = 2; this.processNames.has(own); number += 1) own = `${name}~${number}`
    this.processNames.add(own)
    return new WorldProcess(this, own, skew)
  }

  /** Something that happens `delayMs` from now, at the earliest behind the event that happens now. Throws `RangeError` for a delay that is none: time never goes back. */
  schedule(delayMs: number, what: WorldEvent): { cancel(): void } {
    if (!(delayMs >= 0 && delayMs < Number.POSITIVE_INFINITY))
      throw new RangeError(`A delay is 0 ms or more and has an end, not ${delayMs} (${what.kind})`)
    const event = new ScheduledEvent(this.queue, this.timeMs + delayMs, what)
    if (this.isDraining) {
      const { address = '', kind } = what
      this.begun.push({ address, payload: [kind, delayMs, what.payload], run: () => this.push(event) })
    } else this.push(event)
    return event
  }

  /**
   * Begins something that others may see: at once, or, where it is a promise that begins it, when no promise goes on any more at this instant. So it does not depend on how
   * many turns promises take which of them comes first.
   */
  begin(begun: Begun): void {
    if (this.isDraining) this.begun.push(begun)
    else begun.run()
  }

  /** Whether promises go on, so that what they begin is to wait. */
  get isInPromises(): boolean {
    return this.isDraining
  }

  /** Something has happened that the world did not make happen by itself: it is an event, and part of the hash. False: the world's events were over before. */
  record(event: RecordedEvent): boolean {
    if (this.bounds.isOver(this.recorder.events, event.address)) return false
    this.recorder.happened(this.timeMs, event)
    return true
  }

  /** As `record`: an actor handles a message now; where this is false, it must not. */
  recordMessage(cell: Cell, event: AnyEventObject): boolean {
    const { recorder, bounds } = this
    if (recorder.events >= bounds.eventsEnd && bounds.isOver(recorder.events, cell.address)) return false
    try {
      recorder.handled(this.timeMs, cell, event)
    } catch (error: unknown) {
      // It is no failure of the actor that would be handled so.
      this.broken ??= { error }
      return false
    }
    return true
  }

  soon(task: () => void): void {
    this.soonTasks.push(task)
  }

  fail(error: unknown): void {
    this.failures.push(error)
    this.recorder.noted(`thrown ${describedFailure(error)}`)
  }

  /** The run that goes on comes back behind the event that happens now. */
  pause(): void {
    this.isPaused = true
  }

  /** Adds to the hash what a scenario wants to be the same in equal runs. */
  note(text: string): void {
    this.recorder.noted(text)
  }

  /**
   * Lets things happen, in order.
   *
   * @throws `SIMULATION_STUCK` where too much happens at one instant.
   */
  async run({
    untilMs = Number.POSITIVE_INFINITY,
    eventsMax = Number.POSITIVE_INFINITY,
  }: RunLimits = {}): Promise<RunEnd> {
    const release = this.init.hasTraps === false ? undefined : setTraps()
    try {
      await this.rest()
      const end = await this.loop(
        untilMs,
        Math.min(this.events + eventsMax, this.init.eventsMax ?? Number.POSITIVE_INFINITY),
      )
      // The platform tells of rejections that nobody listens to when its loop goes round.
      await quiesce(true)
      return end
    } finally {
      release?.()
    }
  }

  private async loop(untilMs: number, eventsEnd: number): Promise<RunEnd> {
    let sync = 0
    for (;;) {
      if (this.broken !== undefined) throw this.broken.error
      if (this.bounds.stuck !== undefined) throw this.bounds.stuck
      if (this.isPaused && sync === 0) {
        this.isPaused = false
        return 'paused'
      }
      const next = this.queue.peek()
      const isDue = next !== undefined && next.dueMs <= untilMs && this.events < eventsEnd
      // What synchronous events have begun all the same may bring more.
      if (!isDue && sync > 0) {
        sync = 0
        await this.rest()
        continue
      }
      if (next === undefined) return 'quiet'
      if (next.dueMs > untilMs) {
        if (untilMs > this.timeMs) this.bounds.nextInstant(this.recorder.events)
        this.timeMs = Math.max(this.timeMs, untilMs)
        return 'time'
      }
      if (!isDue) return 'events'
      this.queue.pop()
      this.handle(next)
      sync = next.what.isSync === true && sync < SYNC_MAX ? sync + 1 : 0
      if (sync === 0) await this.rest()
      else this.runSoon()
    }
  }

  private push(event: ScheduledEvent): void {
    if (event.isCancelled) return
    this.pushed += 1
    event.enter(this.ties.nextUint32(), this.pushed)
  }

  private handle({ dueMs, what }: ScheduledEvent): void {
    if (dueMs !== this.timeMs) this.bounds.nextInstant(this.recorder.events)
    this.timeMs = dueMs
    // Of a process that was killed nothing happens any more.
    if (what.owner?.isAlive === false) return
    const { address = '' } = what
    if (this.bounds.isOver(this.recorder.events, address)) return
    this.bounds.heardOf(address)
    this.recorder.happened(dueMs, { address, type: what.kind, payload: what.payload })
    try {
      what.run()
    } catch (error: unknown) {
      this.fail(error)
    }
  }

  /** Until nothing goes on at this instant. */
  private async rest(): Promise<void> {
    do {
      this.runSoon()
      this.isDraining = true
      this.rests += 1
      await quiesce(this.rests % ROUND_EVERY === 0)
      this.isDraining = false
      if (this.begun.length > 0) this.runBegun()
    } while (this.soonTasks.length > 0)
  }

  private runBegun(): void {
    for (const { address, run } of inOrder(this.begun.splice(0))) {
      this.bounds.heardOf(address)
      if (!this.bounds.turn(this.recorder.events)) return
      run()
    }
  }

  private runSoon(): void {
    // Tasks add tasks.
    for (let at = 0; at < this.soonTasks.length && this.bounds.turn(this.recorder.events); at += 1)
      this.soonTasks[at]?.()
    this.soonTasks.length = 0
  }
}

/** Throws `RangeError` for a seed that is none. */
export function createWorld(init: WorldInit): World {
  return new World(init)
}
