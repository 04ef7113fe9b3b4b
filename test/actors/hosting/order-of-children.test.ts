import {
  createActor as createXStateActor,
  createMachine,
  fromCallback,
  fromTransition,
  sendTo,
  spawnChild,
} from 'xstate'
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
        onSnapshot: { actions: ({ event }) => void seen.push(`snapshot ${JSON.stringify(event.snapshot)}`) },
      },
    })
    const actor = create(machine)
    actor.subscribe({ complete: () => void seen.push('complete') })
    actor.start()
    seen.push('stop')
    actor.stop()
    return [...seen, actor.getSnapshot().status]
  }
  const snapshot = JSON.stringify({ status: 'active', context: 0 })
  expect(observe(createXStateActor)).toEqual([`snapshot ${snapshot}`, 'stop', 'complete', 'stopped'])
  expect(observe(createActor)).toEqual(observe(createXStateActor))
})

test('a child hears what its parent sends it before the next child begins, as in XState', () => {
  function observe(create: typeof createXStateActor): readonly string[] {
    const seen: string[] = []
    const listener = fromCallback<{ type: string }>(({ self, receive, sendBack }) => {
      seen.push(`${self.id} begins`)
      receive(({ type }) => {
        seen.push(`${self.id} hears ${type}`)
        sendBack({ type: 'heard' })
      })
    })
    const machine = createMachine({
      on: {
        begin: {
          actions: [
            spawnChild(listener, { id: 'first' }),
            sendTo('first', { type: 'one' }),
            sendTo('first', { type: 'two' }),
            spawnChild(listener, { id: 'second' }),
            sendTo('second', { type: 'three' }),
          ],
        },
        heard: { actions: () => void seen.push('answered') },
      },
    })
    create(machine).start().send({ type: 'begin' })
    return seen
  }
  expect(observe(createXStateActor).slice(0, 4)).toEqual([
    'first begins',
    'first hears one',
    'first hears two',
    'second begins',
  ])
  expect(observe(createActor)).toEqual(observe(createXStateActor))
})
