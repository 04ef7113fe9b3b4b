import { fromTransition } from 'xstate'
import { expect, test } from 'vitest'
import { Cell } from '../../../src/actors/cell/cell.ts'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'

const speaker = defineAgent({
  name: 'speaker',
  logic: fromTransition((count: number, event: { readonly type: string }, { emit }) => {
    emit({ type: event.type })
    return count + 1
  }, 0),
})

test('a type of emitted events that nobody listens to any more leaves nothing behind', async () => {
  await using system = createActorSystem()
  const ref = system.spawn(speaker)
  const heard: string[] = []
  const kept = ref.on('kept', ({ type }) => void heard.push(type))
  const second = ref.on('kept', ({ type }) => void heard.push(`${type} again`))
  for (let number = 0; number < 100; number += 1) ref.on(`type ${number}`, () => {}).unsubscribe()
  expect(listenersOf(ref)).toEqual(['kept'])

  kept.unsubscribe()
  // Of before: it must not take away who came after it.
  kept.unsubscribe()
  const last = Promise.withResolvers<void>()
  ref.on('last', () => last.resolve())
  ref.send({ type: 'kept' })
  ref.send({ type: 'last' })
  await last.promise
  expect(heard).toEqual(['kept again'])

  second.unsubscribe()
  const anew = ref.on('kept', () => {})
  second.unsubscribe()
  expect(listenersOf(ref)).toEqual(['last', 'kept'])
  anew.unsubscribe()
  expect(listenersOf(ref)).toEqual(['last'])
})

function listenersOf(ref: unknown): readonly string[] {
  return ref instanceof Cell ? [...(ref.extras?.listeners?.keys() ?? [])] : []
}
