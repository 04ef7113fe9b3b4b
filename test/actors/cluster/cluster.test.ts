import { describe, expect, test } from 'vitest'
import type { ActorRef, Terminated } from '../../../src/actors/actor-ref.ts'
import { CodedError } from '../../../src/base/errors.ts'
import * as agents from '../threads/thread-agents.ts'
import { ClusterWorld, type ClusterNode } from './cluster-world.ts'

const all = [agents.recorder, agents.counter, agents.sender, agents.temporary, agents.brittle, agents.stillborn]

async function three(): Promise<{ world: ClusterWorld; a: ClusterNode; b: ClusterNode; c: ClusterNode }> {
  const world = new ClusterWorld(['a', 'b', 'c'], all)
  const [a, b, c] = [world.start('a'), world.start('b'), world.start('c')]
  await world.joined(a, b, c)
  return { world, a, b, c }
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : error
  }
}

const hostOf = (ref: ActorRef, ...nodes: readonly ClusterNode[]): string[] =>
  nodes.filter(({ cluster }) => cluster.members.length > 0 && isHosting(ref, cluster)).map(({ name }) => name)

function isHosting(ref: ActorRef, cluster: ClusterNode['cluster']): boolean {
  const { hosted } = (cluster as unknown as { parts: { hosted: { hosted: Map<string, { cell: ActorRef }> } } }).parts
  return [...hosted.hosted.values()].some(({ cell }) => cell.address === ref.address)
}

describe('an actor on another node', () => {
  test('is sent to, asked and stopped as if it were here', async () => {
    const { world, a, b } = await three()
    const ref = a.system.spawn(agents.recorder, { id: 'r', input: ['first'], placement: { node: 'b' } })
    for (let value = 0; value < 50; value += 1) expect(ref.send({ type: 'note', value })).toBe(true)
    const heard = ['first', ...Array.from({ length: 50 }, (_, value) => value)]
    expect(await world.settled(ref.ask({ type: 'recall' }))).toEqual({ type: 'recalled', heard })
    expect([ref.id, ref.address, a.system.get('r')]).toEqual(['r', 'kernell://a/0/r#1', ref])
    expect(hostOf(ref, a, b)).toEqual(['b'])
    const ends: Terminated[] = []
    ref.watch((end) => ends.push(end))
    await world.settled(ref.stop())
    await world.until(() => ends.length > 0)
    expect(ends).toEqual([{ type: 'kernell.terminated', id: 'r', address: ref.address, reason: 'stopped' }])
    expect([a.system.get('r'), ref.send({ type: 'note' })]).toEqual([undefined, false])
    expect([a.errors, b.errors]).toEqual([[], []])
  })

  test('is placed anew, once, when its node is cut off; whoever asked is told; what was not sent arrives', async () => {
    const { world, a, b, c } = await three()
    const ref = a.system.spawn(agents.recorder, { input: ['first'], placement: { cluster: true } })
    await world.settled(ref.ask({ type: 'recall' }))
    const [first = ''] = hostOf(ref, b, c)
    const other = first === 'b' ? 'c' : 'b'
    const restarts: string[] = []
    a.system.onSupervision((event) => restarts.push(event.type))
    world.cutOff(first)
    const asked = codeOf(ref.ask({ type: 'recall' }, { timeoutMs: 60_000 }))
    await world.until(() => hostOf(ref, b, c).includes(other))
    expect(await world.settled(asked)).toBe('ACTOR_NODE_LOST')
    expect(hostOf(ref, b, c)).toEqual([other])
    ref.send({ type: 'note', value: 1 })
    expect(await world.settled(ref.ask({ type: 'recall' }))).toEqual({ type: 'recalled', heard: ['first', 1] })
    expect(restarts).toEqual(['actor-restarted'])
    world.reconnect(first)
    await world.joined(a, b, c)
    await world.pass(5_000)
    expect(hostOf(ref, b, c)).toEqual([other])
  })

  test('ends with its node when it is temporary', async () => {
    const { world, a, b } = await three()
    const ref = a.system.spawn(agents.temporary, { placement: { node: 'b' } })
    await world.settled(ref.ask({ type: 'recall' }))
    const end = new Promise<Terminated>((resolve) => void ref.watch(resolve))
    b.owner.kill()
    const { reason, error } = await world.settled(end)
    expect([reason, CodedError.is(error) && error.code]).toEqual(['killed', 'ACTOR_NODE_LOST'])
  })

  test('ends when its home goes, or is cut off', async () => {
    const { world, a, b, c } = await three()
    const ref = a.system.spawn(agents.recorder, { placement: { node: 'b' } })
    await world.settled(ref.ask({ type: 'recall' }))
    await world.settled(a.system.stop())
    expect(hostOf(ref, b, c)).toEqual([])
    const second = c.system.spawn(agents.recorder, { placement: { node: 'b' } })
    await world.settled(second.ask({ type: 'recall' }))
    c.owner.kill()
    await world.until(() => hostOf(second, b).length === 0)
  })

  test('moves when its node leaves in order', async () => {
    const { world, a, b, c } = await three()
    const ref = a.system.spawn(agents.recorder, { placement: { cluster: true } })
    await world.settled(ref.ask({ type: 'recall' }))
    const [first] = hostOf(ref, b, c)
    const since = world.world.nowMs()
    await world.settled(first === 'b' ? b.system.stop() : c.system.stop())
    expect(await world.settled(ref.ask({ type: 'recall' }))).toMatchObject({ type: 'recalled' })
    // No lease was waited for.
    expect(world.world.nowMs() - since).toBeLessThan(500)
  })

  test('fails where it cannot start, and where it is not known', async () => {
    const { world, a } = await three()
    const end = (ref: ActorRef): Promise<Terminated> => new Promise((resolve) => void ref.watch(resolve))
    const unknown = await world.settled(end(a.system.spawn(agents.lamp, { placement: { node: 'b' } })))
    expect([unknown.reason, (unknown.error as CodedError).code]).toEqual(['failed', 'ACTOR_DEFINITION_UNKNOWN'])
    const stillborn = await world.settled(end(a.system.spawn(agents.stillborn, { placement: { node: 'b' } })))
    expect([stillborn.reason, (stillborn.error as CodedError).code]).toEqual(['failed', 'ACTOR_START_FAILED'])
    expect(() => a.system.spawn(agents.recorder, { placement: { node: 'z' } })).toThrow(/no node z/)
    expect(() => a.system.spawn(agents.recorder, { placement: { node: 'a' } })).toThrow(RangeError)
    expect(() => a.system.spawn(agents.recorder, { input: [() => 1], placement: { node: 'b' } })).toThrow(/input\[0\]/)
    const large = 'x'.repeat(600_000)
    expect(() => a.system.spawn(agents.recorder, { input: [large], placement: { node: 'b' } })).toThrow(/larger/)
  })
})

describe('references', () => {
  test('go to third nodes, and come home as what they were', async () => {
    const { world, a, b, c } = await three()
    const recorder = a.system.spawn(agents.recorder, { placement: { node: 'b' } })
    const sender = a.system.spawn(agents.sender, { placement: { node: 'c' } })
    sender.send({ type: 'send', to: recorder, event: { type: 'note', value: 'by c' } })
    const here = await world.settled(sender.ask<{ type: string; self: unknown }>({ type: 'where' }))
    expect(here.self).toBe(sender)
    await world.pass(1_000)
    expect(await world.settled(recorder.ask({ type: 'recall' }))).toMatchObject({ heard: ['by c'] })
    expect([a.errors, b.errors, c.errors]).toEqual([[], [], []])
  })

  test('to actors of a process that is gone reach nobody, whatever its next one has', async () => {
    const { world, a, b } = await three()
    const keeper = a.system.spawn(agents.recorder, { id: 'keeper' })
    const ref = a.system.spawn(agents.recorder, { placement: { node: 'b' } })
    ref.send({ type: 'note', value: keeper })
    const { heard } = await world.settled(ref.ask<{ type: string; heard: unknown[] }>({ type: 'recall' }))
    expect(heard).toEqual([keeper])
    expect(b.errors).toEqual([])
  })
})

describe('who may join', () => {
  test('only who knows the secret', async () => {
    const world = new ClusterWorld(['a', 'b'], all)
    const [a, b] = [world.start('a'), world.start('b', { secret: 'another secret of thirty-two bytes or more' })]
    await world.pass(5_000)
    expect([a, b].map(({ cluster }) => cluster.members[0]?.phase)).toEqual(['joining', 'joining'])
  })

  test('only who is configured', async () => {
    const world = new ClusterWorld(['a', 'b', 'c'], all)
    const a = world.start('a', { peers: ['b'] })
    world.start('c')
    await world.pass(5_000)
    expect(a.cluster.members.map(({ name, phase }) => [name, phase])).toEqual([['b', 'joining']])
  })

  test('a secret is long, and never shown', () => {
    const world = new ClusterWorld(['a', 'b'], all)
    expect(() => world.start('a', { secret: 'short' })).toThrow(/32 bytes/)
    try {
      world.start('b', { secret: 'short' })
    } catch (error: unknown) {
      expect(String(error)).not.toContain('short,')
    }
  })
})
