import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { ValueDecoder } from '../../../src/actors/threads/value-decoder.ts'
import { ValueEncoder } from '../../../src/actors/threads/value-encoder.ts'
import type { ReferenceCodec } from '../../../src/actors/threads/value-encoder.ts'

class Reference {
  readonly address: string
  constructor(address: string) {
    this.address = address
  }
}

const REFERENCES: ReferenceCodec = {
  encodeReference: (value) => (value instanceof Reference ? value.address : undefined),
  decodeReference: (reference) => new Reference(String(reference)),
}

/** One channel: what is given to `cross` comes out as its reader sees it, through shared memory. */
function createPair(): { cross: (value: unknown) => unknown; encoder: ValueEncoder; decoder: ValueDecoder } {
  const encoder = new ValueEncoder(REFERENCES)
  const decoder = new ValueDecoder(REFERENCES)
  const cross = (value: unknown): unknown => {
    encoder.encode(value)
    const memory = new Uint8Array(new SharedArrayBuffer(encoder.buffer.position + 3))
    memory.set(encoder.buffer.copy(), 3)
    decoder.attach(memory)
    return decoder.decode(3, encoder.aside)
  }
  return { cross, encoder, decoder }
}

function codeOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error: unknown) {
    return CodedError.is(error) ? [error.code, error.details.path] : error
  }
  return 'nothing was thrown'
}

describe('values between threads', () => {
  test('arrive as structured clone would make them', () => {
    const { cross } = createPair()
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withSparseArray: true,
      withNullPrototype: false,
      withUnicodeString: true,
    })
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 4 }), (values) => {
        for (const value of values) expect(cross(value)).toStrictEqual(structuredClone(value))
      }),
      { numRuns: 500, seed: 7 },
    )
  })

  test.each([
    [0, -0, Number.NaN, Infinity, 2 ** 31, -(2 ** 31), 1.5, 2 ** 53],
    ['', 'plain', 'Zürich', '日本', '\ud800 lone', 'a'.repeat(70), 'é'.repeat(300), '語'.repeat(300)],
    [undefined, null, true, false, 0n, -12345678901234567890n],
    [new Date(12), new Date(Number.NaN), /a+/giu, new Map([[{ a: 1 }, new Set(['x'])]])],
    [new Uint8Array([1, 2]), new Float64Array([Number.NaN, -0]), new ArrayBuffer(3), new DataView(new ArrayBuffer(2))],
    [{ type: 'a', '': 1, 'odd name': { type: 5 } }, { type: 'a' }, { x: 1, type: 'a' }, [[], [[]]]],
  ])('case %#', (...values) => {
    const { cross } = createPair()
    for (const value of values) expect(cross(value)).toStrictEqual(structuredClone(value))
  })

  test('the view of a part of a buffer arrives without the rest', () => {
    const part = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
    const arrived = createPair().cross(part)
    expect(arrived).toEqual(new Uint8Array([2, 3]))
    expect(arrived instanceof Uint8Array && arrived.buffer.byteLength).toBe(2)
  })

  test('a field called __proto__ stays a field', () => {
    const value: unknown = JSON.parse('{"type":"x","__proto__":{"isAdmin":true}}')
    const arrived = createPair().cross(value)
    expect(JSON.stringify(arrived)).toBe('{"type":"x","__proto__":{"isAdmin":true}}')
    expect(Object.getPrototypeOf(arrived)).toBe(Object.prototype)
  })

  test('one object twice is one object twice, and a cycle closes', () => {
    const { cross } = createPair()
    const inner = { n: 1 }
    const many = Array.from({ length: 20 }, (_, index) => ({ index }))
    const cycle: Record<string, unknown> = { type: 'x', first: inner, second: inner, many: [...many, ...many] }
    cycle.self = cycle
    const arrived = cross(cycle) as typeof cycle & { many: unknown[] }
    expect(arrived.self).toBe(arrived)
    expect(arrived.first).toBe(arrived.second)
    expect(arrived.many[19]).toBe(arrived.many[39])
    expect(arrived.many[19]).toEqual({ index: 19 })
  })

  test('references become addresses and references again', () => {
    const { cross } = createPair()
    const reference = new Reference('kernell://local/1/worker#3')
    expect(cross({ type: 'x', from: reference, all: [reference] })).toStrictEqual({
      type: 'x',
      from: new Reference(reference.address),
      all: [new Reference(reference.address)],
    })
  })

  test('errors keep their class, code and cause', () => {
    const { cross } = createPair()
    const coded = new CodedError('STORE_NOT_OPEN', { message: 'closed', details: { at: 1 }, cause: new TypeError('x') })
    const arrived = cross({ type: 'failed', error: coded }) as { error: CodedError }
    expect(CodedError.is(arrived.error, 'STORE_NOT_OPEN')).toBe(true)
    expect(arrived.error).toMatchObject({ message: 'closed', details: { at: 1 }, isRetryable: coded.isRetryable })
    expect(arrived.error.cause).toBeInstanceOf(TypeError)
    const plain = Object.assign(new RangeError('far'), { code: 'ENOENT' })
    const again = cross(plain)
    expect(again).toBeInstanceOf(RangeError)
    expect(again).toMatchObject({ message: 'far', code: 'ENOENT', stack: plain.stack })
    class OwnError extends Error {
      override readonly name = 'OwnError'
    }
    expect(cross(new OwnError('own'))).toMatchObject({ name: 'OwnError', message: 'own' })
  })

  test('what only structured clone carries is put aside', () => {
    const { cross, encoder } = createPair()
    const shared = new SharedArrayBuffer(4)
    class Money {
      nanos = 1n
    }
    const money = new Money()
    expect(cross({ type: 'x', shared, money })).toEqual({ type: 'x', shared, money })
    expect(encoder.aside).toEqual([shared, money])
  })

  test.each([
    [{ type: 'x', run: () => 1 }, 'run'],
    [{ type: 'x', list: [1, { deep: { mark: Symbol('s') } }] }, 'list[1].deep.mark'],
    [{ type: 'x', 'odd name': new Map([['k', () => 1]]) }, '["odd name"].k'],
    [() => 1, ''],
  ])('what cannot be cloned is named: %#', (value, path) => {
    const { cross, encoder } = createPair()
    expect(codeOf(() => cross(value))).toEqual(['ACTOR_EVENT_NOT_CLONEABLE', path])
    expect(encoder.shapes.size).toBe(0)
    expect(cross({ type: 'x', run: 1 })).toEqual({ type: 'x', run: 1 })
  })

  test('a value deeper than the walk goes is refused', () => {
    let deep: unknown = 1
    for (let level = 0; level < 600; level += 1) deep = [deep]
    expect(codeOf(() => createPair().cross(deep))).toMatchObject(['ACTOR_EVENT_NOT_CLONEABLE', expect.anything()])
  })

  test('the shapes of a refused event are unknown to the next one, also where they were guessed', () => {
    const { cross } = createPair()
    cross({ type: 'x', a: 1, b: 1 })
    expect(codeOf(() => cross({ type: 'x', a: { q: 1 }, b: () => 1 }))).toEqual(['ACTOR_EVENT_NOT_CLONEABLE', 'b'])
    expect(cross({ type: 'x', a: { r: 2 }, b: 1 })).toEqual({ type: 'x', a: { r: 2 }, b: 1 })
    expect(codeOf(() => cross({ type: 'x', a: { q: 1 }, b: () => 1 }))).toEqual(['ACTOR_EVENT_NOT_CLONEABLE', 'b'])
    expect(cross({ type: 'y', z: { s: 3 } })).toEqual({ type: 'y', z: { s: 3 } })
    expect(cross({ type: 'x', a: { q: 1 }, b: 1 })).toEqual({ type: 'x', a: { q: 1 }, b: 1 })
  })

  test('an object used as a dictionary does not grow the tables without end', () => {
    const { cross, decoder } = createPair()
    for (let index = 0; index < 3_000; index += 1) {
      const value = { [`key-${index}`]: index }
      expect(cross(value)).toEqual(value)
    }
    expect(decoder.shapes.length).toBe(1_024)
  })
})
