import { afterEach, describe, expect, test } from 'vitest'
import { openKeptTasks } from '../../../src/node/a2a/kept-task-store.ts'
import { openLevelKeyValueStore } from '../../../src/storage/level/level-key-value-store.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { AGENT_TASK_STORE_CASES } from '../../../src/testing/conformance/agent-task-cases.ts'
import { makeFolder, removeFolders } from '../start-node.ts'

afterEach(removeFolders)

const stores = {
  memory: async () => await Promise.resolve(createMemoryKeyValueStore()),
  level: async () => await openLevelKeyValueStore({ location: makeFolder() }),
}

describe.each(Object.entries(stores))('AgentTaskStore: kept in a store, %s', (_, open) => {
  test.each(AGENT_TASK_STORE_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const store = await open()
    await item.run({ store: await openKeptTasks(store), afterDeath: async () => await openKeptTasks(store) })
    await store.close()
  })
})

test('every case of tasks is run', () => {
  expect(AGENT_TASK_STORE_CASES.length).toBe(10)
})
