import { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import { createSystemEnvironment } from '../../../src/actors/system/system-environment.ts'
import { observeQuiet } from '../../../src/actors/threads/quiet-environment.ts'
import { ThreadExtension } from '../../../src/actors/threads/thread-extension.ts'
import type { ThreadExtensionInit } from '../../../src/actors/threads/thread-extension.ts'

export type ThreadSystem = {
  readonly system: ActorSystem
  readonly threads: ThreadExtension
  /** Errors that nobody handled. */
  readonly errors: unknown[]
}

export function createThreadSystem(init: Partial<ThreadExtensionInit> = {}): ThreadSystem {
  const errors: unknown[] = []
  const { environment, isQuiet } = observeQuiet({
    ...createSystemEnvironment(),
    reportError: (error) => void errors.push(error),
  })
  const threads = new ThreadExtension({ threads: 2, isQuiet, ...init })
  const system = new ActorSystem({ environment, isInline: false, extension: threads, logger: () => {} })
  threads.attach(system)
  return { system, threads, errors }
}
