import { describe, expect, it, test } from 'vitest'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import { openJournalledStore } from '../../../src/simulation/disk/journalled-store.ts'
import { SimulatedDisk } from '../../../src/simulation/disk/simulated-disk.ts'
import { drive } from '../../../src/simulation/run/drive.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import { KEY_VALUE_STORE_CASES } from '../../../src/testing/conformance/key-value-store-cases.ts'

function opening(seed = 1) {
  const world = createWorld({ seed })
  const disk = new SimulatedDisk(world, 'node')
  const open = async (): Promise<KeyValueStore> => {
    const owner = world.createProcess('node')
    const fileSystem = disk.fileSystem(owner)
    return await drive(
      world,
      openSegmentedEventLog({ fileSystem, random: owner.random }, { directory: '/values' }).then(openJournalledStore),
    )
  }
  return { world, disk, open }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('the port', () => {
  test.each(KEY_VALUE_STORE_CASES)('$name', async ({ run }) => {
    const { world, open } = opening()
    const store = await open()
    await drive(world, run(store))
  })
})

describe('a disk that loses power', () => {
  it('keeps what was acknowledged, and of a batch all or nothing', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { world, disk, open } = opening(seed)
      const store = await open()
      const acknowledged: number[] = []
      for (let at = 0; at < 10; at += 1) {
        const pair = [1, 2].map((half) => ({ type: 'put', key: `${at}-${half}`, value: bytes('x') }) as const)
        store.batch(pair).then(
          () => acknowledged.push(at),
          () => undefined,
        )
      }
      await world.run({ eventsMax: seed })
      disk.cutPower()
      const again = await open()
      for (let at = 0; at < 10; at += 1) {
        const values = await drive(world, again.getMany([`${at}-1`, `${at}-2`]))
        expect(new Set(values.map((value) => value === undefined)).size).toBe(1)
        if (acknowledged.includes(at)) expect(values[0]).toEqual(bytes('x'))
      }
    }
  })

  it('replaces its journal by what it holds, and reads the same afterwards', async () => {
    const { world, open } = opening()
    const store = await open()
    for (let at = 0; at < 20; at += 1) await drive(world, store.put(`k${at % 5}`, bytes(`${at}`)))
    await drive(world, store.compact())
    await drive(world, store.put('later', bytes('y')))
    await drive(world, store.close())
    const again = await open()
    expect(await drive(world, again.get('k4'))).toEqual(bytes('19'))
    expect(await drive(world, again.get('later'))).toEqual(bytes('y'))
    expect(await drive(world, again.count())).toBe(6)
  })
})
