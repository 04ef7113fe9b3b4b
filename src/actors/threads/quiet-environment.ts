import type { ActorEnvironment } from '../environment.ts'

export type QuietEnvironment = {
  /** As the given one, for the system whose quiet is to be known. */
  readonly environment: ActorEnvironment
  /** Whether nothing waits to be run soon or later: the actors have handled what they were given. */
  readonly isQuiet: () => boolean
}

/** Watches the turns of an actor system by what it asks of its environment. */
export function observeQuiet(environment: ActorEnvironment): QuietEnvironment {
  let waiting = 0
  const counted = (run: (task: () => void) => void) => (task: () => void) => {
    waiting += 1
    run(() => {
      waiting -= 1
      task()
    })
  }
  return {
    // Named one by one: the methods of an instance of a class are not among its own members.
    environment: {
      clock: environment.clock,
      timers: environment.timers,
      random: environment.random,
      reportError: (error) => environment.reportError(error),
      log: (...parts) => environment.log(...parts),
      soon: counted((task) => environment.soon(task)),
      later: counted((task) => environment.later(task)),
    },
    isQuiet: () => waiting === 0,
  }
}
