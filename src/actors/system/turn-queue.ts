import type { AnyEventObject } from 'xstate'
import { DRAINING, NO_TURN, RUNNING, SCHEDULED, STOP_ORDERED, type Cell, type StepObserver } from '../cell/cell.ts'
import { EventRing, type RingPool } from '../cell/event-ring.ts'
import { endTree, runDeferred } from '../cell/life.ts'
import { releaseWhenRoom } from '../delivery/full-mailbox.ts'
import type { ActorEnvironment } from '../environment.ts'
import { superviseFailure, type SupervisionHost } from '../supervision/supervise.ts'
import { cellCounts } from './cell-counts.ts'

/** Messages of one actor in a row; then the next actor has its turn. */
const TURN_MESSAGES = 64
/** How deep turns may be nested in an inline system; what goes deeper waits in the queue, so that no chain grows the stack further. */
const NESTED_TURNS_MAX = 32
/** After so long the queue lets timers and sockets have theirs. */
const SLICE_MS = 2
/** A look at the clock costs as much as a quick message; so often that two looks are about this far apart. */
const LOOK_EVERY_MS = 0.5
/** Outside slices, as in an inline system, nobody looks at the clock. */
const NO_LOOK = Number.MAX_SAFE_INTEGER
/** Most messages between two looks. */
const LOOK_MESSAGES_MAX = 64

export interface TurnHost extends SupervisionHost {
  readonly rings: RingPool<AnyEventObject>
  readonly environment: ActorEnvironment
  /** Set while messages are traced. */
  readonly stepObserver: StepObserver | undefined
}

/** The run queue: cells that have messages, first come first served. */
export class TurnQueue {
  /** The cell that has its turn. */
  current: Cell | undefined = undefined
  isRunning = false
  readonly #host: TurnHost
  readonly #queue = new EventRing<Cell>(64)
  #isExpected = false
  #depth = 0
  // Of the slice that runs. Plain fields: one of them changes with every message.
  /** Messages between two looks: few where they take long. */
  private messagesPerLook = 1
  private untilLook = NO_LOOK
  /** When the clock was last looked at, and when the slice is to end; NaN: not yet known. */
  private lookedMs = Number.NaN
  private endMs = Number.NaN
  private isOver = false
  /** Of the cell that comes next, read before its turn: among a hundred thousand, memory answers while this one has its own. */
  private touched = 0
  readonly #slice = (): void => this.#runSlice()

  constructor(host: TurnHost) {
    this.#host = host
  }

  /** No actor has a message. */
  get isQuiet(): boolean {
    return this.#queue.size === 0 && !this.isRunning
  }

  /** Actors that have messages and wait for their turn. */
  get waitingCount(): number {
    return this.#queue.size
  }

  push(cell: Cell): void {
    cell.marks |= SCHEDULED
    if (this.isRunning && this.#host.isInline && this.#depth < NESTED_TURNS_MAX && this.#queue.size === 0) {
      // XState handles a message while its sender still makes its step, and logic relies on it.
      this.#turn(cell)
      return
    }
    this.#queue.push(cell)
    if (this.isRunning || this.#isExpected) return
    if (this.#host.isInline) this.run(() => {})
    else {
      this.#isExpected = true
      this.#host.environment.soon(this.#slice)
    }
  }

  /** Runs `task` as if it were a turn. In an inline system the queue is empty when this returns. */
  run(task: () => void): void {
    if (this.isRunning) {
      task()
      return
    }
    this.isRunning = true
    try {
      task()
    } finally {
      this.isRunning = false
      if (this.#host.isInline) this.#runAll()
      else if (this.#queue.size > 0 && !this.#isExpected) {
        this.#isExpected = true
        this.#host.environment.soon(this.#slice)
      }
    }
  }

  #runAll(): void {
    this.isRunning = true
    try {
      for (let cell = this.#queue.shift(); cell !== undefined; cell = this.#queue.shift()) this.#turn(cell)
    } finally {
      this.isRunning = false
    }
  }

  #runSlice(): void {
    const { environment } = this.#host
    this.#isExpected = false
    this.isRunning = true
    this.untilLook = this.messagesPerLook
    this.lookedMs = Number.NaN
    this.endMs = Number.NaN
    this.isOver = false
    try {
      for (let cell = this.#queue.shift(); cell !== undefined; cell = this.#queue.shift()) {
        // Most slices are one message, and need no time.
        this.touched = this.#queue.peek()?.stateIndex ?? 0
        if (Number.isNaN(this.endMs) && (cell.ring !== undefined || this.#queue.size > 0)) this.#beginAt(environment)
        this.#turn(cell)
        if (this.isOver) break
      }
    } finally {
      this.isRunning = false
      this.untilLook = NO_LOOK
      // Also after an error that came through: the others are not to stand still for it.
      if (this.#queue.size > 0) {
        this.#isExpected = true
        environment.later(this.#slice)
      }
    }
  }

  #beginAt({ clock }: ActorEnvironment): void {
    this.lookedMs = clock.monotonicMs()
    this.endMs = this.lookedMs + SLICE_MS
  }

  /** Looks at the clock: whether the slice is over, and when to look again. */
  #look(): void {
    const nowMs = this.#host.environment.clock.monotonicMs()
    const tookMs = nowMs - this.lookedMs
    const perLook = this.messagesPerLook
    if (tookMs > 2 * LOOK_EVERY_MS) this.messagesPerLook = Math.max(1, Math.floor((perLook * LOOK_EVERY_MS) / tookMs))
    else if (tookMs <= LOOK_EVERY_MS) this.messagesPerLook = Math.min(LOOK_MESSAGES_MAX, 2 * perLook)
    this.untilLook = this.messagesPerLook
    this.lookedMs = nowMs
    if (Number.isNaN(this.endMs)) this.endMs = nowMs + SLICE_MS
    this.isOver = nowMs >= this.endMs
  }

  #turn(cell: Cell): void {
    const host = this.#host
    const { deferred } = host
    const outer = this.current
    const base = deferred.length
    let left = TURN_MESSAGES
    let event: AnyEventObject | undefined
    this.current = cell
    this.#depth += 1
    try {
      while (cell.status === RUNNING && (cell.marks & NO_TURN) === 0 && left > 0) {
        event = cell.slot
        if (event === undefined) break
        const { ring } = cell
        if (ring === undefined) cell.slot = undefined
        else {
          cell.slot = ring.shift()
          if (ring.size === 0) {
            cell.ring = undefined
            host.rings.give(ring)
          }
        }
        left -= 1
        if (host.stepObserver === undefined) cell.behaviour.step(cell, event)
        else host.stepObserver.step(cell, event)
        if (deferred.length > base) runDeferred(host, base)
        this.untilLook -= 1
        if (this.untilLook > 0) continue
        this.#look()
        if (this.isOver) break
      }
      this.current = outer
    } catch (error: unknown) {
      this.current = outer
      deferred.length = base
      superviseFailure(host, cell, { error, event })
    }
    this.#depth -= 1
    cellCounts().messages += TURN_MESSAGES - left
    this.#afterTurn(cell)
  }

  #afterTurn(cell: Cell): void {
    if (cell.status !== RUNNING) {
      cell.marks &= ~SCHEDULED
      return
    }
    if ((cell.marks & STOP_ORDERED) !== 0) {
      endTree(cell, 'stopped')
      return
    }
    if (cell.extras !== undefined) releaseWhenRoom(cell)
    if (cell.slot !== undefined && (cell.marks & NO_TURN) === 0) {
      this.#queue.push(cell)
      return
    }
    cell.marks &= ~SCHEDULED
    if ((cell.marks & DRAINING) !== 0 && cell.slot === undefined) endTree(cell, 'stopped')
  }
}
