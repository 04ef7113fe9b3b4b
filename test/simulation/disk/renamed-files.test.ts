import { expect, it } from 'vitest'
import { SimulatedDisk } from '../../../src/simulation/disk/simulated-disk.ts'
import { RenamedFiles } from '../../../src/simulation/disk/renamed-files.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'
import { during } from '../during.ts'

const WHOLE = new Uint8Array(64).fill(7)

/** Writes a file aside and renames it. @returns What a cut of the power behind that has lost. */
async function replace(syncs: readonly ('file' | 'names')[]): Promise<string | undefined> {
  const world = createWorld({ seed: 3 })
  const disk = new SimulatedDisk(world, 'd')
  const files = disk.fileSystem(world.createProcess('p'))
  const work = async (): Promise<void> => {
    await files.makeDirectory('/d')
    const file = await files.open('/d/a.tmp', { mode: 'create' })
    await file.append(WHOLE)
    if (syncs.includes('file')) await file.sync()
    await files.rename('/d/a.tmp', '/d/a')
    if (syncs.includes('names')) await files.syncDirectory('/d')
  }
  await during(world, work())
  return disk.cutPower('lose')
}

it('a file that was not synced before its rename is torn by a cut of the power, and found', async () => {
  expect(await replace(['names'])).toBe('/d/a got its name with 64 bytes, and they are not behind it any more')
})

it('one that was synced is whole, and one whose name was not synced is not there', async () => {
  expect(await replace(['file', 'names'])).toBeUndefined()
  expect(await replace(['file'])).toBeUndefined()
  expect(await replace([])).toBeUndefined()
})

it('behind a cut the old content may be back, until another one takes its place', () => {
  const [old, young] = [Uint8Array.of(1), Uint8Array.of(2)]
  const renamed = new RenamedFiles()
  renamed.renamed('t', '/d/a', { content: old, before: false })
  renamed.namesSynced('/d')
  renamed.renamed('t', '/d/a', { content: young, before: true })
  expect(renamed.findTorn(() => Uint8Array.of(1, 9))).toBeUndefined()
  renamed.namesSynced('/d')
  expect(renamed.findTorn(() => old)).toBeUndefined()
  expect(renamed.findTorn(() => young)).toContain('got its name')
})

it('what was there before no rename had brought it may be anything', () => {
  const renamed = new RenamedFiles()
  renamed.renamed('t', '/d/a', { content: Uint8Array.of(1), before: true })
  expect(renamed.findTorn(() => Uint8Array.of(3))).toBeUndefined()
})

it('what somebody else put below a folder is his, and that beside it is not', () => {
  const [named, others] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)]
  const renamed = new RenamedFiles()
  for (const path of ['/d/a', '/e/a']) renamed.renamed('t', path, { content: named, before: false })
  renamed.replacedBelow('/d')
  expect(renamed.findTorn((path) => (path === '/d/a' ? others : named))).toBeUndefined()
  expect(renamed.findTorn(() => others)).toContain('/e/a got its name')
})

it('a copy that is put back over a file that got its name is no torn one when the power is cut', async () => {
  const world = createWorld({ seed: 3 })
  const disk = new SimulatedDisk(world, 'd')
  const files = disk.fileSystem(world.createProcess('p'))
  await during(world, files.makeDirectory('/d'))
  const before = disk.copyOf('/d')
  const write = async (): Promise<void> => {
    const file = await files.open('/d/a.tmp', { mode: 'create' })
    await file.append(WHOLE)
    await file.sync()
    await files.rename('/d/a.tmp', '/d/a')
    await files.syncDirectory('/d')
  }
  await during(world, write())
  const copy = { ...before, files: new Map([['/d/a', Uint8Array.of(7)]]) }
  disk.putBack(copy)
  expect(disk.cutPower('lose')).toBeUndefined()
})
