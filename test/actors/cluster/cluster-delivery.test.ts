import { describe, expect, test } from 'vitest'
import type { ActorRef, Terminated } from '../../../src/actors/actor-ref.ts'
import { ClusterLink, type ClusterLinkInit } from '../../../src/actors/cluster/cluster-link.ts'
import { batchBytes, CLUSTER_PROTOCOL } from '../../../src/actors/cluster/cluster-message.ts'
import { CodedError } from '../../../src/base/errors.ts'
import * as agents from '../threads/thread-agents.ts'
import { ClusterWorld, type ClusterNode } from './cluster-world.ts'

const all = [agents.recorder, agents.counter, agents.sender, agents.narrow]

async function three(): Promise<{ world: ClusterWorld; a: ClusterNode; b: ClusterNode; c: ClusterNode }> {
  const world = new ClusterWorld(['a', 'b', 'c'], all)
  const [a, b, c] = [world.start('a'), world.start('b'), world.start('c')]
  await world.joined(a, b, c)
  return { world, a, b, c }
}

const noErrors = (...nodes: readonly ClusterNode[]): void =>
  expect(nodes.map(({ errors }) => errors.length)).toEqual(nodes.map(() => 0))

describe('messages', () => {
  test('arrive once and in order over a bad network, from here and by way of a third node', async () => {
    const { world, a, b, c } = await three()
    const ref = a.system.spawn(agents.counter, { placement: { node: 'b' } })
    const sender = a.system.spawn(agents.sender, { placement: { node: 'c' } })
    await world.settled(ref.ask({ type: 'report' }))
    world.network.setUsual({ latencyMsMin: 1, latencyMsMax: 60, loss: 0.15, duplication: 0.3 })
    for (let round = 0; round < 20; round += 1) {
      for (let number = 0; number < 10; number += 1) ref.send({ type: 'count', from: 'a', number: round * 10 + number })
      sender.send({ type: 'go', to: ref, from: 'c', times: 10 })
      await world.pass(60)
    }
    world.network.calm()
    await world.pass(3_000)
    const report = await world.settled(ref.ask({ type: 'report' }))
    expect(report).toEqual({ type: 'reported', count: 400, faults: 0, last: { a: 199, c: 199 } })
    noErrors(a, b, c)
  })

  test('that are sent before a node is there wait for it', async () => {
    const world = new ClusterWorld(['a', 'b'], all)
    const a = world.start('a')
    const ref = a.system.spawn(agents.recorder, { placement: { cluster: true } })
    ref.send({ type: 'note', value: 1 })
    const asked = ref.ask({ type: 'recall' }, { timeoutMs: 60_000 })
    await world.pass(3_000)
    world.start('b')
    expect(await world.settled(asked)).toEqual({ type: 'recalled', heard: [1] })
  })

  test('for an actor that waits for a node are dead letters when it is stopped', async () => {
    const world = new ClusterWorld(['a', 'b'], all)
    const a = world.start('a')
    const ref = a.system.spawn(agents.recorder, { placement: { node: 'b' } })
    ref.send({ type: 'note', value: 1 })
    const end = new Promise<Terminated>((resolve) => void ref.watch(resolve))
    await world.settled(ref.stop())
    expect((await end).reason).toBe('stopped')
    expect(a.system.deadLetters.recent().map(({ reason }) => reason)).toEqual(['stopped'])
  })

  test('that a lost node may have had are dead letters, later ones reach the next place', async () => {
    const { world, a, b, c } = await three()
    const ref = a.system.spawn(agents.recorder, { placement: { cluster: true } })
    await world.settled(ref.ask({ type: 'recall' }))
    world.cutOff('b')
    world.cutOff('c')
    ref.send({ type: 'note', value: 'under way' })
    await world.pass(50)
    ref.send({ type: 'note', value: 'behind it' })
    await world.until(() => a.cluster.members.every(({ phase }) => phase === 'down'))
    ref.send({ type: 'note', value: 'later' })
    world.reconnect('b')
    world.reconnect('c')
    await world.joined(a, b, c)
    const answer = await world.settled(ref.ask({ type: 'recall' }, { timeoutMs: 60_000 }))
    expect(answer).toEqual({ type: 'recalled', heard: ['behind it', 'later'] })
    const letters = a.system.deadLetters.recent()
    expect(letters.map(({ reason, event }) => [reason, event['value']])).toEqual([['node-lost', 'under way']])
  })

  test('for a full mailbox with credit make senders wait, also those that send by way of a third node', async () => {
    const { world, a, b, c } = await three()
    const ref = a.system.spawn(agents.narrow, { placement: { node: 'b' } })
    const sender = a.system.spawn(agents.sender, { placement: { node: 'c' } })
    const waits = countWaits(c)
    await world.settled(sender.ask({ type: 'go', to: ref, from: 'c', times: 3_000 }))
    await world.pass(2_000)
    const report = await world.settled(ref.ask({ type: 'report' }))
    expect(report).toMatchObject({ count: 3_000, faults: 0 })
    expect([a, b, c].map(({ system }) => system.deadLetters.count)).toEqual([0, 0, 0])
    // Told to wait, and told to go on, as often as the other way round.
    expect([waits.full > 0, waits.room]).toEqual([true, waits.full])
  })
})

describe('an actor that is placed anew', () => {
  test('goes on from its last snapshot where that was asked for', async () => {
    const { world, a } = await three()
    const ref = a.system.spawn(agents.recorder, { placement: { cluster: true, resumeFrom: 'snapshot' } })
    ref.send({ type: 'note', value: 1 })
    await world.settled(ref.ask({ type: 'recall' }))
    await world.pass(500)
    const host = a.cluster.members.find(({ load }) => load > 0)?.name ?? ''
    const isAnew = new Promise<void>((resolve) => void a.system.onSupervision(() => resolve()))
    world.cutOff(host)
    await world.settled(isAnew)
    expect(await world.settled(ref.ask({ type: 'recall' }))).toEqual({ type: 'recalled', heard: [1] })
  })

  test('waits for the lease although another process has taken the place of the stopped one', async () => {
    const { world, a, b } = await three()
    const ref = a.system.spawn(agents.recorder, { placement: { node: 'b' } })
    await world.settled(ref.ask({ type: 'recall' }))
    const since = world.world.nowMs()
    const isAnew = new Promise<void>((resolve) => void a.system.onSupervision(() => resolve()))
    b.stopSwitch.stop()
    b.owner.kill()
    world.start('b')
    await world.settled(isAnew)
    // Eight heartbeats after the last one that was answered.
    expect(world.world.nowMs() - since).toBeGreaterThan(650)
  })
})

describe('whoever is lost or lies', () => {
  test('references to the actors of a lost node end, and its next process is somebody else', async () => {
    const { world, a, b } = await three()
    const own = b.system.spawn(agents.recorder, { id: 'own' })
    const keeper = a.system.spawn(agents.recorder, { id: 'keeper' })
    const courier = b.system.spawn(agents.sender, { placement: { node: 'a' } })
    courier.send({ type: 'send', to: keeper, event: { type: 'note', value: own } })
    const noted = b.system.spawn(agents.recorder, { placement: { node: 'a' }, input: [own] })
    await world.settled(noted.ask({ type: 'recall' }))
    const held = hostedInput(a)
    const end = new Promise<Terminated>((resolve) => void held.watch(resolve))
    b.owner.kill()
    const { reason, error } = await world.settled(end)
    expect([reason, CodedError.is(error) && error.code]).toEqual(['killed', 'ACTOR_NODE_LOST'])
    world.start('b').system.spawn(agents.recorder, { id: 'own' })
    await world.pass(3_000)
    expect(held.send({ type: 'note', value: 1 })).toBe(false)
  })

  test('a batch that cannot be read ends the session of its sender, and nothing else', async () => {
    const { world, a, b } = await three()
    const ref = a.system.spawn(agents.recorder, { placement: { node: 'b' } })
    await world.settled(ref.ask({ type: 'recall' }))
    const { transport } = (b.cluster as unknown as { init: { transport: Transport } }).init
    const session = sessionOf(b, 'c')
    const body = batchBytes({ session, first: 0, records: [Uint8Array.of(255, 255)] })
    const lied = transport.request(world.didOf('c'), { protocol: CLUSTER_PROTOCOL, body, timeoutMs: 1_000 })
    await expect(world.settled(lied)).rejects.toThrow()
    expect(await world.settled(ref.ask({ type: 'recall' }))).toMatchObject({ type: 'recalled' })
  })
})

type Transport = {
  request(to: unknown, question: { protocol: string; body: Uint8Array; timeoutMs: number }): Promise<Uint8Array>
}

/** How often the senders of a node are told to wait, and to go on. */
function countWaits({ cluster }: ClusterNode): { full: number; room: number } {
  const counts = { full: 0, room: 0 }
  const { router } = (cluster as unknown as { parts: { router: { setFull(ref: unknown, isFull: boolean): void } } })
    .parts
  const setFull = router.setFull.bind(router)
  router.setFull = (ref, isFull) => {
    counts[isFull ? 'full' : 'room'] += 1
    setFull(ref, isFull)
  }
  return counts
}

function hostedInput({ cluster }: ClusterNode): ActorRef {
  const { hosted } = (
    cluster as unknown as { parts: { hosted: { hosted: Map<string, { cell: { input: unknown } }> } } }
  ).parts
  const inputs = [...hosted.hosted.values()].map(({ cell }) => cell.input)
  return inputs.filter(Array.isArray).flat()[0] as ActorRef
}

function sessionOf({ cluster }: ClusterNode, name: string): string {
  const { peers } = (cluster as unknown as { parts: { peers: { name: string; session: string }[] } }).parts
  return peers.find((peer) => peer.name === name)?.session ?? ''
}

describe('a link', () => {
  const bare: ClusterLinkInit = {
    session: 's'.repeat(64),
    references: { encodeReference: () => undefined, decodeReference: () => undefined },
    send: async () => await new Promise(() => {}),
    pause: async () => await Promise.resolve(),
    homeOf: () => 0,
    receiver: { receive: () => {}, receiveControl: () => {} },
    onOverload: () => {},
  }

  test('takes each record once, in order, however often it comes', () => {
    const taken: unknown[] = []
    const sent: Uint8Array[] = []
    const near = new ClusterLink({
      ...bare,
      send: async (_first, records) => await new Promise(() => sent.push(...records)),
    })
    const far = new ClusterLink({
      ...bare,
      receiver: { ...bare.receiver, receive: (_home, number) => taken.push(number) },
    })
    for (const number of [1, 2, 3]) near.send(number, 0, { type: 'x' })
    return Promise.resolve().then(() => {
      expect(far.receive(1, sent.slice(1))).toBe(0)
      expect(far.receive(0, sent.slice(0, 2))).toBe(2)
      expect(far.receive(0, sent)).toBe(3)
      expect(far.receive(0, sent)).toBe(3)
      expect(taken).toEqual([1, 2, 3])
    })
  })

  test('gives back what was not taken, and says what may have been', async () => {
    const link = new ClusterLink(bare)
    link.send(1, 0, { type: 'x' })
    await Promise.resolve()
    await Promise.resolve()
    link.send(2, 0, { type: 'y' })
    expect(link.close().map(({ number, isUncertain }) => [number, isUncertain])).toEqual([
      [1, true],
      [2, false],
    ])
    expect(link.send(3, 0, { type: 'z' })).toBe(false)
  })

  test('has bounds: senders wait, then are refused', () => {
    const link = new ClusterLink(bare)
    const event = { type: 'x' }
    for (let number = 0; number < 1_024; number += 1) link.send(number, 0, event)
    expect(link.isWritable).toBe(false)
    for (let number = 1_024; number < 65_536; number += 1) link.send(number, 0, event)
    expect([link.send(0, 0, event), link.trySendControl({})]).toEqual([false, false])
  })

  test('refuses what cannot leave the machine, and what is too large', () => {
    const link = new ClusterLink(bare)
    class Own {}
    expect(() => link.send(1, 0, { type: 'x', own: new Own() })).toThrow(/own .*cannot leave this machine/)
    expect(() => link.send(1, 0, { type: 'x', text: 'x'.repeat(600_000) })).toThrow(/larger/)
    expect(link.isEmpty).toBe(true)
  })
})
