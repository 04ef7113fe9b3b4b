import {
  createActorSystem as createThreadSystem,
  type CreateActorSystemInit,
} from '../../actors/create-actor-system.ts'
import { DurableExtension } from '../../actors/durable/durable-extension.ts'
import { ActorSystem } from '../../actors/system/actor-system.ts'
import { createSystemEnvironment } from '../../actors/system/system-environment.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { openDataDirectory, type DataDirectory } from '../../storage/data-directory.ts'
import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import { createSystemRandom } from '../system-random.ts'

/** Folder of the actors' journal in a data directory. */
const JOURNAL = 'actors'

/**
 * A system of actors in Node. It is there at once; what needs the disk or other threads waits for `ready`, and messages
 * that come before are kept.
 *
 * One process owns a data directory: a second one gets `STORE_LOCKED` from `ready` and from whatever needs the store.
 */
export function createActorSystem(init: CreateActorSystemInit = {}): ActorSystem {
  const { dataDir, environment = createSystemEnvironment() } = init
  if (dataDir === undefined) return createThreadSystem({ ...init, environment })
  const directory = new ActorDirectory(dataDir)
  const durable = new DurableExtension({
    environment,
    openLog: async () => await directory.open(),
    closeLog: async () => await directory.close(),
  })
  const { logger, deadLettersMax, tracer } = init
  const system = new ActorSystem({
    environment,
    isInline: false,
    extension: durable,
    ...(logger !== undefined && { logger }),
    ...(deadLettersMax !== undefined && { deadLettersMax }),
    ...(tracer !== undefined && { tracer }),
  })
  durable.attach(system)
  return system
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
