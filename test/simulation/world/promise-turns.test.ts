import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Did } from '../../../src/core/evidence/names.ts'
import { SimulatedDisk } from '../../../src/simulation/disk/simulated-disk.ts'
import { SimulatedNetwork } from '../../../src/simulation/network/simulated-network.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve()
}

/**
 * Four machines that all begin something at one instant, each behind so many turns of its own promises: they ask each other, write to their disks and set timers, and go on when they hear.
 */
async function play(ticks: readonly number[]): Promise<string> {
  const world = createWorld({ seed: 5 })
  const network = new SimulatedNetwork(world)
  const dids = ticks.map((_, at) => `did:key:m${at}` as Did)
  const machines = dids.map((did, at) => {
    const owner = world.createProcess(`m${at}`)
    const files = new SimulatedDisk(world, `m${at}`).fileSystem(owner)
    const transport = network.createTransport(owner, { did, name: `m${at}` })
    transport.handle('/echo', async ({ body }) => {
      await turns(ticks[at] ?? 0)
      return body
    })
    return { at, owner, files, transport }
  })
  for (const { transport } of machines) {
    await transport.start()
    for (const [at, did] of dids.entries()) transport.addPeer(did, `/sim/m${at}`)
  }
  const bells = [0, 1, 2, 3].map(() => Promise.withResolvers<void>())
  const work = async ({ at, owner, files, transport }: (typeof machines)[number]): Promise<void> => {
    await files.makeDirectory('/x')
    for (const [round, bell] of bells.entries()) {
      await bell.promise
      await turns(ticks[at] ?? 0)
      owner.timers.schedule(5, () => undefined)
      const to = dids[(at + 1 + round) % dids.length]
      if (to === undefined) return
      const asked = transport.request(to, { protocol: '/echo', body: new Uint8Array([at, round]), timeoutMs: 1_000 })
      const file = await files.open(`/x/${round}`, { mode: 'create' })
      await turns(ticks[at] ?? 0)
      await file.append(await asked)
      await file.sync()
    }
  }
  for (const machine of machines) work(machine).catch((error: unknown) => world.fail(error))
  // One event wakes all of them, and all of them go on in its promises.
  for (const [round, bell] of bells.entries()) world.schedule(50 * (round + 1), { kind: 'bell', run: bell.resolve })
  await world.run()
  expect(world.failures).toEqual([])
  expect(world.events).toBeGreaterThan(100)
  return world.hash
}

it('machines that begin things at one instant do so in one order, however many turns their promises take', async () => {
  const expected = await play([0, 0, 0, 0])
  for (let more = 1; more <= 20; more += 1) expect(await play([0, more, 0, 0])).toBe(expected)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { minLength: 4, maxLength: 4 }), async (ticks) => {
      expect(await play(ticks)).toBe(expected)
    }),
    { seed: 2026, numRuns: 30 },
  )
})

it('promises of one process begin in one order what can be told apart, however many turns they take', async () => {
  const run = async (ticks: readonly number[]): Promise<string> => {
    const world = createWorld({ seed: 5 })
    const owner = world.createProcess('alone')
    const bell = Promise.withResolvers<void>()
    const work = async (at: number): Promise<void> => {
      await bell.promise
      await turns(ticks[at] ?? 0)
      // One delay each: what is the same in everything is one timer as well as another.
      owner.timers.schedule(5 + at, () => owner.timers.schedule(10 - at, () => world.note(`due ${at}`)))
    }
    for (const at of ticks.keys()) work(at).catch((error: unknown) => world.fail(error))
    world.schedule(1, { kind: 'bell', run: bell.resolve })
    await world.run()
    return world.hash
  }
  const expected = await run([0, 0, 0])
  for (const ticks of [
    [9, 0, 0],
    [0, 9, 0],
    [3, 2, 1],
  ])
    expect(await run(ticks)).toBe(expected)
})
