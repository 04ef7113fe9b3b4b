/**
 * Startable: the life cycle of whatever owns a timer, a file, a queue or a thread. It is not a dependency container:
 * the composition root starts services in order and stops them in reverse.
 *
 * ```ts
 * const services: Startable[] = []
 * const stopAll = async (): Promise<void> => {
 *   for (const service of services.toReversed()) await service.stop()
 * }
 * ```
 */
export type StartOptions = {
  /** Aborts the start; the service is then stopped again before the rejection is seen. */
  readonly signal?: AbortSignal
}

/** The life cycle of whatever owns a timer, a file, a queue or a thread. Whoever composes services starts them in order, and stops them in reverse. */
export interface Startable {
  /** Idempotent. Resolves when the service takes work. */
  start(options?: StartOptions): Promise<void>
  /** Idempotent and bounded in time; runs all of its steps even when one throws, then rejects with the first error. */
  stop(): Promise<void>
}
