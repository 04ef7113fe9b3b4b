import { CodedError } from '../base/errors.ts'
import type { RestartIntensityLimit } from '../core/supervision/restart-intensity.ts'
import type { Tracer } from '../ports/tracer.ts'
import type { ClusterInit } from './cluster/cluster-init.ts'
import type { ActorEnvironment } from './environment.ts'
import { checkFunction, checkFunctions, checkMembers, checkObject, isObject, shown } from './misuse.ts'
import { ActorSystem } from './system/actor-system.ts'
import { createSystemEnvironment } from './system/system-environment.ts'

/** Where the actors of a system live and what of them lasts. With nothing given they live on this thread, and end with the process. */
export type CreateActorSystemInit = {
  /** Worker threads besides this one: their number, 0 to 64, or more about them. Default 0. */
  readonly threads?: number | ThreadsInit
  /** Where durable actors are kept. Absent: nothing outlives the process. */
  readonly dataDir?: string
  /** Other machines of the same owner. Absent: actors live in this process only. */
  readonly cluster?: ClusterInit
  /** Time, timers, chance and the event loop. Default: the platform's. */
  readonly environment?: ActorEnvironment
  /** Dead letters that are kept; all are counted. Default 1,000. */
  readonly deadLettersMax?: number
  readonly logger?: (...parts: unknown[]) => void
  /**
   * A span per message, below the span of the message that caused it: `createOpenTelemetryTracer` of
   * `kernell-os/telemetry`, or one of your own. One that begins to record later is noticed. Absent: none, at no cost.
   */
  readonly tracer?: Tracer
}

/**
 * The worker threads of a system: how many, when one counts as stuck, and how often they and their actors may end before they are given
 * up.
 */
export type ThreadsInit = {
  /** Worker threads, a whole number from 0 to 64. */
  readonly count: number
  /**
   * A worker that shows no sign of life for so long is ended: the actor that had its turn there is named in `ACTOR_STUCK`,
   * and all its actors start again on a new worker. Milliseconds, 100 to 86,400,000. Default 5,000. Longer than the longest
   * step of your logic; a worker is found within a quarter more.
   */
  readonly stuckAfterMs?: number
  /**
   * How often one actor may end its worker, by getting stuck or otherwise, and be started again; once more, and it has failed.
   * Default 3 within 60,000 ms.
   */
  readonly actorIntensity?: RestartIntensityLimit
  /**
   * How often one worker may end and be started again, whatever ended it; once more, and its actors are killed and it stays
   * away. Default 10 within 60,000 ms.
   */
  readonly workerIntensity?: RestartIntensityLimit
  /** Memory of each worker, as `node:worker_threads` takes it. A worker that needs more is ended, and its actors are told. */
  readonly resourceLimits?: WorkerLimits
}

/** Numbers above 0, in MiB. Absent: the platform's own. */
export type WorkerLimits = {
  readonly maxOldGenerationSizeMb?: number
  readonly maxYoungGenerationSizeMb?: number
  readonly codeRangeSizeMb?: number
  readonly stackSizeMb?: number
}

/**
 * The system of one thread, in any JavaScript engine. It refuses threads, data directories and clusters, which need Node: there,
 * `kernell-os/actors` gives the function of the same name that has them.
 *
 * @throws `ACTOR_PLATFORM_LACKS` when `threads`, `dataDir` or `cluster` is given. TypeError or RangeError for a member that is wrong
 *   or unknown.
 */
export function createActorSystem(init: CreateActorSystemInit = {}): ActorSystem {
  checkSystemInit(init)
  const { dataDir, cluster, environment = createSystemEnvironment(), logger, deadLettersMax, tracer } = init
  const threads = threadsOf(init)
  if (threads !== undefined || dataDir !== undefined || cluster !== undefined) {
    const other = dataDir === undefined ? 'cluster' : 'data directory'
    const what = threads === undefined ? other : 'threads'
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

/** What a system is to have of threads; `undefined`: none. */
export function threadsOf({ threads = 0 }: CreateActorSystemInit): ThreadsInit | undefined {
  const given = typeof threads === 'number' ? { count: threads } : threads
  return given.count === 0 ? undefined : given
}

const MEMBERS = ['threads', 'dataDir', 'environment', 'deadLettersMax', 'logger', 'tracer', 'cluster']
const THREADS_MEMBERS = ['count', 'stuckAfterMs', 'actorIntensity', 'workerIntensity', 'resourceLimits']
const LIMITS_MEMBERS = ['maxOldGenerationSizeMb', 'maxYoungGenerationSizeMb', 'codeRangeSizeMb', 'stackSizeMb']

/** @throws TypeError or RangeError for what `createActorSystem` cannot begin with; numbers are looked at where they are used. */
export function checkSystemInit(init: CreateActorSystemInit): void {
  checkObject(init, 'createActorSystem takes')
  checkMembers(init, MEMBERS, 'createActorSystem')
  const { threads, dataDir, environment, logger, tracer } = init
  if (threads !== undefined) checkThreads(threads)
  if (dataDir !== undefined && typeof dataDir !== 'string')
    throw new TypeError(`dataDir is the path of a folder, a string, not ${shown(dataDir)}`)
  if (dataDir === '') throw new RangeError('dataDir is the path of a folder, not empty')
  if (environment !== undefined) checkEnvironment(environment)
  if (logger !== undefined) checkFunction(logger, 'logger is')
  if (tracer !== undefined) checkFunctions(tracer, ['startSpan'], 'tracer')
}

function checkThreads(threads: number | ThreadsInit): void {
  if (typeof threads === 'number') return
  if (!isObject(threads)) throw new TypeError(`threads is a number or an object with count, not ${shown(threads)}`)
  checkMembers(threads, THREADS_MEMBERS, 'threads')
  const { count, actorIntensity, workerIntensity, resourceLimits } = threads
  if (typeof count !== 'number') throw new TypeError(`threads.count is a number, not ${shown(count)}`)
  if (actorIntensity !== undefined) checkObject(actorIntensity, 'threads.actorIntensity is')
  if (workerIntensity !== undefined) checkObject(workerIntensity, 'threads.workerIntensity is')
  if (resourceLimits === undefined) return
  checkObject(resourceLimits, 'threads.resourceLimits is')
  checkMembers(resourceLimits, LIMITS_MEMBERS, 'threads.resourceLimits')
  for (const [name, limit] of Object.entries(resourceLimits)) {
    if (limit !== undefined && !(Number.isFinite(limit) && limit > 0))
      throw new RangeError(`threads.resourceLimits.${name} is a number above 0, not ${shown(limit)}`)
  }
}

function checkEnvironment(environment: ActorEnvironment): void {
  checkFunctions(environment, ['soon', 'later', 'reportError', 'log'], 'environment')
  checkFunctions(environment.clock, ['now', 'monotonicMs'], 'environment.clock')
  checkFunctions(environment.timers, ['schedule'], 'environment.timers')
  checkFunctions(environment.random, ['fraction', 'bytes'], 'environment.random')
}
