import { setup } from 'xstate'
import { describe, expect, it } from 'vitest'
import { createActor } from '../../../src/actors/create-actor.ts'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import type { SupervisionEvent } from '../../../src/actors/supervision/supervision-event.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

const machine = setup({ types: { input: {} as { readonly limit: number } } }).createMachine({
  context: ({ input }) => {
    if (input.limit < 1) throw new RangeError('limit must be 1 or more')
    return { limit: input.limit }
  },
})

describe('an input that a statechart refuses', () => {
  it('is an error of `spawn`, which leaves nothing behind and restarts nothing', () => {
    const system = createActorSystem({ environment: new SimulatedEnvironment() })
    const events: SupervisionEvent[] = []
    system.onSupervision((event) => void events.push(event))
    const definition = defineAgent({ name: 'limited', logic: machine })
    expect(() => system.spawn(definition, { id: 'a', input: { limit: 0 } })).toThrow(
      expect.objectContaining({ code: 'ACTOR_START_FAILED', cause: new RangeError('limit must be 1 or more') }),
    )
    expect([events, system.get('a')]).toEqual([[], undefined])
    expect(system.spawn(definition, { id: 'a', input: { limit: 1 } }).getSnapshot()).toMatchObject({ status: 'active' })
  })

  it('is told by the snapshot of an actor of `createActor`, as in XState', () => {
    const actor = createActor(machine, { input: { limit: 0 } })
    actor.subscribe({ error: () => undefined })
    actor.start()
    expect(actor.getSnapshot()).toMatchObject({ status: 'error', error: new RangeError('limit must be 1 or more') })
  })
})
