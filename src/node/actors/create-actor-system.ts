import type { ActorRef } from '../../actors/actor-ref.ts'
import type { ClusterExtension } from '../../actors/cluster/cluster-extension.ts'
import type { ClusterMember } from '../../actors/cluster/cluster-extension-init.ts'
import { checkSystemInit, threadsOf } from '../../actors/create-actor-system.ts'
import type { CreateActorSystemInit, ThreadsInit } from '../../actors/create-actor-system.ts'
import { DurableExtension } from '../../actors/durable/durable-extension.ts'
import type { ActorEnvironment } from '../../actors/environment.ts'
import { ActorSystem } from '../../actors/system/actor-system.ts'
import { createSystemEnvironment } from '../../actors/system/system-environment.ts'
import { observeQuiet } from '../../actors/threads/quiet-environment.ts'
import { ThreadExtension, type ThreadExtensionInit } from '../../actors/threads/thread-extension.ts'
import { CodedError } from '../../base/errors.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { openDataDirectory, type DataDirectory } from '../../storage/data-directory.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { createSystemRandom } from '../system-random.ts'
import { createClusterExtension } from './open-cluster.ts'
import { joinExtensions } from './join-extensions.ts'

/** Folder of the actors' journal in a data directory. */
const JOURNAL = 'actors'

/**
 * A system of actors in Node. It is there at once; what needs the disk or other threads waits for `ready`, and messages
 * that come before are kept.
 *
 * Durable actors live on the thread that made the system, which owns their journal; actors whose definition names its
 * module are spread over the worker threads.
 *
 * With `cluster`, actors are placed on other machines of the same owner by `placement`.
 *
 * One process owns a data directory: a second one gets `STORE_LOCKED` from `ready` and from whatever needs the store.
 *
 * @throws TypeError or RangeError for a member of `init` that is wrong or unknown; `ACTOR_PLATFORM_LACKS` for threads
 *   where memory cannot be shared between them;
 *   `ACTOR_CLUSTER_SECRET_INVALID`.
 */
export function createActorSystem(init: CreateActorSystemInit = {}): ActorSystem {
  checkSystemInit(init)
  const { dataDir, cluster: clusterInit, logger, deadLettersMax, tracer } = init
  const threads = threadsOf(init)
  const { environment, isQuiet } = observeQuiet(init.environment ?? createSystemEnvironment())
  const adoptSpan = tracer?.adopt?.bind(tracer)
  const workers =
    threads &&
    createThreadExtension(threads, {
      isQuiet,
      ...(deadLettersMax !== undefined && { deadLettersMax }),
      ...(adoptSpan !== undefined && { adoptSpan }),
    })
  const durable = dataDir === undefined ? undefined : createDurableExtension(dataDir, environment)
  const cluster = clusterInit && createClusterExtension(clusterInit, environment)
  // A placement on another machine is looked at first.
  const extensions = [cluster, durable, workers].filter((extension) => extension !== undefined)
  const system = new ActorSystem({
    environment,
    isInline: false,
    ...(clusterInit !== undefined && { nodeName: clusterInit.name }),
    ...(extensions.length > 0 && { extension: joinExtensions(extensions) }),
    ...(logger !== undefined && { logger }),
    ...(deadLettersMax !== undefined && { deadLettersMax }),
    ...(tracer !== undefined && { tracer }),
  })
  durable?.attach(system)
  workers?.attach(system)
  cluster?.attach(system)
  if (cluster !== undefined) CLUSTERS.set(system, cluster)
  if (workers !== undefined) WORKERS.set(system, workers)
  return system
}

const WORKERS = new WeakMap<ActorSystem, ThreadExtension>()
const CLUSTERS = new WeakMap<ActorSystem, ClusterExtension>()

/** The other nodes of the cluster as they seem now; none without a cluster. */
export function clusterMembers(system: ActorSystem): readonly ClusterMember[] {
  return CLUSTERS.get(system)?.members ?? []
}

/**
 * Moves an actor that runs on a worker thread to another one, with its state, its messages and its timers.
 *
 * @param worker  1 to the system's `threads`.
 * @throws `ACTOR_NOT_MOVABLE`, and it stays where it is; `ACTOR_PLATFORM_LACKS` without threads; RangeError.
 */
export async function moveActor(system: ActorSystem, ref: ActorRef, worker: number): Promise<void> {
  if (!(system instanceof ActorSystem))
    throw new TypeError('moveActor takes a system of createActorSystem, then an actor')
  const workers = WORKERS.get(system)
  if (workers === undefined)
    throw new CodedError('ACTOR_PLATFORM_LACKS', { message: 'This actor system has no threads' })
  await workers.move(ref, worker)
}

function createThreadExtension(
  { count, actorIntensity, ...rest }: ThreadsInit,
  host: Pick<ThreadExtensionInit, 'isQuiet' | 'deadLettersMax' | 'adoptSpan'>,
): ThreadExtension {
  return new ThreadExtension({
    threads: count,
    ...rest,
    ...(actorIntensity !== undefined && { intensity: actorIntensity }),
    ...host,
  })
}

function createDurableExtension(dataDir: string, environment: ActorEnvironment): DurableExtension {
  const directory = new ActorDirectory(dataDir)
  return new DurableExtension({
    environment,
    openLog: async () => await directory.open(),
    closeLog: async () => await directory.close(),
  })
}

/** The data directory of a system, opened with its journal and closed with it. */
class ActorDirectory {
  readonly #path: string
  #directory: DataDirectory | undefined

  constructor(path: string) {
    this.#path = path
  }

  async open(): Promise<EventLog> {
    const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }
    this.#directory = await openDataDirectory(components, { path: this.#path })
    return await this.#directory.openEventLog(JOURNAL)
  }

  async close(): Promise<void> {
    await this.#directory?.close()
  }
}
