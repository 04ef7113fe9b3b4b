import { createActorSystem } from 'kernell-os/actors'
import type { MemoryGraph } from 'kernell-os/memory'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keepExperience, recallFor } from '../../agents/memory-use.ts'
import { startOfflineMemory } from '../../agents/offline/offline-memory.ts'

const system = createActorSystem()
const { signal } = new AbortController()
let memory: MemoryGraph
beforeEach(async () => {
  memory = await startOfflineMemory(system)
})
afterEach(async () => await memory.stop())

const keep = async (task: string, outcome: string): Promise<void> =>
  await keepExperience({ task, outcome, isSuccess: true, recalled: undefined }, memory, signal)

describe('what agents keep', () => {
  it('is there for the next such task', async () => {
    await keep('Why is the bridge closed?', 'A bearing broke.')
    const recalled = await recallFor('Why is the old bridge closed?', memory, signal)
    expect(recalled?.texts).toContain('A bearing broke.')
  })

  it.each(['水', '😀', '\uD83D'])('is the beginning of what is longer than a memory takes (%j)', async (letter) => {
    await keep(`bridge ${letter.repeat(40_000)}`, `bearing ${letter.repeat(40_000)}`)
    expect(memory.inspect()).toMatchObject({ nodes: 2, edges: 1 })
  })
})
