import { describe, expect, test } from 'vitest'
import type { VotePosition } from '../../../src/core/notary/position.ts'
import { HighWaterFile } from '../../../src/market/notary/high-water.ts'
import { type DiskFault, FaultyFileSystem, type PowerCut } from '../../../src/testing/faulty-file-system.ts'

const DIRECTORY = 'high-water'
const INSTANCES = ['a', 'b', 'c'].map((digit) => digit.repeat(32))
const position = (slot: number): VotePosition => ({ view: 0, slot, phase: 'commit' })

async function open(fileSystem: FaultyFileSystem, instance = INSTANCES[0] ?? ''): Promise<HighWaterFile> {
  return await HighWaterFile.open({ fileSystem, directory: DIRECTORY, instance })
}

/** Writes slots until one fails. @returns The last slot whose write was acknowledged. */
async function writeUntilFailure(file: HighWaterFile, slots: number): Promise<number> {
  let acknowledged = file.value?.position.slot ?? 0
  const from = acknowledged
  for (let slot = from + 1; slot <= from + slots; slot += 1) {
    try {
      await file.write({ epoch: 0, position: position(slot) })
      acknowledged = slot
    } catch {
      break
    }
  }
  return acknowledged
}

describe('the high-water file', () => {
  test('is read back as it was written last', async () => {
    const disk = new FaultyFileSystem()
    const file = await open(disk)
    expect(file.value).toBeUndefined()
    await file.write({ epoch: 3, position: position(1) })
    await file.write({ epoch: 3, position: { view: 1, slot: 2, phase: 'change' } })
    await file.close()
    const value = { epoch: 3, position: { view: 1, slot: 2, phase: 'change' }, instance: INSTANCES[0] }
    expect((await open(disk, INSTANCES[1])).value).toEqual(value)
  })

  test('stays small over many writes', async () => {
    const disk = new FaultyFileSystem()
    const file = await open(disk)
    expect(await writeUntilFailure(file, 1_500)).toBe(1_500)
    await file.close()
    expect((await disk.list(DIRECTORY)).filter((name) => name.startsWith('high'))).toEqual([
      'high-water-0',
      'high-water-1',
    ])
    for (const name of ['high-water-0', 'high-water-1']) {
      const opened = await disk.open(`${DIRECTORY}/${name}`, { mode: 'read' })
      expect(await opened.size()).toBeLessThanOrEqual(65_536)
    }
    expect((await open(disk)).value?.position).toEqual(position(1_500))
  })

  test('never forgets an acknowledged write, whatever operation fails and whatever the power cut leaves', async () => {
    let runs = 0
    for (const kind of ['fail', 'tear', 'crash'] as const) {
      for (const cut of ['lose', 'keep', 'mix'] as const) {
        for (let operation = 4; operation < 24; operation += 1) {
          expect(await survivesFault({ kind, operation }, cut), `${kind} ${operation} ${cut}`).toBe(true)
          runs += 1
        }
      }
    }
    expect(runs).toBe(180)
  })

  test('accepts nothing after a failed sync', async () => {
    const disk = new FaultyFileSystem({ faults: [{ operation: 6, kind: 'fail' }] })
    const file = await open(disk)
    const codes: unknown[] = []
    for (let slot = 1; slot <= 4; slot += 1) {
      await file
        .write({ epoch: 0, position: position(slot) })
        .catch((error: unknown) => codes.push(Reflect.get(Object(error), 'code')))
    }
    expect(codes.slice(-2)).toEqual(['LOG_POISONED', 'LOG_POISONED'])
  })

  test('that a second process opens is lost to the first at once', async () => {
    const disk = new FaultyFileSystem()
    const first = await open(disk, INSTANCES[0])
    await first.write({ epoch: 0, position: position(1) })
    const second = await open(disk, INSTANCES[1])
    await expect(first.write({ epoch: 0, position: position(2) })).rejects.toMatchObject({
      code: 'NOTARY_INSTANCE_OTHER',
    })
    await second.write({ epoch: 0, position: position(2) })
    expect((await open(disk, INSTANCES[2])).value?.instance).toBe(INSTANCES[1])
  })

  test('damaged in its middle is refused', async () => {
    const disk = new FaultyFileSystem()
    const file = await open(disk)
    await writeUntilFailure(file, 3)
    await file.close()
    const [name = ''] = (await disk.list(DIRECTORY)).filter((one) => one.startsWith('high'))
    disk.flipByte(`${DIRECTORY}/${name}`, 30)
    await expect(open(disk)).rejects.toMatchObject({ code: 'NOTARY_HIGH_WATER_DAMAGED' })
  })
})

async function survivesFault(fault: DiskFault, cut: PowerCut): Promise<boolean> {
  const disk = new FaultyFileSystem({ faults: [fault], seed: fault.operation })
  const file = await open(disk).catch(() => undefined)
  const acknowledged = file === undefined ? 0 : await writeUntilFailure(file, 4)
  disk.crash(cut)
  const again = await open(disk, INSTANCES[1])
  const found = again.value?.position.slot ?? 0
  // It goes on from there, and still knows it later.
  const later = await writeUntilFailure(again, 3)
  disk.crash('lose')
  const last = (await open(disk, INSTANCES[2])).value?.position.slot
  return found >= acknowledged && later === found + 3 && last === later
}
