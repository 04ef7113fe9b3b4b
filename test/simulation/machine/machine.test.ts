import { expect, test } from 'vitest'
import { Machine } from '../../../src/simulation/machine/machine.ts'
import { drive } from '../../../src/simulation/run/drive.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'

function setUp(stop: () => Promise<void>) {
  const world = createWorld({ seed: 1 })
  const machine = new Machine(world, { name: 'm', boot: async () => await Promise.resolve({ stop }) })
  return { world, machine }
}

test('a machine that was stopped stays down, whoever wanted to start it before', async () => {
  const { world, machine } = setUp(async () => await Promise.resolve())
  await drive(world, machine.start())
  machine.restartIn(100)
  await drive(world, machine.stop())
  await world.run()
  expect([machine.isUp, machine.incarnation]).toEqual([false, 1])
  machine.restartIn(100)
  await world.run()
  expect([machine.isUp, machine.incarnation]).toEqual([true, 2])
})

test('a stop of a machine that is killed meanwhile comes to its end, and leaves the next process alone', async () => {
  const { world, machine } = setUp(async () => await new Promise<never>(() => undefined))
  await drive(world, machine.start())
  const stopped = machine.stop()
  world.schedule(10, {
    kind: 'kill',
    run: () => {
      machine.kill()
      machine.restartIn(0)
    },
  })
  await drive(world, stopped)
  await world.run()
  expect([machine.isUp, machine.incarnation]).toEqual([true, 2])
})

test('two processes of one name draw each their own', () => {
  const world = createWorld({ seed: 1 })
  const [one, other, third] = [world.createProcess('p'), world.createProcess('p'), world.createProcess('p')]
  expect(new Set([one, other, third].map(({ random }) => random.fraction())).size).toBe(3)
  expect([one.name, other.name, third.name]).toEqual(['p', 'p~2', 'p~3'])
})
