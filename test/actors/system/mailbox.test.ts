import { fromTransition, type AnyEventObject } from 'xstate'
import { describe, expect, it } from 'vitest'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import type { MailboxPolicy } from '../../../src/actors/agent-definition.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

const collector = (atBound: MailboxPolicy, bound: number) =>
  defineAgent({
    name: 'collector',
    mailbox: { bound, atBound },
    logic: fromTransition((seen: readonly number[], event: { type: string; n: number }) => [...seen, event.n], []),
  })

function start(): { environment: SimulatedEnvironment; system: ReturnType<typeof createActorSystem> } {
  const environment = new SimulatedEnvironment()
  return { environment, system: createActorSystem({ environment }) }
}

const contextOf = (ref: ActorRef): unknown => (ref.getSnapshot() as { readonly context?: unknown }).context

describe('a full mailbox', () => {
  it('refuses, and the refused message is a dead letter', () => {
    const { environment, system } = start()
    const ref = system.spawn(collector('refuse', 2), { id: 'a' })
    expect([1, 2, 3].map((n) => ref.send({ type: 'n', n }))).toEqual([true, true, false])
    environment.settle()
    expect(contextOf(ref)).toEqual([1, 2])
    expect(system.deadLetters.recent()).toEqual([
      { target: ref.address, event: { type: 'n', n: 3 }, reason: 'mailbox-full' },
    ])
  })

  it('drops the newest without telling the sender', () => {
    const { environment, system } = start()
    const ref = system.spawn(collector('drop-newest', 2), { id: 'a' })
    expect([1, 2, 3].map((n) => ref.send({ type: 'n', n }))).toEqual([true, true, true])
    environment.settle()
    expect(contextOf(ref)).toEqual([1, 2])
    expect(system.deadLetters.count).toBe(1)
  })

  it('drops the oldest', () => {
    const { environment, system } = start()
    const ref = system.spawn(collector('drop-oldest', 2), { id: 'a' })
    expect([1, 2, 3, 4].map((n) => ref.send({ type: 'n', n }))).toEqual([true, true, true, true])
    environment.settle()
    expect(contextOf(ref)).toEqual([3, 4])
    expect(system.deadLetters.recent().map(({ event }) => event.n)).toEqual([1, 2])
  })

  it('is the same with a bound of one', () => {
    const { environment, system } = start()
    const ref = system.spawn(collector('drop-oldest', 1), { id: 'a' })
    for (const n of [1, 2, 3]) ref.send({ type: 'n', n })
    environment.settle()
    expect(contextOf(ref)).toEqual([3])
  })

  it('takes the turns of a sender away until there is room (credit), and loses nothing', () => {
    const { environment, system } = start()
    const target = system.spawn(collector('credit', 4), { id: 'target' })
    const order: string[] = []
    const producer = defineAgent({
      name: 'producer',
      logic: fromTransition((sent: number, event: { type: string }, { self }) => {
        order.push(event.type)
        target.send({ type: 'n', n: sent })
        if (sent < 99) self.send({ type: 'next' })
        return sent + 1
      }, 0),
    })
    system.spawn(producer, { id: 'producer' }).send({ type: 'next' })
    environment.settle()
    expect(contextOf(target)).toEqual(Array.from({ length: 100 }, (_, n) => n))
    expect(system.deadLetters.count).toBe(0)
    expect(order).toHaveLength(100)
  })

  it('never holds an actor for ever: two that flood each other are refused instead', () => {
    const { environment, system } = start()
    const refs: ActorRef[] = []
    let refused = 0
    const flooder = defineAgent({
      name: 'flooder',
      mailbox: { bound: 2, atBound: 'credit' },
      logic: fromTransition((left: number, event: { type: string; other: number }) => {
        if (left <= 0) return 0
        for (let n = 0; n < 3; n += 1)
          if (refs[event.other]?.send({ type: 'go', other: 1 - event.other }) !== true) refused += 1
        return left - 1
      }, 20),
    })
    refs.push(system.spawn(flooder, { id: 'a' }), system.spawn(flooder, { id: 'b' }))
    refs[0]?.send({ type: 'go', other: 1 })
    refs[1]?.send({ type: 'go', other: 0 })
    environment.settle()
    expect(refused).toBeGreaterThan(0)
    const before = refs.map(contextOf) as number[]
    for (const ref of refs) ref.send({ type: 'go', other: -1 })
    environment.settle()
    expect(refs.map(contextOf)).toEqual(before.map((left) => Math.max(0, left - 1)))
  })

  it('makes `deliver` wait for room with credit', async () => {
    const { environment, system } = start()
    const ref = system.spawn(collector('credit', 1), { id: 'a' })
    const delivered: number[] = []
    const all = Promise.all(
      [1, 2, 3].map(async (n) => {
        await ref.deliver({ type: 'n', n })
        delivered.push(n)
      }),
    )
    await Promise.resolve()
    expect(delivered).toEqual([1])
    for (let round = 0; round < 5; round += 1) {
      environment.settle()
      for (let tick = 0; tick < 5; tick += 1) await Promise.resolve()
    }
    await all
    environment.settle()
    expect(contextOf(ref)).toEqual([1, 2, 3])
  })
})

describe('a send', () => {
  it('of what is no event is a TypeError that says how to write it', () => {
    const { system } = start()
    const ref = system.spawn(collector('refuse', 2), { id: 'a' })
    expect(() => ref.send('go' as never)).toThrow("send { type: 'go' }")
    ref.send({ type: 'n', n: 1 })
    expect(() => ref.send(undefined as never)).toThrow(TypeError)
    expect(() => ref.send({} as never)).toThrow(TypeError)
  })

  it('to an actor that has ended is a dead letter', async () => {
    const { environment, system } = start()
    const ref = system.spawn(collector('refuse', 8), { id: 'a' })
    ref.send({ type: 'n', n: 1 })
    await ref.stop()
    expect(ref.send({ type: 'n', n: 2 })).toBe(false)
    environment.settle()
    expect(system.deadLetters.recent().map(({ event, reason }) => [event.n, reason])).toEqual([
      [1, 'stopped'],
      [2, 'stopped'],
    ])
  })

  it('gives other actors their turn after 64 messages, and keeps the order of each sender', () => {
    const { environment, system } = start()
    const log: string[] = []
    const logger = defineAgent({
      name: 'logger',
      logic: fromTransition(
        (_: undefined, event: { type: string; who: string }) => void log.push(event.who),
        undefined,
      ),
    })
    const first = system.spawn(logger, { id: 'first' })
    const second = system.spawn(logger, { id: 'second' })
    for (let n = 0; n < 200; n += 1) first.send({ type: 'x', who: `a${n}` })
    second.send({ type: 'x', who: 'b' })
    environment.settle()
    expect(log.indexOf('b')).toBe(64)
    expect(log.filter((who) => who !== 'b')).toEqual(Array.from({ length: 200 }, (_, n) => `a${n}`))
  })

  it('along a chain of a million hops does not grow the stack', () => {
    const { environment, system } = start()
    const hop = defineAgent({
      name: 'hop',
      logic: fromTransition((_: undefined, event: AnyEventObject, { self }) => {
        if (event.left > 0) self.send({ type: 'hop', left: event.left - 1 })
        else reached = true
        return undefined
      }, undefined),
    })
    let reached = false
    system.spawn(hop, { id: 'hop' }).send({ type: 'hop', left: 1_000_000 })
    environment.settle()
    expect(reached).toBe(true)
  })
})

describe('dead letters', () => {
  it('are bounded, newest kept, all counted, and told to who subscribes', async () => {
    const environment = new SimulatedEnvironment()
    const system = createActorSystem({ environment, deadLettersMax: 2 })
    const told: unknown[] = []
    system.deadLetters.subscribe(({ event }) => void told.push(event.n))
    system.deadLetters.subscribe(() => {
      throw new Error('listener')
    })
    const ref = system.spawn(collector('refuse', 8), { id: 'a' })
    await ref.stop()
    for (const n of [1, 2, 3]) ref.send({ type: 'n', n })
    expect(system.deadLetters.recent().map(({ event }) => event.n)).toEqual([2, 3])
    expect(system.deadLetters.count).toBe(3)
    expect(told).toEqual([1, 2, 3])
    expect(environment.errors).toHaveLength(3)
  })
})
