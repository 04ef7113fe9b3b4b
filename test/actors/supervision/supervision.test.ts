import { fromTransition } from 'xstate'
import { describe, expect, it } from 'vitest'
import type { ActorRef, Terminated } from '../../../src/actors/actor-ref.ts'
import type { RestartInit } from '../../../src/actors/agent-definition.ts'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { linkActors, spawnChildOf, stash, unstashAll } from '../../../src/actors/inside.ts'
import type { SupervisionEvent } from '../../../src/actors/supervision/supervision-event.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

type Fragile = { readonly type: 'fail' | 'add' }

const fragile = (restart: RestartInit | RestartInit['kind'] = 'transient') =>
  defineAgent({
    name: 'fragile',
    ...(restart !== undefined && { restart }),
    logic: fromTransition((count: number, event: Fragile) => {
      if (event.type === 'fail') throw new Error('broken')
      return event.type === 'add' ? count + 1 : count
    }, 0),
  })

function start() {
  const environment = new SimulatedEnvironment()
  const system = createActorSystem({ environment })
  const events: SupervisionEvent[] = []
  system.onSupervision((event) => void events.push(event))
  return { environment, system, events, kinds: () => events.map(({ type, id }) => `${type} ${id}`) }
}

const countOf = (ref: ActorRef): unknown => (ref.getSnapshot() as { readonly context?: unknown }).context
const statusOf = (ref: ActorRef): unknown => ref.getSnapshot().status

describe('an actor that fails', () => {
  it('is restarted with its first state, its reference and its mailbox', () => {
    const { environment, system, kinds } = start()
    const ref = system.spawn(fragile(), { id: 'a' })
    for (const type of ['add', 'add', 'fail', 'add'] as const) ref.send({ type })
    environment.settle()
    expect(countOf(ref)).toBe(1)
    expect(kinds()).toEqual(['actor-failed a', 'actor-restarted a'])
    expect(system.get('a')).toBe(ref)
    expect(system.deadLetters.recent()).toMatchObject([{ event: { type: 'fail' }, reason: 'poison' }])
  })

  it('is ended when it is temporary, and its watchers are told why', () => {
    const { environment, system } = start()
    const ref = system.spawn(fragile('temporary'), { id: 'a' })
    const seen: Terminated[] = []
    ref.watch((terminated) => void seen.push(terminated))
    ref.send({ type: 'fail' })
    environment.settle()
    expect(seen).toMatchObject([{ type: 'kernell.terminated', id: 'a', reason: 'failed', error: new Error('broken') }])
    expect(statusOf(ref)).toBe('error')
    expect(system.get('a')).toBeUndefined()
  })

  it('is ended after more restarts than its supervisor makes within its period, and somebody hears of it', () => {
    const { environment, system, kinds } = start()
    const ref = system.spawn(fragile(), { id: 'a' })
    for (let n = 0; n < 4; n += 1) ref.send({ type: 'fail' })
    environment.settle()
    expect(kinds().slice(-2)).toEqual(['restart-intensity-exceeded a', 'actor-lost a'])
    expect(statusOf(ref)).toBe('error')
    expect(ref.getSnapshot().error).toMatchObject({ message: 'broken' })
  })

  it('lives when its failures are far apart', () => {
    const { environment, system } = start()
    const ref = system.spawn(fragile(), { id: 'a' })
    for (let n = 0; n < 20; n += 1) {
      ref.send({ type: 'fail' })
      environment.advance(2_000)
    }
    expect(statusOf(ref)).toBe('active')
  })

  it('waits its back-off before it starts again, and keeps what is sent meanwhile', () => {
    const { environment, system } = start()
    const ref = system.spawn(fragile({ backOff: { firstMs: 100, maxMs: 1_000 } }), { id: 'a' })
    ref.send({ type: 'fail' })
    ref.send({ type: 'add' })
    environment.advance(90)
    ref.send({ type: 'add' })
    environment.settle()
    expect(statusOf(ref)).toBe('error')
    environment.advance(20)
    expect(countOf(ref)).toBe(2)
  })

  it('gets the message again as often as its definition says, then it is a dead letter', () => {
    const { environment, system, kinds } = start()
    const ref = system.spawn(fragile({ redeliveries: 2 }), { id: 'a' })
    ref.send({ type: 'fail' })
    ref.send({ type: 'add' })
    environment.settle()
    expect(kinds().filter((kind) => kind === 'actor-failed a')).toHaveLength(3)
    expect(countOf(ref)).toBe(1)
    expect(system.deadLetters.recent().map(({ reason }) => reason)).toEqual(['poison'])
  })

  it('takes its linked partner with it', () => {
    const { environment, system } = start()
    const [a, b] = [system.spawn(fragile('temporary'), { id: 'a' }), system.spawn(fragile('temporary'), { id: 'b' })]
    linkActors(a, b)
    b.send({ type: 'fail' })
    environment.settle()
    expect([a, b].map((ref) => system.get(ref.id))).toEqual([undefined, undefined])
  })
})

describe('a supervisor', () => {
  it.each([
    ['one-for-one', [5, 0, 5]],
    ['one-for-all', [0, 0, 0]],
    ['rest-for-one', [5, 0, 0]],
  ] as const)('%s restarts those that its strategy names', (strategy, counts) => {
    const { environment, system } = start()
    const supervisor = system.supervise({ id: 's', strategy })
    const refs = ['a', 'b', 'c'].map((id) => system.spawn(fragile(), { id, supervisor }))
    for (const ref of refs) for (let n = 0; n < 5; n += 1) ref.send({ type: 'add' })
    environment.settle()
    refs[1]?.send({ type: 'fail' })
    environment.settle()
    expect(refs.map(countOf)).toEqual(counts)
  })

  it('fails itself when children fail too often, and its own supervisor restarts it with them', () => {
    const { environment, system, kinds } = start()
    const supervisor = system.supervise({
      id: 's',
      strategy: 'one-for-one',
      intensity: { restarts: 1, withinMs: 1_000 },
    })
    const [a, b] = ['a', 'b'].map((id) => system.spawn(fragile(), { id, supervisor }))
    if (a === undefined || b === undefined) throw new Error('two actors were spawned')
    b.send({ type: 'add' })
    a.send({ type: 'fail' })
    a.send({ type: 'fail' })
    environment.settle()
    expect(kinds()).toEqual([
      'actor-failed s/a',
      'actor-restarted s/a',
      'actor-failed s/a',
      'restart-intensity-exceeded s/a',
      'actor-failed s',
      'actor-restarted s',
      'actor-restarted s/a',
      'actor-restarted s/b',
    ])
    a.send({ type: 'add' })
    environment.settle()
    expect([countOf(a), countOf(b)]).toEqual([1, 0])
  })

  it('ends its children newest first, and children before parents', async () => {
    const { environment, system } = start()
    const order: string[] = []
    const parent = defineAgent({
      name: 'parent',
      logic: fromTransition((made: number, event: { type: string }, { self }) => {
        if (event.type === 'make') spawnChildOf(self, parent, { id: `c${made}` })
        if (event.type === 'xstate.stop') order.push(self.id)
        return made + 1
      }, 0),
    })
    const ref = system.spawn(parent, { id: 'p' })
    ref.send({ type: 'make' })
    ref.send({ type: 'make' })
    environment.settle()
    await ref.stop()
    expect(order).toEqual(['p/c1', 'p/c0', 'p'])
  })

  it('ends a chain of a hundred thousand, each the child of the one before, without recursion', async () => {
    const { system } = start()
    let parent: ActorRef = system.spawn(fragile(), { id: 'p' })
    const top = parent
    const last = () => parent
    for (let n = 0; n < 100_000; n += 1) parent = spawnChildOf(parent, fragileOnce)
    await top.stop()
    expect(last().send({ type: 'add' })).toBe(false)
    expect(system.get('p')).toBeUndefined()
  })
})

const fragileOnce = fragile()

describe('a listener of supervision', () => {
  it('that throws is reported, and stops neither the supervisor nor other actors', () => {
    const { environment, system } = start()
    system.onSupervision(() => {
      throw new Error('listener')
    })
    const [a, b] = ['a', 'b'].map((id) => system.spawn(fragile(), { id }))
    a?.send({ type: 'fail' })
    a?.send({ type: 'add' })
    b?.send({ type: 'add' })
    environment.settle()
    expect([a, b].map((ref) => ref && countOf(ref))).toEqual([1, 1])
    expect(environment.errors).toHaveLength(2)
  })
})

describe('supervise', () => {
  it('refuses what it could not carry out later', () => {
    const { system } = start()
    expect(() => system.supervise({ strategy: 'one_for_all' as never })).toThrow(RangeError)
    for (const restarts of [Number.NaN, -1]) {
      const intensity = { restarts, withinMs: 1_000 }
      expect(() => system.supervise({ strategy: 'one-for-one', intensity })).toThrow(RangeError)
    }
  })

  it('gives a supervisor that is restarted an empty history', () => {
    const { environment, system, kinds } = start()
    const supervisor = system.supervise({
      id: 's',
      strategy: 'one-for-one',
      intensity: { restarts: 1, withinMs: 1_000 },
    })
    const a = system.spawn(fragile(), { id: 'a', supervisor })
    for (let n = 0; n < 3; n += 1) a.send({ type: 'fail' })
    environment.settle()
    expect(kinds().filter((kind) => kind === 'actor-failed s')).toHaveLength(1)
    expect(countOf(a)).toBe(0)
  })
})

describe('a stop', () => {
  it('from within the actor itself comes after the step', () => {
    const { environment, system } = start()
    const steps: string[] = []
    const stops: Promise<void>[] = []
    const leaver = defineAgent({
      name: 'leaver',
      logic: fromTransition((_: undefined, event: { type: string }, { self, system: mine }) => {
        if (event.type === 'leave') {
          stops.push((mine as unknown as { get(id: string): ActorRef }).get(self.id).stop())
          steps.push('after the order')
        } else steps.push(event.type)
        return undefined
      }, undefined),
    })
    const ref = system.spawn(leaver, { id: 'a' })
    ref.send({ type: 'leave' })
    ref.send({ type: 'late' })
    environment.settle()
    expect(steps).toEqual(['after the order', 'xstate.stop'])
    expect(system.deadLetters.recent().map(({ event }) => event.type)).toEqual(['late'])
  })

  it('with drain handles what waits, takes nothing new, and is bounded in time', async () => {
    const { environment, system } = start()
    const ref = system.spawn(fragile({ shutdownMs: 1_000 }), { id: 'a' })
    ref.send({ type: 'add' })
    ref.send({ type: 'add' })
    const stopped = ref.stop({ drain: true })
    expect(ref.send({ type: 'add' })).toBe(false)
    environment.settle()
    await stopped
    expect(countOf(ref)).toBe(2)
    expect(system.deadLetters.recent().map(({ reason }) => reason)).toEqual(['draining'])
  })

  it('of the system refuses what comes after', async () => {
    const environment = new SimulatedEnvironment()
    const system = createActorSystem({ environment })
    const ref = system.spawn(fragile(), { id: 'a' })
    await system.stop({ drainMs: 0 })
    expect(ref.send({ type: 'add' })).toBe(false)
    expect(() => system.spawn(fragile(), { id: 'b' })).toThrow(
      expect.objectContaining({ code: 'ACTOR_SYSTEM_STOPPED' }),
    )
  })
})

describe('a system that is being stopped', () => {
  it('lets actors spawn for what they still handle, and nobody else', async () => {
    const { environment, system } = start()
    const made: string[] = []
    const maker = defineAgent({
      name: 'maker',
      logic: fromTransition((_: undefined, event: { type: string }, { self }) => {
        if (event.type === 'make') made.push(spawnChildOf(self, fragileOnce, { id: 'child' }).id)
        return undefined
      }, undefined),
    })
    system.spawn(maker, { id: 'm' }).send({ type: 'make' })
    const stopped = system.stop()
    expect(() => system.spawn(fragileOnce, { id: 'late' })).toThrow(
      expect.objectContaining({ code: 'ACTOR_SYSTEM_STOPPED' }),
    )
    environment.settle()
    await stopped
    expect(made).toEqual(['m/child'])
  })
})

describe('misuse', () => {
  it('is told by what is wrong', () => {
    const { system } = start()
    for (const wrong of [null, {}]) expect(() => system.spawn(wrong as never)).toThrow(/defineAgent/)
    expect(() => system.spawn(fragileOnce, { id: 5 as never })).toThrow(RangeError)
    expect(() => defineAgent(null as never)).toThrow(/name and logic/)
    expect(() => createActorSystem({ deadLettersMax: -1 })).toThrow(RangeError)
  })
})

describe('a spawn', () => {
  it('refuses an id that is taken, one out of its alphabet, and an input that the logic refuses', () => {
    const { system } = start()
    system.spawn(fragile(), { id: 'a' })
    expect(() => system.spawn(fragile(), { id: 'a' })).toThrow(expect.objectContaining({ code: 'ACTOR_ID_TAKEN' }))
    expect(() => system.spawn(fragile(), { id: 'a/b' })).toThrow(RangeError)
    const picky = defineAgent({
      name: 'picky',
      logic: fromTransition(
        (state: string) => state,
        ({ input }: { input: { readonly name: string } }) => input.name.trim(),
      ),
    })
    expect(() => system.spawn(picky, { id: 'p' })).toThrow(expect.objectContaining({ code: 'ACTOR_START_FAILED' }))
    expect(system.get('p')).toBeUndefined()
    expect(system.spawn(picky, { id: 'p', input: { name: ' x ' } }).getSnapshot()).toMatchObject({ context: 'x' })
  })
})

describe('a stash', () => {
  it('comes back before what waits, in its order, and is bounded', () => {
    const { environment, system } = start()
    const seen: number[] = []
    const gate = defineAgent({
      name: 'gate',
      mailbox: { bound: 3 },
      logic: fromTransition((isOpen: boolean, event: { type: string; n: number }, { self }) => {
        if (event.type === 'open') {
          unstashAll(self)
          return true
        }
        if (isOpen) seen.push(event.n)
        else stash(self, event)
        return isOpen
      }, false),
    })
    const ref = system.spawn(gate, { id: 'gate' })
    for (const n of [1, 2, 3]) {
      ref.send({ type: 'n', n })
      environment.settle()
    }
    ref.send({ type: 'open', n: 0 })
    ref.send({ type: 'n', n: 4 })
    environment.settle()
    expect(seen).toEqual([1, 2, 3, 4])
  })

  it('becomes dead letters when its actor ends', async () => {
    const { environment, system } = start()
    const keeper = defineAgent({
      name: 'keeper',
      logic: fromTransition((_: undefined, event: { type: string }, { self }) => {
        if (event.type === 'keep') stash(self, event)
        return undefined
      }, undefined),
    })
    const ref = system.spawn(keeper, { id: 'k' })
    ref.send({ type: 'keep' })
    environment.settle()
    await ref.stop()
    expect(system.deadLetters.recent().map(({ event }) => event.type)).toEqual(['keep'])
  })
})
