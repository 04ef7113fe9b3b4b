import { CodedError } from '../base/errors.ts'
import type { Tracer } from '../ports/tracer.ts'
import type { ActorEnvironment } from './environment.ts'
import { ActorSystem } from './system/actor-system.ts'
import { createSystemEnvironment } from './system/system-environment.ts'

export type CreateActorSystemInit = {
  /** Worker threads besides this one, a whole number >= 0. Default 0. */
  readonly threads?: number
  /** Where durable actors are kept. Absent: nothing outlives the process. */
  readonly dataDir?: string
  /** Time, timers, chance and the event loop. Default: the platform's. */
  readonly environment?: ActorEnvironment
  /** Dead letters that are kept; all are counted. Default 1,000. */
  readonly deadLettersMax?: number
  readonly logger?: (...parts: unknown[]) => void
  /** A span per message, below the span of the message that caused it. Absent: none, at no cost. */
  readonly tracer?: Tracer
}

/**
 * The system of one thread, in any JavaScript engine. It refuses threads and data directories, which need Node: there,
 * `kernell-os/actors` gives the function of the same name that has both.
 *
 * @throws `ACTOR_PLATFORM_LACKS` when `threads` or `dataDir` is given.
 */
export function createActorSystem(init: CreateActorSystemInit = {}): ActorSystem {
  const { threads = 0, dataDir, environment = createSystemEnvironment(), logger, deadLettersMax, tracer } = init
  if (threads !== 0 || dataDir !== undefined) {
    const what = threads === 0 ? 'a data directory' : 'threads'
    throw new CodedError('ACTOR_PLATFORM_LACKS', { message: `This platform has no ${what} for actors` })
  }
  return new ActorSystem({
    environment,
    isInline: false,
    ...(tracer !== undefined && { tracer }),
    ...(logger !== undefined && { logger }),
    ...(deadLettersMax !== undefined && { deadLettersMax }),
  })
}
