import type { Tracer } from '../../ports/tracer.ts'
import type { ActorEnvironment } from '../environment.ts'

/**
 * The environment of a system whose tracer does not record yet. It looks at the tracer when actors are about to have their
 * turns, once for many messages, and calls `onRecording` once; a system without a tracer has its environment as it was given.
 */
export function awaitTracer(tracer: Tracer, environment: ActorEnvironment, onRecording: () => void): ActorEnvironment {
  let isAwaited = true
  const look = (): void => {
    if (!isAwaited || !tracer.isRecording) return
    isAwaited = false
    onRecording()
  }
  const { clock, timers, random } = environment
  return {
    clock,
    timers,
    random,
    soon: (task) => {
      look()
      environment.soon(task)
    },
    later: (task) => {
      look()
      environment.later(task)
    },
    reportError: (error) => environment.reportError(error),
    log: (...parts) => environment.log(...parts),
  }
}
