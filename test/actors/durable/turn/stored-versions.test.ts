import { describe, expect, test } from 'vitest'
import { readJournal } from '../../../../src/actors/durable/journal/read-journal.ts'
import { World } from '../durable-world.ts'
import type { WorldAgent, WorldInit } from '../durable-world.ts'

type Named = { readonly name: string; readonly greetings: readonly string[] }
type Renamed = { readonly title: string; readonly greetings: readonly string[] }

const FIRST: WorldAgent = {
  name: 'greeter',
  version: 1,
  initial: { name: 'ann', greetings: [] },
  handle(state: Named, event, actions) {
    if (event.type === 'later') {
      actions.setTimer('t', { delayMs: 1_000, event: { type: 'greet' } })
      return state
    }
    return { ...state, greetings: [...state.greetings, `${event.type} ${state.name}`] }
  },
}

const SECOND: WorldAgent = {
  ...FIRST,
  version: 2,
  initial: { title: 'ann', greetings: [] },
  migrate(state, fromVersion) {
    if (fromVersion !== 1) throw new Error(`no way from ${fromVersion}`)
    const { name, greetings } = state as Named
    return { title: name.toUpperCase(), greetings }
  },
  handle: (state: Renamed, event) => ({ ...state, greetings: [...state.greetings, `${event.type} ${state.title}`] }),
}

/** Stored by the first version, with a message that waits and a timer that runs. */
async function written(): Promise<World> {
  const world = await World.open({ agents: [FIRST] })
  world.spawn('greeter', 'a')
  world.send('a', { type: 'hello' })
  world.send('a', { type: 'later' })
  await world.settle()
  world.passivate('a')
  world.isDead = true
  await Promise.all([world.store.deliver('a', { type: 'waiting' }), world.settle()])
  await world.store.close()
  return world
}

async function startWith(world: World, agent: WorldAgent, init: Partial<WorldInit> = {}): Promise<World> {
  const next = await world.reopen(agent, init)
  await next.settle()
  return next
}

describe('a stored actor of an older version', () => {
  test('is migrated, and its messages and timers are given to the new logic', async () => {
    const next = await startWith(await written(), SECOND)
    await next.environment.advance(1_000)
    const expected = { title: 'ANN', greetings: ['hello ann', 'waiting ANN', 'greet ANN'] }
    expect(next.stateOf('a')).toEqual(expected)
    const again = await startWith(next, SECOND)
    expect(again.stateOf('a')).toEqual(expected)
    expect((await readJournal(next.log)).actors.get('a')).toMatchObject({ version: 2 })
  })

  test('has its events migrated where the definition says how', async () => {
    const agent: WorldAgent = {
      ...SECOND,
      migrateEvent: (event, fromVersion) => ({ ...event, type: `${event.type} of version ${fromVersion}` }),
    }
    const next = await startWith(await written(), agent)
    expect(next.stateOf('a')).toMatchObject({ greetings: ['hello ann', 'waiting of version 1 ANN'] })
  })

  test('is migrated by a private copy that may be changed', async () => {
    const agent: WorldAgent = {
      ...SECOND,
      migrate(state) {
        Object.assign(state as object, { title: 'changed' })
        return state
      },
    }
    const next = await startWith(await written(), agent)
    expect(next.stateOf('a')).toMatchObject({ name: 'ann', title: 'changed' })
  })

  test('is left as it was by a migration that nobody used', async () => {
    const world = await written()
    const records = world.log.nextIndex
    const next = await World.open({ agents: [], log: world.log, environment: world.environment })
    const owner = next.store.activate('a', SECOND)
    expect(owner.stateForLogic(false)).toEqual({ title: 'ANN', greetings: ['hello ann'] })
    await next.settle()
    expect((await readJournal(world.log)).actors.get('a')).toMatchObject({ version: 1 })
    expect(world.log.nextIndex).toBe(records + 2)
  })
})

describe('a stored actor that its definition does not know', () => {
  const { migrate: _migrate, ...withoutMigrate } = SECOND
  const failing: WorldAgent = {
    ...SECOND,
    migrate() {
      throw new Error('bad data')
    },
  }

  test.each([
    ['older, without migrate', withoutMigrate, 'ACTOR_VERSION_UNKNOWN'],
    ['older, with a failing migrate', failing, 'ACTOR_MIGRATION_FAILED'],
  ])('(%s) is held back with a code, keeps all it has, and takes messages', async (_name, agent, code) => {
    const world = await written()
    const held = await startWith(world, agent)
    expect(held.heldBack.get('a')).toBe(code)
    await Promise.all([held.store.deliver('a', { type: 'meanwhile' }, { key: 'k' }), held.settle()])
    expect(() => held.spawn('greeter', 'a')).toThrow(expect.objectContaining({ code }))
    const right = await startWith(held, SECOND)
    await right.environment.advance(1_000)
    expect(right.stateOf('a')).toEqual({
      title: 'ANN',
      greetings: ['hello ann', 'waiting ANN', 'meanwhile ANN', 'greet ANN'],
    })
  })

  test('(newer) is held back, and goes on with the newer definition', async () => {
    const second = await startWith(await written(), SECOND)
    const first = await startWith(second, FIRST)
    expect(() => first.spawn('greeter', 'a')).toThrow(expect.objectContaining({ code: 'ACTOR_VERSION_UNKNOWN' }))
    await Promise.all([first.store.deliver('a', { type: 'old' }), first.settle()])
    const again = await startWith(first, SECOND)
    expect(again.stateOf('a')).toMatchObject({ greetings: ['hello ann', 'waiting ANN', 'old ANN'] })
  })

  test('(an event of a newer version) is held back', async () => {
    const world = await startWith(await written(), FIRST)
    await world.settle()
    world.passivate('a')
    world.isDead = true
    // A node with the newer definition took a message, and was replaced before it handled it.
    world.store.define({ name: 'greeter', version: 3 })
    await Promise.all([world.store.deliver('a', { type: 'new' }), world.settle()])
    const next = await startWith(world, FIRST)
    expect(next.heldBack.get('a')).toBe('ACTOR_VERSION_UNKNOWN')
    expect(() => next.spawn('greeter', 'a')).toThrow(/message 1 has version 3/)
  })

  test('does not keep the others from starting', async () => {
    const world = await written()
    world.isDead = true
    const both = await World.open({ agents: [FIRST], log: world.log, environment: world.environment })
    both.spawn('greeter', 'b')
    await both.settle()
    const { migrate: _, ...agent } = SECOND
    const next = await startWith(both, agent)
    next.spawn('greeter', 'c')
    next.send('c', { type: 'hi' })
    await next.settle()
    expect(next.stateOf('c')).toMatchObject({ greetings: ['hi ann'] })
  })
})
