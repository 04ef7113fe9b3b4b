import { fromTransition, setup } from 'xstate'
import { describe, expect, it } from 'vitest'
import { createActorSystem } from '../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../src/actors/define-agent.ts'
import { describeActor, describeActors } from '../../src/actors/inspect/describe-actors.ts'

const door = setup({ guards: { isLocked: () => false } }).createMachine({
  id: 'door',
  initial: 'closed',
  states: {
    closed: { on: { OPEN: { target: 'open', guard: 'isLocked' }, KNOCK: {} } },
    open: { initial: 'ajar', states: { ajar: { on: { PUSH: 'wide' } }, wide: {} }, on: { CLOSE: 'closed' } },
    gone: { type: 'final' },
  },
})

describe('the actors of a system, described', () => {
  it('are a tree in order, with states and mailboxes, as many as are wanted', async () => {
    const system = createActorSystem()
    const house = system.supervise({ id: 'house', strategy: 'one-for-one' })
    system.spawn(defineAgent({ name: 'door', logic: door }), { id: 'front', supervisor: house })
    system.spawn(defineAgent({ name: 'sum', logic: fromTransition((sum: number) => sum + 1, 0) }), { id: 'sum' })
    const { actors, total } = describeActors(system, { most: 10 })
    expect(actors.map(({ id, parent, kind, state, mailbox }) => [id, parent, kind, state, mailbox])).toEqual([
      ['house', null, 'supervisor', null, 0],
      ['house/front', 'house', 'machine', 'closed', 0],
      ['sum', null, 'logic', null, 0],
    ])
    expect(total).toBe(3)
    expect(describeActors(system, { most: 1 })).toMatchObject({ actors: [{ id: 'house' }], total: 3 })
    await system.stop()
  })

  it('have the statechart of their logic: states, edges and guards; others have none', async () => {
    const system = createActorSystem()
    system.spawn(defineAgent({ name: 'door', logic: door }), { id: 'front' })
    system.spawn(defineAgent({ name: 'sum', logic: fromTransition((sum: number) => sum + 1, 0) }), { id: 'sum' })
    const chart = describeActor(system, 'front')?.statechart
    expect(chart?.states.map(({ path, parent, type, isInitial }) => [path, parent, type, isInitial])).toEqual([
      ['closed', null, 'atomic', true],
      ['open', null, 'compound', false],
      ['open.ajar', 'open', 'atomic', true],
      ['open.wide', 'open', 'atomic', false],
      ['gone', null, 'final', false],
    ])
    expect(chart?.edges.map(({ from, event, to, guard }) => [from, event, to, guard])).toEqual([
      ['closed', 'OPEN', 'open', 'isLocked'],
      ['closed', 'KNOCK', null, null],
      ['open', 'CLOSE', 'closed', null],
      ['open.ajar', 'PUSH', 'open.wide', null],
    ])
    expect(describeActor(system, 'sum')?.statechart).toBeNull()
    expect(describeActor(system, 'nobody')).toBeUndefined()
    await system.stop()
  })
})
