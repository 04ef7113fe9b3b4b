import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSystemRandom } from '../../src/node/system-random.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { openSegmentedEventLog } from '../../src/storage/segmented-event-log.ts'

let folder = ''
let log: EventLog

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-read-'))
  const components = { fileSystem: createNodeFileSystem(), random: createSystemRandom() }
  log = await openSegmentedEventLog(components, { directory: folder, segmentSizeBytesMax: 100 })
  for (let index = 0; index < 10; index += 1) await log.append([new Uint8Array(100).fill(index)])
})

afterEach(async () => {
  await log.close()
  await rm(folder, { recursive: true, force: true })
})

it('a read that has begun goes to its end while the journal is compacted, which is done only then', async () => {
  const reading = log.read(0)[Symbol.asyncIterator]()
  await reading.next()
  let isCompacted = false
  const compacted = log.compact({ nextIndex: 10, payload: new Uint8Array(1) }).then(() => {
    isCompacted = true
  })
  await log.append([new Uint8Array(1)])
  let count = 1
  for (let step = await reading.next(); step.done !== true; step = await reading.next()) {
    expect(step.value.payload[0]).toBe(count)
    expect(isCompacted).toBe(false)
    count += 1
  }
  await compacted
  expect(count).toBe(10)
  expect((await readdir(folder)).length).toBe(1)
})

it('a read that is given up lets the compaction end', async () => {
  const reading = log.read(0)[Symbol.asyncIterator]()
  await reading.next()
  const compacted = log.compact({ nextIndex: 10, payload: new Uint8Array(1) })
  await log.append([new Uint8Array(1)])
  await reading.return?.()
  await compacted
  expect((await readdir(folder)).length).toBeLessThanOrEqual(2)
})

it('a journal that is closed over a read has its old files removed', async () => {
  await log.read(0)[Symbol.asyncIterator]().next()
  const compacted = log.compact({ nextIndex: 10, payload: new Uint8Array(1) })
  await log.close()
  await compacted
  expect((await readdir(folder)).length).toBe(1)
})
