import { createActor as createXStateActor, createMachine, fromTransition } from 'xstate'
import { expect, test } from 'vitest'
import { createActor as createOwnActor } from '../../../src/actors/create-actor.ts'

const createActor = createOwnActor as typeof createXStateActor

test('what a child tells its parent while that stops is not handled any more, as in XState', () => {
  function observe(create: typeof createXStateActor): readonly string[] {
    const seen: string[] = []
    const counter = fromTransition((count: number) => count + 1, 0)
    const machine = createMachine({
      invoke: {
        src: counter,
        id: 'counter',
        onSnapshot: { actions: ({ event }) => void seen.push(`snapshot ${event.snapshot.context}`) },
      },
    })
    const actor = create(machine)
    actor.subscribe({ complete: () => void seen.push('complete') })
    actor.start()
    seen.push('stop')
    actor.stop()
    return [...seen, actor.getSnapshot().status]
  }
  expect(observe(createXStateActor)).toEqual(['snapshot 0', 'stop', 'complete', 'stopped'])
  expect(observe(createActor)).toEqual(observe(createXStateActor))
})
