import { describe, expect, it } from 'vitest'
import type { Did } from '../../../src/core/evidence/names.ts'
import { GOOD_LINK } from '../../../src/simulation/network/link-faults.ts'
import { SimulatedNetwork } from '../../../src/simulation/network/simulated-network.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'

const PROTOCOL = '/kernell/test/1.0.0'
const [NEAR, FAR] = ['did:key:near' as Did, 'did:key:far' as Did]

/** Two nodes, of which the far one writes down what reaches it. */
async function open(seed = 1) {
  const world = createWorld({ seed })
  const network = new SimulatedNetwork(world)
  const processes = { near: world.createProcess('near'), far: world.createProcess('far') }
  const near = network.createTransport(processes.near, { did: NEAR, name: 'near' })
  const far = network.createTransport(processes.far, { did: FAR, name: 'far' })
  await Promise.all([near.start(), far.start()])
  near.addPeer(FAR, '/sim/far')
  far.addPeer(NEAR, '/sim/near')
  const heard: number[] = []
  far.handle(PROTOCOL, async ({ body }) => {
    heard.push(body[0] ?? 0)
    return await Promise.resolve(body)
  })
  const said: string[] = []
  const ask = (value: number): void => {
    const question = { protocol: PROTOCOL, body: Uint8Array.of(value), timeoutMs: 1_000 }
    near.request(FAR, question).then(
      ([answer]) => said.push(`${value} ${answer ?? 'nothing'}`),
      (error: unknown) => said.push(`${value} ${(error as { readonly code: string }).code}`),
    )
  }
  return { world, network, processes, near, far, heard, said, ask }
}

describe('a link', () => {
  it('loses its share, and the asker hears so when its time is over', async () => {
    const { world, network, heard, said, ask } = await open()
    network.setLink(NEAR, FAR, { ...GOOD_LINK, loss: 0.25 })
    for (let value = 0; value < 200; value += 1) ask(value)
    await world.run()
    const lost = said.filter((line) => line.endsWith('NETWORK_TIMEOUT'))
    expect(lost.length).toBeGreaterThan(30)
    expect(lost.length).toBeLessThan(70)
    expect(heard).toHaveLength(200 - lost.length)
    // Besides, that nobody waits any more is said, and lost, as well.
    expect(network.counts.lost).toBeGreaterThanOrEqual(lost.length)
    expect(new Set(said).size).toBe(200)
  })

  it('brings messages twice, of which the asker takes one answer', async () => {
    const { world, network, heard, said, ask } = await open()
    network.setUsual({ ...GOOD_LINK, duplication: 1 })
    for (let value = 0; value < 10; value += 1) ask(value)
    await world.run()
    expect(heard).toHaveLength(20)
    expect(said.toSorted()).toEqual(Array.from({ length: 10 }, (_, value) => `${value} ${value}`))
  })

  it('lets messages overtake each other', async () => {
    const { world, network, heard, ask } = await open()
    network.setUsual({ ...GOOD_LINK, latencyMsMin: 0, latencyMsMax: 100 })
    for (let value = 0; value < 20; value += 1) ask(value)
    await world.run()
    const sorted = Array.from({ length: 20 }, (_, value) => value)
    expect(heard.toSorted((one, other) => one - other)).toEqual(sorted)
    expect(heard).not.toEqual(sorted)
    // Whoever comes behind a later one was overtaken, and nobody else.
    const overtaken = heard.filter((value, at) => heard.slice(0, at).some((earlier) => earlier > value))
    expect(network.countsOf(NEAR, FAR).overtaken).toBe(overtaken.length)
  })

  it('counts nobody as overtaken who keeps the order, lost or doubled', async () => {
    const { world, network, ask } = await open()
    network.setLink(NEAR, FAR, { latencyMsMin: 2, latencyMsMax: 2, loss: 0.3, duplication: 0.5 })
    network.setLink(FAR, NEAR, { ...GOOD_LINK, latencyMsMin: 2, latencyMsMax: 2 })
    for (let value = 0; value < 20; value += 1) world.schedule(value, { kind: 'ask', run: () => ask(value) })
    await world.run()
    expect(network.countsOf(NEAR, FAR)).toMatchObject({ sent: expect.any(Number), overtaken: 0 })
  })

  it('that is cut one way brings the question and not the answer', async () => {
    const { world, network, heard, said, ask } = await open()
    network.cut(FAR, NEAR)
    ask(1)
    await world.run()
    expect([heard, said, network.counts.cut]).toEqual([[1], ['1 NETWORK_TIMEOUT'], 1])
    network.heal(FAR, NEAR)
    ask(2)
    await world.run()
    expect(said.at(-1)).toBe('2 2')
  })

  it('that is clogged holds everything back, and then brings it', async () => {
    const { world, network, heard, said, ask } = await open()
    network.clog(NEAR, FAR, 500)
    ask(1)
    await world.run({ untilMs: 499 })
    expect(heard).toEqual([])
    await world.run()
    expect([heard, said]).toEqual([[1], ['1 1']])
  })

  it('is as all are when the world calms', async () => {
    const { world, network, said, ask } = await open()
    network.setUsual({ ...GOOD_LINK, loss: 1 })
    network.cut(NEAR, FAR)
    network.calm()
    ask(1)
    await world.run()
    expect(said).toEqual(['1 1'])
  })
})

describe('a process that dies', () => {
  it('answers nothing, hears nothing, and its address is free', async () => {
    const { world, network, processes, heard, said, ask } = await open()
    ask(1)
    world.schedule(0.5, { kind: 'kill', run: () => processes.far.kill() })
    await world.run()
    expect([heard, said]).toEqual([[], ['1 NETWORK_UNREACHABLE']])
    const next = network.createTransport(world.createProcess('far again'), { did: FAR, name: 'far' })
    next.handle(PROTOCOL, async ({ body }) => await Promise.resolve(body))
    await next.start()
    ask(2)
    await world.run()
    expect(said.at(-1)).toBe('2 2')
  })

  it('and comes back under another key is found out', async () => {
    const { world, network, processes, said, ask } = await open()
    processes.far.kill()
    const other = network.createTransport(world.createProcess('other'), { did: 'did:key:other' as Did, name: 'far' })
    await other.start()
    ask(1)
    await world.run()
    expect(said).toEqual(['1 NETWORK_PEER_WRONG'])
  })

  it('that asked hears no answer any more', async () => {
    const { world, processes, said, ask } = await open()
    ask(1)
    processes.near.kill()
    await world.run()
    expect(said).toEqual([])
  })
})

it('gives the same run for the same seed, faults and all', async () => {
  const play = async (seed: number): Promise<string> => {
    const { world, network, said, ask } = await open(seed)
    network.setUsual({ latencyMsMin: 0, latencyMsMax: 50, loss: 0.2, duplication: 0.2 })
    for (let value = 0; value < 100; value += 1) ask(value)
    await world.run()
    for (const line of said) world.note(line)
    return world.hash
  }
  expect(await play(9)).toBe(await play(9))
  expect(await play(9)).not.toBe(await play(10))
})
