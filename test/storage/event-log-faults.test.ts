import { describe, expect, test } from 'vitest'
import { FaultyFileSystem } from '../../src/testing/faulty-file-system.ts'
import { openSegmentedEventLog } from '../../src/storage/segmented-event-log.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { exploreEventLog } from '../torture/explore-event-log.ts'
import { LOG_PLANTS } from '../torture/plants.ts'

const random = { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(3) }
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const open = async (fileSystem: FaultyFileSystem, segmentSizeBytesMax = 1_000_000): Promise<EventLog> =>
  await openSegmentedEventLog({ fileSystem, random }, { directory: '/log', segmentSizeBytesMax })
const HEADER = 40
const FRAME = 32 + 4

describe('every fault at every operation', () => {
  test.each([1, 2, 3])('what was acknowledged survives, the next start succeeds (seed %i)', async (seed) => {
    const { failures, runs, faultPoints } = await exploreEventLog({ seed })
    expect(failures).toEqual([])
    expect(faultPoints).toBeGreaterThan(25)
    expect(runs).toBe(faultPoints * 9)
  })

  test.each(Object.entries(LOG_PLANTS))('%s is noticed', async (_name, plant) => {
    const { failures } = await exploreEventLog({ seed: 1, plant })
    expect(failures.length).toBeGreaterThan(0)
  })
})

describe('damage', () => {
  test('in the middle of what was synced is refused, wherever it is', async () => {
    for (let position = HEADER; position < HEADER + FRAME + 5; position += 1) {
      const disk = new FaultyFileSystem()
      const log = await open(disk)
      await log.append([text('first')])
      await log.append([text('second')])
      await log.close()
      disk.flipByte('/log/segment-000000000000.log', position)
      await expect(open(disk), `byte ${position}`).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
    }
  })

  test('in a header or a snapshot is refused', async () => {
    const disk = new FaultyFileSystem()
    const log = await open(disk)
    await log.append([text('first')])
    await log.compact({ nextIndex: 1, payload: text('state') })
    await log.close()
    disk.flipByte('/log/segment-000000000001.log', HEADER + FRAME)
    await expect(open(disk)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
    disk.flipByte('/log/segment-000000000001.log', HEADER + FRAME)
    disk.flipByte('/log/segment-000000000001.log', 8)
    await expect(open(disk)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })

  test('of an earlier segment, or its absence, is refused', async () => {
    const disk = new FaultyFileSystem()
    const log = await open(disk, 1)
    for (const word of ['a', 'b', 'c']) await log.append([text(word)])
    await log.close()
    disk.flipByte('/log/segment-000000000001.log', HEADER + FRAME)
    await expect(open(disk)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
    disk.flipByte('/log/segment-000000000001.log', HEADER + FRAME)
    await disk.remove('/log/segment-000000000001.log')
    await expect(open(disk)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
    await disk.remove('/log/segment-000000000000.log')
    await expect(open(disk)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })

  test('a torn tail is cut, even when a record imitates a frame', async () => {
    const disk = new FaultyFileSystem()
    const log = await open(disk)
    await log.append([text('kept')])
    await log.close()
    const size = HEADER + FRAME + 4
    const copied = await (await disk.open('/log/segment-000000000000.log', { mode: 'read' })).read(HEADER, FRAME + 4)
    const raw = await disk.open('/log/segment-000000000000.log', { mode: 'append' })
    await raw.append(Uint8Array.of(0x4b, 0x46, 0x52, 0x4d, 0xff, 0xff, 0xff, 0x7f))
    await raw.append(copied)
    const again = await open(disk)
    expect(again.nextIndex).toBe(1)
    expect(await (await disk.open('/log/segment-000000000000.log', { mode: 'read' })).size()).toBe(size)
  })
})

describe('limits', () => {
  test('appends beyond the memory for waiting ones are refused and leave no gap', async () => {
    const log = await openSegmentedEventLog(
      { fileSystem: new FaultyFileSystem(), random },
      { directory: '/log', pendingBytesMax: 100 },
    )
    const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map(async (word) => await log.append([text(word)])))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected'])
    expect(results[3]).toMatchObject({ reason: { code: 'STORE_OVERLOADED' } })
    expect(await log.append([text('e')])).toBe(2)
  })

  test('after a refused sync nothing more is accepted', async () => {
    const probe = new FaultyFileSystem()
    await open(probe)
    const disk = new FaultyFileSystem({ faults: [{ operation: probe.operationCount + 1, kind: 'fail' }] })
    const log = await open(disk)
    await expect(log.append([text('a')])).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    await expect(log.append([text('b')])).rejects.toMatchObject({ code: 'LOG_POISONED' })
    await expect(log.compact({ nextIndex: 1, payload: text('x') })).rejects.toMatchObject({ code: 'LOG_POISONED' })
  })
})
