import type { ActorEnvironment } from '../environment.ts'
import type { SystemExtension } from './system-extension.ts'

/** A platform's timers fire at once for more. */
const TIMER_MS_MAX = 2 ** 31 - 1

type Draining = {
  readonly environment: ActorEnvironment
  readonly extension: SystemExtension | undefined
}

export type DrainInit = {
  /** More than 0. */
  readonly drainMs: number
  /** True when no actor has a message that waits. */
  readonly isQuiet: () => boolean
}

/** Lets the actors handle what waits for them, and those be opened that are not yet. Resolves when that is done, and at the latest after `drainMs`. */
export async function drainSystem(
  { environment, extension }: Draining,
  { drainMs, isQuiet }: DrainInit,
): Promise<void> {
  const { clock, timers } = environment
  const deadlineMs = clock.monotonicMs() + drainMs
  const late = Promise.withResolvers<void>()
  let isLate = false
  const timer = timers.schedule(Math.min(drainMs, TIMER_MS_MAX), () => {
    isLate = true
    late.resolve()
  })
  while (!isLate && clock.monotonicMs() < deadlineMs) {
    const settling = extension?.settling?.()
    if (!isQuiet()) await new Promise<void>((resolve) => environment.later(resolve))
    else if (settling !== undefined) await Promise.race([settling.catch(() => {}), late.promise])
    else break
  }
  timer.cancel()
}
