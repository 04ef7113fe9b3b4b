import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createSystemClock } from '../../src/node/system-clock.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { openLevelKeyValueStore } from '../../src/storage/level/level-key-value-store.ts'
import { createLoneJournal } from '../../src/storage/lone-journal.ts'
import { createMemoryEventLog } from '../../src/storage/memory/memory-event-log.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { MemoryClaims } from '../../src/storage/memory/memory-claims.ts'
import { MemoryRateStore } from '../../src/storage/memory/memory-rate-store.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { openSegmentedEventLog } from '../../src/storage/segmented-event-log.ts'
import { openStoreEventLog } from '../../src/storage/store-event-log.ts'
import { EVENT_LOG_CASES } from '../../src/testing/conformance/event-log-cases.ts'
import { FILE_SYSTEM_CASES } from '../../src/testing/conformance/file-system-cases.ts'
import { KEY_VALUE_STORE_CASES } from '../../src/testing/conformance/key-value-store-cases.ts'
import { CLAIMS_CASES } from '../../src/testing/conformance/claims-cases.ts'
import { RATE_STORE_CASES } from '../../src/testing/conformance/rate-store-cases.ts'
import { SHARED_JOURNAL_CASES } from '../../src/testing/conformance/shared-journal-cases.ts'
import { FaultyFileSystem } from '../../src/testing/faulty-file-system.ts'

const folders: string[] = []
async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kernell-storage-'))
  folders.push(folder)
  return folder
}
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

test('the suites have as many cases as promised', () => {
  expect([KEY_VALUE_STORE_CASES.length, EVENT_LOG_CASES.length, FILE_SYSTEM_CASES.length]).toEqual([17, 8, 7])
  expect([SHARED_JOURNAL_CASES.length, RATE_STORE_CASES.length, CLAIMS_CASES.length]).toEqual([5, 8, 4])
})

const stores = {
  memory: async () => createMemoryKeyValueStore(),
  level: async () => await openLevelKeyValueStore({ location: await makeFolder() }),
  'sublevel of level': async () => {
    const root = await openLevelKeyValueStore({ location: await makeFolder() })
    return Object.assign(root.sublevel('s'), { close: async () => await root.close() })
  },
}
describe.each(Object.entries(stores))('KeyValueStore: %s', (_, open) => {
  test.each(KEY_VALUE_STORE_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const store = await open()
    await item.run(store)
    await store.close()
  })
})

const logs = {
  memory: async () => createMemoryEventLog(),
  'in a store': async () => await openStoreEventLog(createMemoryKeyValueStore()),
  'segmented over a faulty disk': async () =>
    await openSegmentedEventLog(
      { fileSystem: new FaultyFileSystem(), random: createSystemRandom() },
      { directory: '/log' },
    ),
  'segmented with a segment per batch': async () =>
    await openSegmentedEventLog(
      { fileSystem: new FaultyFileSystem(), random: createSystemRandom() },
      { directory: '/log', segmentSizeBytesMax: 1 },
    ),
  'segmented over the real disk': async () =>
    await openSegmentedEventLog(
      { fileSystem: createNodeFileSystem(), random: createSystemRandom() },
      { directory: await makeFolder() },
    ),
}
describe.each(Object.entries(logs))('EventLog: %s', (_, open) => {
  test.each(EVENT_LOG_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const log = await open()
    await item.run(log)
    await log.close()
  })
})

const fileSystems = {
  node: async () => ({ fileSystem: createNodeFileSystem(), directory: await makeFolder() }),
  faulty: async () => {
    const fileSystem = new FaultyFileSystem()
    await fileSystem.makeDirectory('/d')
    return { fileSystem, directory: '/d' }
  },
}
describe.each(Object.entries(fileSystems))('FileSystem: %s', (_, open) => {
  test.each(FILE_SYSTEM_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    await item.run(await open())
  })
})

const journals = {
  memory: async () => ({ log: createMemoryEventLog(), end: async () => {} }),
  level: async () => {
    const store = await openLevelKeyValueStore({ location: await makeFolder() })
    return { log: await openStoreEventLog(store), end: async () => await store.close() }
  },
  segmented: async () => ({
    log: await openSegmentedEventLog(
      { fileSystem: new FaultyFileSystem(), random: createSystemRandom() },
      { directory: '/log' },
    ),
    end: async () => {},
  }),
}
describe.each(Object.entries(journals))('SharedJournal: %s', (_, open) => {
  test.each(SHARED_JOURNAL_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const { log, end } = await open()
    await item.run(createLoneJournal(log))
    await log.close()
    await end()
  })
})

describe('RateStore: memory', () => {
  test.each(RATE_STORE_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const rates = new MemoryRateStore(createSystemClock())
    await item.run({ join: (member, leaseMs) => rates.join(member, leaseMs) })
  })
})

describe('Claims: memory', () => {
  test.each(CLAIMS_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const claims = new MemoryClaims(createSystemClock())
    await item.run({ join: (_owner, leaseMs) => claims.join(leaseMs) })
  })
})
