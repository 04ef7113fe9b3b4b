import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { Timers } from '../ports/timers.ts'

/**
 * Everything that an actor system takes from outside and that is not the same twice: time, timers, chance and the turn of
 * the host's event loop. A simulation gives its own; `systemEnvironment` is the one of the platform.
 */
export type ActorEnvironment = {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Runs `task` soon: before timers and sockets get a turn (a microtask on platforms). Never synchronously. */
  soon(task: () => void): void
  /** Runs `task` after timers and sockets had a turn (`setImmediate`, or a message to oneself in a page). Never synchronously. */
  later(task: () => void): void
  /** Told of errors that nobody listens to. The platform's: an uncaught exception, as XState does. */
  reportError(error: unknown): void
  /** Prints what an operator should read when nobody else listens. */
  log(...parts: unknown[]): void
}
