import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../src/base/canonical-json.ts'

describe('canonical JSON', () => {
  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: 1, a: [true, null, { d: 'x', c: 0.1 }] })).toBe(
      '{"a":[true,null,{"c":0.1,"d":"x"}],"b":1}',
    )
    expect(canonicalJson({ a: 1, b: undefined })).toBe('{"a":1}')
  })

  it('is JSON that means the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('writes names that engines have an order of their own for as it writes all others', () => {
    expect(canonicalJson({ b: { 10: 1, 9: 2, a: 3 }, a: 4 })).toBe('{"a":4,"b":{"10":1,"9":2,"a":3}}')
    expect(canonicalJson(JSON.parse('{"z":1,"__proto__":{"b":1,"a":2}}'))).toBe('{"__proto__":{"a":2,"b":1},"z":1}')
  })

  it('writes an instance of a class by its own members, whatever it says of itself as JSON', () => {
    class Place {
      readonly y = 2
      readonly x = 1
      toJSON(): string {
        return 'elsewhere'
      }
    }
    expect(canonicalJson([{ place: new Place(), at: new Date(0) }])).toBe('[{"at":{},"place":{"x":1,"y":2}}]')
    expect(canonicalJson({ toJSON: 1, a: 2 })).toBe('{"a":2,"toJSON":1}')
  })

  it('takes a text that looks like an escape of half a character, and no such half', () => {
    expect(canonicalJson(['\\ud800', '\u{1f600}'])).toBe('["\\\\ud800","\u{1f600}"]')
    expect(() => canonicalJson({ b: 1, a: { c: ['\udc00'] } })).toThrow(TypeError)
    expect(() => canonicalJson({ '\ud800': 1 })).toThrow(TypeError)
  })

  it('leaves a value as it was', () => {
    const value = { b: [undefined, { d: 1, c: undefined }], a: -0 }
    expect(canonicalJson(value)).toBe('{"a":0,"b":[null,{"d":1}]}')
    expect(Object.keys(value)).toEqual(['b', 'a'])
    expect(value.b).toEqual([undefined, { d: 1, c: undefined }])
    expect(Object.is(value.a, -0)).toBe(true)
  })

  it('is what writing each member by itself gives, in any order of members', () => {
    const name = fc.oneof(fc.string(), fc.nat(12).map(String), fc.constantFrom('__proto__', 'a', 'b', 'type'))
    const values = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue({ maxDepth: 0 }),
        fc.string({ unit: 'binary' }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.uniqueArray(fc.tuple(name, tie('value')), { selector: ([key]) => key, maxLength: 6 }).map(objectOf),
      ),
    })).value
    fc.assert(
      fc.property(values, (value) => {
        expect(canonicalJson(value)).toBe(plainly(value))
      }),
    )
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1, Symbol('s'), '\ud800'])('refuses %s', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  })
})

function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [name, value] of entries)
    Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true })
  return object
}

function plainly(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plainly).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = value as Readonly<Record<string, unknown>>
  const names = Object.keys(members).toSorted((one, other) => (one < other ? -1 : 1))
  return `{${names.map((name) => `${JSON.stringify(name)}:${plainly(members[name])}`).join(',')}}`
}
