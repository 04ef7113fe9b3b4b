import { type AnyActorRef, assign, fromTransition, sendTo, setup } from 'xstate'
import { expect, it } from 'vitest'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

type Heard = { readonly told: string[]; readonly who: string }

/** Fails over `fail`, and writes down all that it is told. */
const listener = (heard: Heard, backOffMs?: number) =>
  defineAgent({
    name: 'listener',
    restart: {
      kind: 'permanent',
      ...(backOffMs !== undefined && { backOff: { firstMs: backOffMs, maxMs: backOffMs } }),
    },
    logic: fromTransition((count: number, event: { readonly type: string }) => {
      heard.told.push(`${heard.who} ${event.type}`)
      if (event.type === 'fail') throw new Error('broken')
      return count + 1
    }, 0),
  })

const once = { restarts: 1, withinMs: 60_000 }

it('logic whose failure was one too many for all above it hears nothing more', () => {
  const environment = new SimulatedEnvironment()
  const system = createActorSystem({ environment })
  const told: string[] = []
  const team = system.supervise({ id: 'team', strategy: 'one-for-one', intensity: { restarts: 0, withinMs: 60_000 } })
  const actor = system.spawn(listener({ told, who: 'a' }), { id: 'a', supervisor: team })
  system.spawn(listener({ told, who: 'b' }), { id: 'b', supervisor: team })
  // The system's own supervisor starts the team again three times, and then no more.
  for (let failures = 0; failures < 4; failures += 1) {
    actor.send({ type: 'fail' })
    environment.settle()
  }
  expect(system.get('team')).toBeUndefined()
  expect(told.filter((each) => each === 'a xstate.stop')).toEqual([])
  // The other one was ended in order, once with each start of the team and once for good.
  expect(told.filter((each) => each === 'b xstate.stop').length).toBe(4)
})

it('logic that waits for its restart has ended, and is not ended again with its supervisor', async () => {
  const environment = new SimulatedEnvironment()
  const system = createActorSystem({ environment })
  const told: string[] = []
  const team = system.supervise({ id: 'team', strategy: 'one-for-all', intensity: once })
  const actor = system.spawn(listener({ told, who: 'a' }, 1_000), { id: 'a', supervisor: team })
  system.spawn(listener({ told, who: 'b' }), { id: 'b', supervisor: team })
  actor.send({ type: 'fail' })
  environment.settle()
  expect(told).toEqual(['a fail', 'b xstate.stop'])
  const stopped = team.stop()
  environment.settle()
  await stopped
  expect(told).toEqual(['a fail', 'b xstate.stop'])
})

it('started again, logic hears of no timer that it had set before, one that another of its name took the place of included', () => {
  const environment = new SimulatedEnvironment()
  const system = createActorSystem({ environment })
  const told: string[] = []
  const machine = setup({
    types: { events: {} as { readonly type: 'set' | 'fail' | 'due' }, context: {} as { readonly life: number } },
  }).createMachine({
    context: { life: 0 },
    on: {
      set: {
        actions: [
          sendTo(({ self }: { readonly self: AnyActorRef }) => self, { type: 'due' }, { id: 'timer', delay: 50 }),
          sendTo(({ self }: { readonly self: AnyActorRef }) => self, { type: 'due' }, { id: 'timer', delay: 80 }),
        ],
      },
      fail: {
        actions: assign(() => {
          throw new Error('broken')
        }),
      },
      due: { actions: () => void told.push(`due at ${environment.nowMs}`) },
    },
  })
  const actor = system.spawn(defineAgent({ name: 'timed', restart: 'permanent', logic: machine }), { id: 'a' })
  actor.send({ type: 'set' })
  environment.settle()
  // As with XState itself, both come where nothing ends them.
  environment.advance(100)
  expect(told).toEqual(['due at 50', 'due at 80'])
  actor.send({ type: 'set' })
  actor.send({ type: 'fail' })
  environment.settle()
  environment.advance(200)
  expect(told.length).toBe(2)
})
