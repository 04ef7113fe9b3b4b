import { describe, expect, test } from 'vitest'
import { applyDelta } from '../../../../src/actors/durable/values/apply-delta.ts'
import { diffState } from '../../../../src/actors/durable/values/state-delta.ts'
import { sealRoot } from '../../../../src/actors/durable/values/stored-value.ts'
import { decodeValue, encodeValue } from '../../../../src/actors/durable/values/value-codec.ts'
import { CodedError } from '../../../../src/base/errors.ts'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import { drawChange, drawValue } from './arbitrary-values.ts'

const roundTrip = (value: unknown, isTagged: boolean): unknown => decodeValue(encodeValue(value, isTagged))

/** What a reader of the journal makes of the change, and how many bytes it took. */
function transfer(before: unknown, after: unknown): { restored: unknown; sizeBytes: number } {
  const base = roundTrip(before, sealRoot(before, 'state'))
  const { delta, isTagged } = diffState(before, after)
  if (delta === undefined) return { restored: base, sizeBytes: 0 }
  const bytes = encodeValue(delta, isTagged)
  return { restored: applyDelta(base, decodeValue(bytes) as typeof delta), sizeBytes: bytes.byteLength }
}

/** Order of keys included, which `toEqual` does not look at. */
const textOf = (value: unknown): string => new TextDecoder().decode(encodeValue(value, true))

describe('a change of state', () => {
  test('arrives as it was, order of keys included (10,000 random changes)', () => {
    const draws = createRandomStream(11)
    for (let round = 0; round < 2_500; round += 1) {
      let before = drawValue(draws)
      for (let step = 0; step < 4; step += 1) {
        const after = drawChange(draws, before)
        const { restored } = transfer(before, after)
        expect(textOf(restored), `round ${round} step ${step}`).toBe(textOf(after))
        before = after
      }
    }
  })

  test('leaves the new state frozen all the way down', () => {
    const before = { list: [{ a: 1 }], map: new Map([['k', { n: 1 }]]), other: { deep: { x: 1 } } }
    sealRoot(before, 'state')
    const after = { ...before, list: [...before.list, { a: 2 }], map: new Map([['k', { n: 2 }]]) }
    diffState(before, after)
    expect(() => after.list.push({ a: 3 })).toThrow(TypeError)
    expect(() => Object.assign(after.list[1] ?? {}, { a: 9 })).toThrow(TypeError)
    expect(() => after.map.set('l', { n: 3 })).toThrow(TypeError)
    expect(() => Object.assign(after.map.get('k') ?? {}, { n: 9 })).toThrow(TypeError)
    expect(() => Object.assign(after.other.deep, { x: 2 })).toThrow(TypeError)
  })

  test('freezes copies that are equal to what is stored', () => {
    const before = { items: [{ a: [1] }, { a: [2] }, { a: [3] }] }
    sealRoot(before, 'state')
    const after = { items: structuredClone([{ a: [1] }, { a: [3] }]) }
    diffState(before, after)
    expect(after.items.every((item) => Object.isFrozen(item) && Object.isFrozen(item.a))).toBe(true)
  })

  test('throws where a stored Set or Date is changed in place', () => {
    const state = { set: new Set([1]), date: new Date(5) }
    sealRoot(state, 'state')
    expect(() => state.set.add(2)).toThrow(/in place/)
    expect(() => state.date.setHours(1)).toThrow(/in place/)
    expect([...new Set(state.set).add(2)]).toEqual([1, 2])
  })
})

describe('the size of a change', () => {
  const items = Array.from({ length: 5_000 }, (_, number) => ({ number, text: 'x'.repeat(40) }))
  const large = { items, index: Object.fromEntries(items.map((item) => [`key-${item.number}`, item])) }

  test.each([
    ['a counter', { n: 1, large }, { n: 2, large }],
    ['an item appended', { items }, { items: [...items, { number: -1, text: '' }] }],
    ['an item put in front', { items }, { items: [{ number: -1, text: '' }, ...items] }],
    ['an item removed', { items }, { items: items.toSpliced(2_000, 1) }],
    ['an item changed', { items }, { items: items.with(2_000, { number: 1, text: 'y' }) }],
    ['a window that moved', { items }, { items: [...items.slice(1), { number: -1, text: '' }] }],
    ['a window that moved back', { items }, { items: [{ number: -1, text: '' }, ...items.slice(0, -1)] }],
    ['a member of a dictionary', large, { ...large, index: { ...large.index, 'key-9': { number: 0, text: '' } } }],
    [
      'a key of a Map',
      { map: new Map(Object.entries(large.index)) },
      { map: new Map([...Object.entries(large.index), ['new', { number: 1, text: '' }]]) },
    ],
    ['a number in a dictionary of numbers', { byId: { 4: 1, 9: 2, 100: 3 } }, { byId: { 4: 1, 9: 2, 50: 5, 100: 3 } }],
    ['a copy that shares nothing', { items }, structuredClone({ items: items.with(4, { number: 4, text: 'z' }) })],
  ])('%s follows what changed', (_name, before, after) => {
    const { restored, sizeBytes } = transfer(before, after)
    expect(restored).toEqual(after)
    expect(sizeBytes).toBeLessThan(130)
  })

  test('is nothing when nothing changed', () => {
    sealRoot(large, 'state')
    expect(diffState(large, structuredClone(large)).delta).toBeUndefined()
  })
})

describe('what cannot be stored', () => {
  class Account {
    balance = 1
  }
  const cyclic: Record<string, unknown> = { inner: {} }
  cyclic['inner'] = { back: [cyclic] }
  const deep = Array.from({ length: 2_000 }).reduce<unknown>((inner) => ({ inner }), 1)

  test.each([
    [{ list: [1, { run: () => 1 }] }, 'state.list[1].run', /function/],
    [{ mark: Symbol('s') }, 'state.mark', /symbol/],
    [{ 'odd key': new Account() }, 'state["odd key"]', /Account/],
    [cyclic, 'state.inner.back[0]', /contains itself/],
    [{ map: new Map([['k', new WeakMap()]]) }, 'state.map.k', /WeakMap/],
    [{ pattern: /x/ }, 'state.pattern', /RegExp/],
    [deep, 'state', /deeper than 1000/],
  ])('is refused with its path (%#)', (value, path, reason) => {
    const before = sealed({})
    for (const attempt of [() => sealRoot(value, 'state'), () => diffState(before, value)]) {
      const error = errorOf(attempt)
      expect(CodedError.is(error, 'ACTOR_STATE_NOT_STORABLE')).toBe(true)
      expect(error).toMatchObject({ message: expect.stringMatching(reason), details: { path } })
    }
  })

  test('is found below a part that was replaced and below one that is equal so far', () => {
    const before = sealed({ a: { b: [1, 2] } })
    expect(errorOf(() => diffState(before, { a: { b: [1, () => 2] } }))).toMatchObject({
      details: { path: 'state.a.b[1]' },
    })
  })
})

test('a delta that does not fit is corruption, not a wrong state', () => {
  expect(() => applyDelta({ a: 1 }, [2, [[0, 1]], []])).toThrow(/does not fit/)
  expect(() => applyDelta([1], [2, [[0, 4]], []])).toThrow(/does not fit/)
  expect(() => applyDelta({}, [1, {}, [['gone', [0, 1]]], []])).toThrow(/does not fit/)
})

test('references are kept by id', () => {
  class Ref {
    readonly id: string
    constructor(id: string) {
      this.id = id
    }
  }
  const known = new Map([['a', new Ref('a')]])
  const references = {
    idOf: (value: object) => (value instanceof Ref ? value.id : undefined),
    refOf: (id: string) => known.get(id),
  }
  const state = { peer: known.get('a') }
  const isTagged = sealRoot(state, 'state', references)
  expect(decodeValue(encodeValue(state, isTagged, references), references)).toEqual({ peer: known.get('a') })
  expect(diffState(state, { peer: known.get('a') }, references).delta).toBeUndefined()
  expect(() => sealRoot(state, 'state')).toThrow(/instance of Ref/)
})

function sealed<Value>(value: Value): Value {
  sealRoot(value, 'state')
  return value
}

function errorOf(attempt: () => unknown): unknown {
  try {
    return attempt()
  } catch (error: unknown) {
    return error
  }
}
