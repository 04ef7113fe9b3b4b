import { setImmediate } from 'node:timers/promises'
import type { ActorEnvironment } from '../../../src/actors/environment.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { ScheduledTimer, Timers } from '../../../src/ports/timers.ts'

export const WALL_START_MS = 1_000_000_000_000

type ManualTimer = { readonly dueMs: number; readonly callback: () => void; isCancelled: boolean }

/** Time stands still until it is moved; the wall clock can be set apart from the monotonic one. */
export class ManualEnvironment implements ActorEnvironment {
  readonly errors: unknown[] = []
  #monotonicMs = 0
  #wallOffsetMs: number
  #timers: ManualTimer[] = []
  #tasks: (() => void)[] = []
  #isDead = false

  constructor(wallMs = WALL_START_MS) {
    this.#wallOffsetMs = wallMs
  }

  readonly clock: Clock = {
    now: () => timestampFromMs(this.#monotonicMs + this.#wallOffsetMs),
    monotonicMs: () => this.#monotonicMs,
    timeoutSignal: () => new AbortController().signal,
  }

  readonly timers: Timers = {
    schedule: (delayMs: number, callback: () => void): ScheduledTimer => {
      const timer = { dueMs: this.#monotonicMs + delayMs, callback, isCancelled: false }
      this.#timers.push(timer)
      return {
        cancel: () => {
          timer.isCancelled = true
        },
      }
    },
  }

  readonly random = { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(7) }

  soon(task: () => void): void {
    if (!this.#isDead) this.#tasks.push(task)
  }

  later(task: () => void): void {
    if (!this.#isDead) this.#tasks.push(task)
  }

  reportError(error: unknown): void {
    this.errors.push(error)
  }

  log(): void {}

  /** Timers that wait. */
  get timerCount(): number {
    return this.#timers.filter(({ isCancelled }) => !isCancelled).length
  }

  /** Nothing that was to happen happens any more. */
  kill(): void {
    this.#isDead = true
    this.#tasks = []
    this.#timers = []
  }

  /** Sets the wall clock, not the monotonic one. */
  setWallBy(ms: number): void {
    this.#wallOffsetMs += ms
  }

  /** Moves time, and fires what falls due on the way, each at its time. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms
    for (;;) {
      await this.settle()
      this.#timers = this.#timers.filter(({ isCancelled }) => !isCancelled)
      const next = this.#timers.toSorted((left, right) => left.dueMs - right.dueMs)[0]
      if (next === undefined || next.dueMs > endMs) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#monotonicMs = Math.max(this.#monotonicMs, next.dueMs)
      next.callback()
    }
    this.#monotonicMs = endMs
    await this.settle()
  }

  /** Runs everything that can run without time passing. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 2;) {
      const tasks = this.#tasks.splice(0)
      for (const task of tasks) task()
      // Promises of the code under test settle before this does.
      await setImmediate()
      idle = tasks.length === 0 && this.#tasks.length === 0 ? idle + 1 : 0
    }
  }
}
