import { createActor as createXStateActor, fromTransition, type AnyActorLogic } from 'xstate'
import { describe, expect, test } from 'vitest'
import { createActor } from '../../../src/actors/create-actor.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { behaviourOf } from '../../../src/actors/hosting/behaviour-of.ts'
import { ReducerBehaviour, reducerOf } from '../../../src/actors/hosting/reducer-behaviour.ts'

const count = (sum: number, event: { readonly type: string }): number => (event.type === 'add' ? sum + 1 : sum)

/** Logic of `fromTransition` with members of one's own, and how often its `start` was called. */
function createWrapped(): { readonly logic: AnyActorLogic; readonly starts: () => number } {
  let starts = 0
  const logic = {
    ...fromTransition(count, 0),
    start: () => {
      starts += 1
    },
    getPersistedSnapshot: (snapshot: object) => ({ ...snapshot, context: 'redacted' }),
    restoreSnapshot: (snapshot: object) => ({ ...snapshot, context: 42 }),
  }
  return { logic: logic as never, starts: () => starts }
}

function observe(create: typeof createXStateActor): readonly unknown[] {
  const { logic, starts } = createWrapped()
  const first = create(logic).start()
  first.send({ type: 'add' })
  const stored = first.getPersistedSnapshot()
  const second = create(logic, { snapshot: stored }).start()
  second.send({ type: 'add' })
  return [first.getSnapshot(), stored, second.getSnapshot(), starts()]
}

describe('logic around fromTransition', () => {
  test('has all its members called, as in XState', () => {
    const context = (value: unknown): object => ({
      context: value,
      status: 'active',
      output: undefined,
      error: undefined,
    })
    const expected = [context(1), context('redacted'), context(43), 2]
    expect(observe(createXStateActor)).toEqual(expected)
    expect(observe(createActor as typeof createXStateActor)).toEqual(expected)
  })

  test.each<[string, object]>([
    ['a member more', { start: () => {} }],
    ['a member that is a symbol', { [Symbol('extra')]: 1 }],
    ['another persisted form', { getPersistedSnapshot: (snapshot: object) => ({ ...snapshot }) }],
    ['another restored form', { restoreSnapshot: (snapshot: object) => ({ ...snapshot }) }],
    ['a step around it', { transition: (snapshot: object) => snapshot }],
    ['another first snapshot', { getInitialSnapshot: () => ({ status: 'active', context: 1 }) }],
    ['no reducer', { config: {} }],
  ])('with %s is no bare reducer', (_what, members) => {
    expect(reducerOf({ ...fromTransition(count, 0), ...members } as never)).toBeUndefined()
  })

  test('is none where a member is made at each look, or comes from above', () => {
    const made = fromTransition(count, 0)
    const { transition, ...rest } = made
    expect(reducerOf(Object.defineProperty(rest, 'transition', { get: () => transition }) as never)).toBeUndefined()
    expect(reducerOf(Object.assign(Object.create({ start: () => {} }), made) as never)).toBeUndefined()
  })
})

test('logic that is what fromTransition made is run as a bare reducer', () => {
  const logic = fromTransition(count, () => 0)
  expect(reducerOf(logic)).toBe(count)
  expect(behaviourOf(defineAgent({ name: 'count', logic }))).toBeInstanceOf(ReducerBehaviour)
})
