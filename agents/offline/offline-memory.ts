import type { ActorSystem } from 'kernell-os/actors'
import { createMemoryGraph, type MemoryGraph } from 'kernell-os/memory'
import { createMemoryEventLog } from 'kernell-os/storage'
import { createTypeScriptKernel } from 'kernell-os/wasm'

/** The package's own memory graph over a journal that is kept nowhere: what the examples of this folder remember with. */
export async function startOfflineMemory(system: ActorSystem): Promise<MemoryGraph> {
  const { clock, timers, random } = system.environment
  const memory = createMemoryGraph({
    log: createMemoryEventLog(),
    clock,
    timers,
    random,
    kernel: createTypeScriptKernel(),
  })
  await memory.start()
  return memory
}
