import { timestampFromMs } from '../../src/base/time.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { ActorEnvironment } from '../../src/actors/environment.ts'

type Waiting = { readonly dueMs: number; readonly order: number; readonly callback: () => void; isCancelled: boolean }

/** An environment whose time stands still until `advance`, and whose queues run when they are told to. */
export class SimulatedEnvironment implements ActorEnvironment {
  nowMs = 0
  readonly errors: unknown[] = []
  readonly lines: unknown[][] = []
  readonly #soon: (() => void)[] = []
  readonly #later: (() => void)[] = []
  #waiting: Waiting[] = []
  #order = 0

  readonly clock: Clock = {
    now: () => timestampFromMs(1_700_000_000_000 + Math.floor(this.nowMs)),
    monotonicMs: () => this.nowMs,
    timeoutSignal: (delayMs: number) => {
      const controller = new AbortController()
      this.timers.schedule(delayMs, () => controller.abort())
      return controller.signal
    },
  }

  readonly timers = {
    schedule: (delayMs: number, callback: () => void) => {
      const waiting: Waiting = { dueMs: this.nowMs + delayMs, order: this.#order, callback, isCancelled: false }
      this.#order += 1
      this.#waiting.push(waiting)
      return {
        cancel: () => {
          waiting.isCancelled = true
        },
      }
    },
  }

  readonly random = { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(count) }

  soon(task: () => void): void {
    this.#soon.push(task)
  }

  later(task: () => void): void {
    this.#later.push(task)
  }

  reportError(error: unknown): void {
    this.errors.push(error)
  }

  log(...parts: unknown[]): void {
    this.lines.push(parts)
  }

  /** Runs what is due now, until nothing is. */
  settle(): void {
    for (;;) {
      const task = this.#soon.shift() ?? this.#later.shift()
      if (task === undefined) return
      task()
    }
  }

  /** Lets `ms` pass, firing timers on the way. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms
    this.settle()
    for (;;) {
      this.#waiting = this.#waiting.filter(({ isCancelled }) => !isCancelled)
      const due = this.#waiting
        .filter(({ dueMs }) => dueMs <= endMs)
        .toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order)
      const [next] = due
      if (next === undefined) break
      this.#waiting = this.#waiting.filter((each) => each !== next)
      this.nowMs = Math.max(this.nowMs, next.dueMs)
      next.callback()
      this.settle()
    }
    this.nowMs = endMs
  }
}
