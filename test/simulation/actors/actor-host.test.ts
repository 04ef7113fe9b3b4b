import { fromTransition } from 'xstate'
import { expect, it } from 'vitest'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { ActorHost } from '../../../src/simulation/actors/actor-host.ts'
import { Machine } from '../../../src/simulation/machine/machine.ts'
import { drive } from '../../../src/simulation/run/drive.ts'
import { createWorld, type World } from '../../../src/simulation/world/world.ts'

type Add = { readonly type: 'add'; readonly by: number } | { readonly type: 'tell'; readonly replyTo?: ActorRef }

const counter = (durable: boolean) =>
  defineAgent({
    name: 'counter',
    durable,
    logic: fromTransition((sum: number, event: Add) => {
      if (event.type === 'add') {
        if (event.by < 0) throw new Error('not to be added')
        return sum + event.by
      }
      event.replyTo?.send({ type: 'sum', sum })
      return sum
    }, 0),
  })

async function setUp(isDurable: boolean, seed = 1): Promise<{ world: World; machine: Machine; host: ActorHost }> {
  const world = createWorld({ seed })
  const machine = new Machine(world, { name: 'box', boot: async () => await Promise.resolve({ stop: async () => {} }) })
  const count = { actors: 0 }
  const host = new ActorHost(
    { world, machine },
    {
      name: 'worker-1',
      isDurable,
      count,
      populate: (system) => void system.spawn(counter(isDurable), { id: 'counter' }),
    },
  )
  await drive(world, machine.start())
  await drive(world, host.boot())
  return { world, machine, host }
}

async function sumOf(world: World, host: ActorHost): Promise<unknown> {
  return await drive(world, Promise.resolve(host.system?.get('counter')?.ask({ type: 'tell' })))
}

it('a worker that dies is started again, and what it had in memory is gone', async () => {
  const { world, host } = await setUp(false)
  host.post('counter', { type: 'add', by: 5 })
  await world.run({ untilMs: world.nowMs() + 1 })
  expect(await sumOf(world, host)).toEqual({ type: 'sum', sum: 5 })
  host.kill()
  host.post('counter', { type: 'add', by: 7 })
  await world.run({ untilMs: world.nowMs() + 1 })
  expect([host.isAlive, host.system, host.counts]).toEqual([
    false,
    undefined,
    { started: 1, killed: 1, posted: 2, lost: 1 },
  ])
  await drive(world, host.boot())
  expect(await sumOf(world, host)).toEqual({ type: 'sum', sum: 0 })
})

it('a durable actor has what was acknowledged, whenever its worker or its machine dies', async () => {
  for (let seed = 0; seed < 12; seed += 1) {
    const { world, machine, host } = await setUp(true, seed)
    let acknowledged = 0
    const add = async (): Promise<void> => {
      await host.system?.get('counter')?.deliver({ type: 'add', by: 1 })
      acknowledged += 1
    }
    for (let round = 0; round < 4; round += 1) {
      add().catch(() => undefined)
      await world.run({ untilMs: world.nowMs() + 0.1 * (seed + 1) * (round + 1) })
    }
    if (seed % 2 === 0) host.kill()
    else machine.cutPower('mix')
    expect(host.isAlive).toBe(false)
    await drive(world, machine.start())
    await drive(world, host.boot())
    const { sum } = (await sumOf(world, host)) as { readonly sum: number }
    expect(sum).toBeGreaterThanOrEqual(acknowledged)
    expect(sum).toBeLessThanOrEqual(4)
  }
})

it('an actor that fails is started again by its supervisor, its worker goes on', async () => {
  const { world, host } = await setUp(false)
  host.post('counter', { type: 'add', by: 5 })
  host.post('counter', { type: 'add', by: -1 })
  host.post('counter', { type: 'add', by: 2 })
  await world.run({ untilMs: world.nowMs() + 1 })
  expect([host.isAlive, host.counts.started]).toEqual([true, 1])
  const { sum } = (await sumOf(world, host)) as { readonly sum: number }
  // The order of what is posted at one instant is the seed's.
  expect([0, 2, 5, 7]).toContain(sum)
})

it('a worker ends with its machine, and in good order when it is stopped', async () => {
  const { world, machine, host } = await setUp(true)
  await drive(world, Promise.resolve(host.system?.get('counter')?.deliver({ type: 'add', by: 3 })))
  await drive(world, host.stop())
  expect(host.isAlive).toBe(false)
  await drive(world, host.boot())
  expect(await sumOf(world, host)).toEqual({ type: 'sum', sum: 3 })
  machine.kill()
  expect(host.isAlive).toBe(false)
})
