import { fromTransition } from 'xstate'
import { describe, expect, it } from 'vitest'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import type { RestartInit } from '../../../src/actors/agent-definition.ts'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { spawnChildOf } from '../../../src/actors/inside.ts'
import type { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

function start() {
  const environment = new SimulatedEnvironment()
  const system = createActorSystem({ environment })
  const handled: string[] = []
  const worker = (restart: RestartInit = {}) =>
    defineAgent({
      name: 'worker',
      restart,
      logic: fromTransition((count: number, event: { type: string }, { self }) => {
        if (event.type === 'fail') throw new Error('broken')
        if (event.type === 'xstate.stop') handled.push(`end ${self.id}`)
        else handled.push(self.id)
        return count + 1
      }, 0),
    })
  return { environment, system, worker, handled, reasons: () => reasonsOf(system) }
}

const reasonsOf = (system: ActorSystem): readonly string[] =>
  system.deadLetters.recent().map(({ reason, event }) => `${reason} ${event.type}`)

function work(ref: ActorRef, times = 1): void {
  for (let n = 0; n < times; n += 1) ref.send({ type: 'work' })
}

/** Lets all happen that needs no time, the promise included. */
async function settled(environment: SimulatedEnvironment, stopped: Promise<void>): Promise<void> {
  environment.settle()
  await stopped
}

describe('a stop with drain', () => {
  it('of a supervisor handles what its children have, newest first', async () => {
    const { environment, system, worker, handled, reasons } = start()
    const supervisor = system.supervise({ id: 's', strategy: 'one-for-one' })
    const [a, b] = ['a', 'b'].map((id) => system.spawn(worker(), { id, supervisor }))
    if (a === undefined || b === undefined) throw new Error('two actors were spawned')
    work(a, 100)
    work(b, 100)
    await settled(environment, supervisor.stop({ drain: true }))
    expect(handled.filter((line) => line === 's/a')).toHaveLength(100)
    expect(handled.filter((line) => line === 's/b')).toHaveLength(100)
    expect(handled.filter((line) => line.startsWith('end'))).toEqual(['end s/b', 'end s/a'])
    expect(reasons()).toEqual([])
    expect(system.get('s')).toBeUndefined()
  })

  it('of a parent handles what it has, and then what it gave its children', async () => {
    const { environment, system, worker, handled, reasons } = start()
    const child = worker()
    const parent = defineAgent({
      name: 'parent',
      logic: fromTransition((_: undefined, event: { type: string }, { self }) => {
        if (event.type === 'go') work(spawnChildOf(self, child, { id: 'c' }), 100)
        if (event.type === 'xstate.stop') handled.push('end p')
        return undefined
      }, undefined),
    })
    const ref = system.spawn(parent, { id: 'p' })
    ref.send({ type: 'go' })
    await settled(environment, ref.stop({ drain: true }))
    expect(handled.filter((line) => line === 'p/c')).toHaveLength(100)
    expect(handled.slice(-2)).toEqual(['end p/c', 'end p'])
    expect(reasons()).toEqual([])
  })

  it('lets older children take messages until it is their turn, and nobody new come below a supervisor', async () => {
    const { environment, system, worker, handled, reasons } = start()
    const supervisor = system.supervise({ id: 's', strategy: 'one-for-one' })
    const older = system.spawn(worker(), { id: 'older', supervisor })
    const newer = defineAgent({
      name: 'newer',
      logic: fromTransition(() => work(older), undefined),
    })
    const ref = system.spawn(newer, { id: 'newer', supervisor })
    work(ref, 3)
    const stopped = supervisor.stop({ drain: true })
    expect(ref.send({ type: 'late' })).toBe(false)
    expect(() => system.spawn(worker(), { supervisor })).toThrow(
      expect.objectContaining({ code: 'ACTOR_SYSTEM_STOPPED' }),
    )
    await settled(environment, stopped)
    // The last one is what it sends when it is told to end.
    expect(handled).toEqual(['s/older', 's/older', 's/older', 's/older', 'end s/older'])
    expect(reasons()).toEqual(['draining late'])
  })

  it('is bounded for each child by its own time, and goes on with the next', async () => {
    const { environment, system, worker, handled, reasons } = start()
    const supervisor = system.supervise({ id: 's', strategy: 'one-for-one' })
    const backOff = { firstMs: 60_000, maxMs: 60_000 }
    const a = system.spawn(worker(), { id: 'a', supervisor })
    const stuck = system.spawn(worker({ shutdownMs: 8_000, backOff }), { id: 'stuck', supervisor })
    stuck.send({ type: 'fail' })
    work(stuck)
    environment.settle()
    const ends: string[] = []
    for (const ref of [a, stuck, supervisor])
      ref.watch(({ id, reason }) => void ends.push(`${environment.nowMs} ${id} ${reason}`))
    const stopped = supervisor.stop({ drain: true })
    environment.advance(7_900)
    work(a)
    environment.advance(200)
    await stopped
    expect(ends).toEqual(['8000 s/stuck killed', '8000 s/a stopped', '8000 s stopped'])
    expect(handled.filter((line) => line.endsWith('s/a'))).toEqual(['s/a', 'end s/a'])
    expect(reasons()).toEqual(['poison fail', 'stopped work'])
  })

  it('waits for a child that is restarted meanwhile', async () => {
    const { environment, system, worker, handled } = start()
    const supervisor = system.supervise({ id: 's', strategy: 'one-for-all' })
    const [a, b] = ['a', 'b'].map((id) =>
      system.spawn(worker({ backOff: { firstMs: 100, maxMs: 100 } }), { id, supervisor }),
    )
    if (a === undefined || b === undefined) throw new Error('two actors were spawned')
    work(a, 2)
    b.send({ type: 'fail' })
    work(b, 2)
    const stopped = supervisor.stop({ drain: true })
    environment.advance(200)
    await stopped
    expect(handled.filter((line) => line === 's/a')).toHaveLength(2)
    expect(handled.filter((line) => line === 's/b')).toHaveLength(2)
  })

  it('is over at once for one that has nothing, and when it is stopped without', async () => {
    const { environment, system, worker, handled, reasons } = start()
    const supervisor = system.supervise({ id: 's', strategy: 'one-for-one' })
    const refs = [0, 1, 2].map(() => system.spawn(worker(), { supervisor }))
    await supervisor.stop({ drain: true })
    expect(refs.map((ref) => ref.send({ type: 'late' }))).toEqual([false, false, false])
    const other = system.supervise({ id: 'o', strategy: 'one-for-one' })
    work(system.spawn(worker(), { id: 'a', supervisor: other }), 2)
    const drained = other.stop({ drain: true })
    await other.stop()
    await drained
    environment.settle()
    expect(handled.filter((line) => line === 'o/a')).toEqual([])
    expect(reasons().filter((line) => line === 'stopped work')).toHaveLength(2)
  })

  it('ordered by a child for the actor above it comes after its turn', async () => {
    const { environment, system, worker, handled } = start()
    const stops: Promise<void>[] = []
    const supervisor = system.supervise({ id: 's', strategy: 'one-for-one' })
    system.spawn(worker(), { id: 'idle', supervisor })
    const orders = defineAgent({
      name: 'orders',
      logic: fromTransition((_: undefined, event: { type: string }) => {
        if (event.type === 'stop') stops.push(supervisor.stop({ drain: true }))
        if (event.type === 'work') handled.push('after the order')
        return undefined
      }, undefined),
    })
    const ref = system.spawn(orders, { id: 'orders', supervisor })
    ref.send({ type: 'stop' })
    work(ref)
    environment.settle()
    expect(system.get('s')).toBeUndefined()
    await Promise.all(stops)
    expect(handled).toEqual(['after the order', 'end s/idle'])
  })

  it('of an actor whose idle child gives the order ends it without waiting for its time', async () => {
    const { environment, system, worker, handled } = start()
    const stops: Promise<void>[] = []
    const parent = system.spawn(worker(), { id: 'p' })
    const child = spawnChildOf(
      parent,
      defineAgent({
        name: 'child',
        logic: fromTransition((_: undefined, event: { type: string }) => {
          handled.push(`child ${event.type}`)
          if (event.type === 'stop') stops.push(parent.stop({ drain: true }))
          handled.push(`child made ${event.type}`)
          return undefined
        }, undefined),
      }),
    )
    child.send({ type: 'stop' })
    environment.settle()
    expect(system.get('p')).toBeUndefined()
    await Promise.all(stops)
    expect(handled).toEqual(['child stop', 'child made stop', 'child xstate.stop', 'child made xstate.stop', 'end p'])
  })

  it('is over when the actor itself orders a stop without', async () => {
    const { environment, system, worker, handled } = start()
    const stops: Promise<void>[] = []
    const agent = defineAgent({
      name: 'parent',
      logic: fromTransition((_: undefined, event: { type: string }, { self }) => {
        if (event.type === 'give') work(spawnChildOf(self, worker(), { id: 'c' }), 2)
        if (event.type === 'enough') stops.push((self as unknown as ActorRef).stop())
        return undefined
      }, undefined),
    })
    const parent = system.spawn(agent, { id: 'p' })
    for (const type of ['give', 'enough']) parent.send({ type })
    await settled(environment, parent.stop({ drain: true }))
    await Promise.all(stops)
    expect(handled).toEqual(['end p/c'])
  })

  it('goes down a chain of a hundred thousand without recursion', async () => {
    const { environment, system, worker, handled } = start()
    const agent = worker()
    const top = system.spawn(agent, { id: 'p' })
    let last: ActorRef = top
    for (let n = 0; n < 100_000; n += 1) last = spawnChildOf(last, agent)
    const bottom = () => last
    work(bottom(), 2)
    await settled(environment, top.stop({ drain: true }))
    expect(handled).toHaveLength(100_003)
    expect(environment.errors).toEqual([])
  })
})
