import { fromCallback, fromTransition } from 'xstate'
import { describe, expect, it } from 'vitest'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import type { RestartInit } from '../../../src/actors/agent-definition.ts'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

type Fragile = { readonly type: 'fail' | 'add' }

const INTENSITY = { restarts: 100, withinMs: 60_000 }

const fragile = (restart: RestartInit = {}) =>
  defineAgent({
    name: 'fragile',
    restart: { kind: 'permanent', ...restart },
    logic: fromTransition((count: number, event: Fragile) => {
      if (event.type === 'fail') throw new Error('broken')
      return event.type === 'add' ? count + 1 : count
    }, 0),
  })

const slow = fragile({ backOff: { firstMs: 1_000, maxMs: 1_000 } })

function start() {
  const environment = new SimulatedEnvironment()
  const system = createActorSystem({ environment })
  const seen: string[] = []
  system.onSupervision(({ type, id }) => void seen.push(`${environment.nowMs} ${type} ${id}`))
  const restartsOf = (id: string): string[] => seen.filter((line) => line.endsWith(`actor-restarted ${id}`))
  return { environment, system, restartsOf }
}

function send(ref: ActorRef, type: Fragile['type'], times = 1): void {
  for (let n = 0; n < times; n += 1) ref.send({ type })
}

const countOf = (ref: ActorRef): unknown => (ref.getSnapshot() as { readonly context?: unknown }).context
const statusOf = (ref: ActorRef): unknown => ref.getSnapshot().status

describe('a restart that waits for its back-off', () => {
  it('comes once, also when a sibling fails meanwhile and the two are restarted together', () => {
    const { environment, system, restartsOf } = start()
    const supervisor = system.supervise({ id: 'sup', strategy: 'rest-for-one', intensity: INTENSITY })
    const a = system.spawn(fragile(), { id: 'A', supervisor })
    const b = system.spawn(slow, { id: 'B', supervisor })
    send(b, 'fail')
    environment.advance(10)
    send(a, 'fail')
    environment.advance(10)
    send(b, 'add', 5)
    environment.advance(5_000)
    expect(countOf(b)).toBe(5)
    expect(restartsOf('sup/B')).toEqual(['1000 actor-restarted sup/B'])
    expect(restartsOf('sup/A')).toEqual(['10 actor-restarted sup/A'])
  })

  it('is forgotten when its supervisor begins again before', () => {
    const { environment, system, restartsOf } = start()
    const top = system.supervise({ id: 'top', strategy: 'one-for-all', intensity: INTENSITY })
    const supervisor = system.supervise({ id: 'sup', strategy: 'one-for-one', intensity: INTENSITY, supervisor: top })
    const x = system.spawn(slow, { id: 'X', supervisor })
    const y = system.spawn(fragile(), { id: 'Y', supervisor: top })
    send(x, 'fail')
    environment.advance(10)
    send(y, 'fail')
    environment.advance(10)
    send(x, 'add', 7)
    environment.advance(5_000)
    expect(countOf(x)).toBe(7)
    expect(restartsOf('top/sup/X')).toEqual(['10 actor-restarted top/sup/X'])
  })

  it('never lets a logic run twice', () => {
    const { environment, system } = start()
    let running = 0
    const most: number[] = []
    const logic = fromCallback(({ receive }) => {
      running += 1
      most.push(running)
      receive((event) => {
        if (event.type === 'fail') throw new Error('broken')
      })
      return () => {
        running -= 1
      }
    })
    const agent = defineAgent({ name: 'callback', logic, restart: 'permanent' })
    const supervisor = system.supervise({ strategy: 'rest-for-one', intensity: INTENSITY })
    const a = system.spawn(fragile(), { id: 'A', supervisor })
    const b = system.spawn(slow, { id: 'B', supervisor })
    system.spawn(agent, { id: 'C', supervisor })
    send(b, 'fail')
    environment.advance(10)
    send(a, 'fail')
    environment.advance(5_000)
    expect(most).toEqual([1, 1])
    expect(running).toBe(1)
  })

  it('of one child holds back only itself one-for-one, younger ones rest-for-one, and all one-for-all', () => {
    const shown = (['one-for-one', 'rest-for-one', 'one-for-all'] as const).map((strategy) => {
      const { environment, system } = start()
      const supervisor = system.supervise({ id: 's', strategy, intensity: INTENSITY })
      const refs = [fragile(), slow, fragile()].map((agent) => system.spawn(agent, { supervisor }))
      for (const ref of refs) send(ref, 'add', 2)
      environment.settle()
      const [, middle] = refs
      if (middle !== undefined) send(middle, 'fail')
      environment.settle()
      for (const ref of refs) send(ref, 'add')
      environment.advance(500)
      const before = refs.map(countOf)
      environment.advance(1_000)
      return [strategy, before, refs.map(countOf)]
    })
    expect(shown).toEqual([
      ['one-for-one', [3, 2, 3], [3, 1, 3]],
      ['rest-for-one', [3, 2, 2], [3, 1, 1]],
      ['one-for-all', [2, 2, 2], [1, 1, 1]],
    ])
  })

  it('of one that is ended meanwhile holds the others back no longer, and they start once', async () => {
    const { environment, system, restartsOf } = start()
    const supervisor = system.supervise({ id: 's', strategy: 'one-for-all', intensity: INTENSITY })
    const a = system.spawn(slow, { id: 'A', supervisor })
    const b = system.spawn(fragile(), { id: 'B', supervisor })
    send(a, 'fail')
    environment.advance(10)
    await a.stop()
    send(b, 'add')
    environment.advance(100)
    expect(countOf(b)).toBe(1)
    environment.advance(5_000)
    expect([restartsOf('s/A').length, restartsOf('s/B').length, countOf(b)]).toEqual([0, 1, 1])
  })

  it('comes to nothing when its supervisor ends', async () => {
    const { environment, system, restartsOf } = start()
    const supervisor = system.supervise({ id: 's', strategy: 'one-for-all', intensity: INTENSITY })
    const a = system.spawn(slow, { id: 'A', supervisor })
    const b = system.spawn(fragile(), { id: 'B', supervisor })
    send(a, 'fail')
    environment.advance(10)
    await supervisor.stop()
    environment.advance(5_000)
    expect([restartsOf('s/A'), restartsOf('s/B')]).toEqual([[], []])
    expect(b.send({ type: 'add' })).toBe(false)
  })
})

describe('a supervisor that waits for its own restart', () => {
  it('leaves alone what is spawned below it meanwhile', () => {
    const { environment, system, restartsOf } = start()
    const top = system.supervise({ id: 'top', strategy: 'one-for-all', intensity: INTENSITY })
    const supervisor = system.supervise({ id: 's', strategy: 'one-for-one', intensity: INTENSITY, supervisor: top })
    const a = system.spawn(fragile(), { id: 'A', supervisor })
    const other = system.spawn(slow, { id: 'B', supervisor: top })
    send(other, 'fail')
    environment.advance(10)
    const late = system.spawn(fragile(), { id: 'late', supervisor })
    send(late, 'add')
    environment.advance(2_000)
    expect([countOf(a), countOf(late)]).toEqual([0, 1])
    expect([restartsOf('top/s/A').length, restartsOf('top/s/late').length]).toEqual([1, 0])
  })
})

describe('a start that fails', () => {
  const failsAt = (starts: readonly number[]) => {
    let count = 0
    return defineAgent({
      name: 'starter',
      restart: 'permanent',
      logic: fromTransition(
        (state: number, event: Fragile) => {
          if (event.type === 'fail') throw new Error('broken')
          return event.type === 'add' ? state + 1 : state
        },
        () => {
          count += 1
          if (starts.includes(count)) throw new Error('no start')
          return 0
        },
      ),
    })
  }

  it('is tried again, and the younger siblings wait for it', () => {
    const { environment, system, restartsOf } = start()
    const supervisor = system.supervise({ id: 's', strategy: 'rest-for-one', intensity: INTENSITY })
    const a = system.spawn(failsAt([2, 3]), { id: 'A', supervisor })
    const b = system.spawn(fragile(), { id: 'B', supervisor })
    send(b, 'add')
    environment.settle()
    send(a, 'fail')
    environment.settle()
    expect([restartsOf('s/A').length, restartsOf('s/B').length]).toEqual([1, 1])
    expect([statusOf(a), countOf(b)]).toEqual(['active', 0])
  })

  it('while siblings end lets none start before they have', () => {
    const { environment, system } = start()
    const supervisor = system.supervise({ id: 's', strategy: 'rest-for-one', intensity: INTENSITY })
    const order: string[] = []
    let hasFailed = false
    const late = defineAgent({
      name: 'late',
      restart: 'permanent',
      logic: fromCallback(() => {
        order.push('late starts')
        if (hasFailed) return
        hasFailed = true
        throw new Error('no start')
      }),
    })
    const first = defineAgent({
      name: 'first',
      restart: 'permanent',
      logic: fromTransition(
        (): undefined => {
          throw new Error('broken')
        },
        () => void order.push('first starts'),
      ),
    })
    const leaving = defineAgent({
      name: 'leaving',
      logic: fromTransition((_: undefined, event: { type: string }) => {
        if (event.type !== 'xstate.stop') return undefined
        system.spawn(late, { id: 'late', supervisor })
        order.push('second ended')
        return undefined
      }, undefined),
    })
    const a = system.spawn(first, { id: 'A', supervisor })
    system.spawn(leaving, { id: 'B', supervisor })
    send(a, 'fail')
    environment.settle()
    expect(order).toEqual(['first starts', 'late starts', 'second ended', 'first starts', 'late starts'])
  })

  it('too often makes the supervisor fail, and each child starts once with it', () => {
    const { environment, system, restartsOf } = start()
    const intensity = { restarts: 2, withinMs: 1_000 }
    const supervisor = system.supervise({ id: 's', strategy: 'one-for-all', intensity })
    const a = system.spawn(fragile(), { id: 'A', supervisor })
    const b = system.spawn(failsAt([2, 3]), { id: 'B', supervisor })
    const c = system.spawn(fragile(), { id: 'C', supervisor })
    send(a, 'fail')
    environment.settle()
    expect(restartsOf('s')).toHaveLength(1)
    expect([restartsOf('s/B').length, restartsOf('s/C').length]).toEqual([1, 1])
    expect([a, b, c].map(statusOf)).toEqual(['active', 'active', 'active'])
  })
})
