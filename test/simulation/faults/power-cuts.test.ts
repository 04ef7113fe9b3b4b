import { expect, it } from 'vitest'
import { CheckBook } from '../../../src/simulation/checks/check-book.ts'
import type { PlannedFault } from '../../../src/simulation/faults/fault-plan.ts'
import { createSeededSignatures } from '../../../src/simulation/keys/seeded-signatures.ts'
import { SimulatedNetwork } from '../../../src/simulation/network/simulated-network.ts'
import { Stage } from '../../../src/simulation/scenario/stage.ts'
import { drawAttrition } from '../../../src/simulation/scenarios/chaos/attrition.ts'
import { PowerCuts } from '../../../src/simulation/faults/power-cuts.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'
import { streamOf } from '../../../src/simulation/world/seeded-random.ts'

const FAULT: PlannedFault = { id: 1, kind: 'power-cut', atMs: 0, forMs: 40, target: 'm', strength: 0 }

/** A machine that renames a file at 100 ms of its first process. */
async function open() {
  const world = createWorld({ seed: 1 })
  const checks = new CheckBook(() => ({ atMs: world.nowMs(), event: world.events }))
  const keys = createSeededSignatures(1)
  const network = new SimulatedNetwork(world)
  const stage = new Stage({ world, network, checks, signatures: 'seeded', keys, data: undefined })
  const starts: number[] = []
  const machine = stage.createMachine({
    name: 'm',
    boot: async (owner, { disk, incarnation }) => {
      starts.push(world.nowMs())
      const files = disk.fileSystem(owner)
      const write = async (): Promise<void> => {
        await files.makeDirectory('/d')
        await files.open('/d/a', { mode: 'create' })
        await files.rename('/d/a', '/d/b')
      }
      if (incarnation === 1) owner.timers.schedule(100, () => void write())
      return await Promise.resolve({ stop: async () => await Promise.resolve() })
    },
  })
  await machine.start()
  return { world, stage, machine, starts, cuts: new PowerCuts(stage) }
}

it('a cut comes at once, and the machine starts again', async () => {
  const { world, stage, machine, starts, cuts } = await open()
  cuts.inject({ ...FAULT, strength: 0.06 }, machine)
  expect(machine.running).toBeUndefined()
  await world.run()
  expect([starts, stage.faults]).toEqual([[0, 90], { 'power-cut': 1 }])
})

it('a cut that waits comes right behind the next new name of a file', async () => {
  const { world, stage, machine, cuts } = await open()
  cuts.inject({ ...FAULT, strength: 0.56 }, machine)
  await world.run({ untilMs: 99 })
  expect(machine.running).toBeDefined()
  await world.run({ untilMs: 103 })
  expect([machine.running, stage.faults]).toEqual([undefined, { 'power-cut': 1 }])
  cuts.relieve({ ...FAULT, strength: 0.56 }, machine)
  expect(stage.faults).toEqual({ 'power-cut': 1 })
})

it('a cut that has waited in vain comes when its time is over', async () => {
  const { world, stage, machine, cuts } = await open()
  cuts.inject({ ...FAULT, strength: 0.56 }, machine)
  await world.run({ untilMs: 40 })
  cuts.relieve({ ...FAULT, strength: 0.56 }, machine)
  expect([machine.running, stage.faults]).toEqual([undefined, { 'power-cut': 1 }])
})

it('power that has come back may fail once more', async () => {
  const { world, stage, machine, starts, cuts } = await open()
  cuts.inject({ ...FAULT, strength: 0.02 }, machine)
  await world.run()
  expect([starts.length, stage.faults]).toEqual([3, { 'power-cut': 2 }])
})

it('no seed leaves out the death of a machine of accounts', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const init = { nodes: ['a', 'b'], traders: [], keepers: [], untilMs: 4_000, firstId: 7 }
    const faults = drawAttrition(streamOf(seed, 'attrition'), init)
    expect(faults.map(({ id }) => id)).toEqual(faults.map((_, at) => 7 + at))
    for (const node of init.nodes) {
      const own = faults.filter(({ target }) => target === node)
      expect(own.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['process-death', 'power-cut', 'clock-jump']))
      for (const { atMs, forMs } of own) expect(atMs + forMs).toBeLessThan(init.untilMs)
    }
  }
})
