import { describe, expect, it, test } from 'vitest'
import { SimulatedDisk } from '../../../src/simulation/disk/simulated-disk.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import { FILE_SYSTEM_CASES } from '../../../src/testing/conformance/file-system-cases.ts'
import { during } from '../during.ts'

const slow = { latencyMsMin: 1, latencyMsMax: 5, refused: 0 }

describe('FileSystem: SimulatedDisk', () => {
  test.each(FILE_SYSTEM_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const world = createWorld({ seed: 1 })
    const fileSystem = new SimulatedDisk(world, 'd').fileSystem(world.createProcess('p'))
    await during(world, fileSystem.makeDirectory('/d'))
    await during(world, item.run({ fileSystem, directory: '/d' }))
  })
})

describe('a disk', () => {
  it('takes its time, one thing after the other', async () => {
    const world = createWorld({ seed: 1 })
    const disk = new SimulatedDisk(world, 'd')
    disk.setFaults({ ...slow, latencyMsMin: 4, latencyMsMax: 4 })
    const fileSystem = disk.fileSystem(world.createProcess('p'))
    await during(world, fileSystem.makeDirectory('/d'))
    const file = await during(world, fileSystem.open('/d/a', { mode: 'create' }))
    expect(world.nowMs()).toBe(8)
    await during(world, Promise.all([file.append(Uint8Array.of(1)), file.append(Uint8Array.of(2)), file.sync()]))
    expect(world.nowMs()).toBe(20)
    expect(await during(world, file.read(0, 9))).toEqual(Uint8Array.of(1, 2))
  })

  it('refuses its share of writes, and everything that does not fit any more', async () => {
    const world = createWorld({ seed: 1 })
    const disk = new SimulatedDisk(world, 'd')
    const fileSystem = disk.fileSystem(world.createProcess('p'))
    await during(world, fileSystem.makeDirectory('/d'))
    const file = await during(world, fileSystem.open('/d/a', { mode: 'create' }))
    disk.setFaults({ ...slow, freeBytes: 5 })
    await during(world, file.append(new Uint8Array(4)))
    await expect(during(world, file.append(new Uint8Array(2)))).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    await during(world, file.append(new Uint8Array(1)))
    expect(await during(world, file.size())).toBe(5)
    disk.setFaults({ ...slow, refused: 1 })
    await expect(during(world, file.sync())).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    expect(disk.counts.refused).toBe(2)
  })
})

describe('a journal on it', () => {
  /** Appends until the process is killed and the power fails. @returns What was acknowledged, and what another process finds. */
  async function crashAt(seed: number, killMs: number) {
    const world = createWorld({ seed })
    const disk = new SimulatedDisk(world, 'd')
    disk.setFaults(slow)
    const process = world.createProcess('first')
    const open = async (named: typeof process) =>
      await openSegmentedEventLog(
        { fileSystem: disk.fileSystem(named), random: named.random },
        { directory: '/d', segmentSizeBytesMax: 256 },
      )
    const acknowledged: number[] = []
    const write = async (): Promise<void> => {
      const log = await open(process)
      for (let next = 0; next < 100; next += 1) {
        await log.append([Uint8Array.of(next), new Uint8Array(next)])
        acknowledged.push(next)
      }
    }
    write().catch(() => undefined)
    await world.run({ untilMs: killMs })
    process.kill()
    disk.cutPower('mix')
    const log = await during(world, open(world.createProcess('second')))
    const found: number[] = []
    await during(
      world,
      (async () => {
        for await (const { index, payload } of log.read(0)) if (index % 2 === 0) found.push(payload[0] ?? -1)
      })(),
    )
    return { acknowledged, found, hash: world.hash }
  }

  it('has everything that was acknowledged, whenever the process dies with the power', async () => {
    const ends: number[] = []
    for (let seed = 0; seed < 60; seed += 1) {
      const { acknowledged, found } = await crashAt(seed, 5 + 9 * seed)
      expect(found.slice(0, acknowledged.length)).toEqual(acknowledged)
      // What was under way may be there as well, in its order.
      expect(found).toEqual(Array.from({ length: found.length }, (_, index) => index))
      expect(found.length - acknowledged.length).toBeLessThanOrEqual(1)
      ends.push(acknowledged.length)
    }
    expect(new Set(ends).size).toBeGreaterThan(20)
  })

  it('dies the same way for the same seed', async () => {
    expect(await crashAt(7, 200)).toEqual(await crashAt(7, 200))
  })
})
