import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPortableSha256, createRunningSha256 } from '../../../src/base/sha256.ts'
import { RecordWriter } from '../../../src/simulation/record/record-writer.ts'
import { RunRecorder } from '../../../src/simulation/record/run-recorder.ts'
import { ValueRecorder } from '../../../src/simulation/record/value-recorder.ts'

function bytesOf(values: readonly unknown[]): string {
  const writer = new RecordWriter()
  writer.isKept = true
  const recorder = new ValueRecorder(writer)
  for (const value of values) recorder.value(value)
  return Array.from(writer.since(0)).join(' ')
}

const VALUE = fc.oneof(
  fc.anything({ withBigInt: true, withMap: true, withSet: true, maxDepth: 3 }),
  fc.uint8Array({ maxLength: 5 }),
  fc.constantFrom<unknown>(
    -0,
    0,
    Number.NaN,
    127,
    128,
    -1,
    2 ** 31,
    2 ** 53,
    1e300,
    '',
    '0',
    '\ud800',
    'ä',
    0n,
    [],
    {},
  ),
)

/** Equal in all that is data: what `toEqual` leaves out, `undefined` members and `-0`, counts. */
function isSame(one: unknown, other: unknown): boolean {
  try {
    expect(one).toStrictEqual(other)
  } catch {
    return false
  }
  return JSON.stringify(keysOf(one)) === JSON.stringify(keysOf(other))
}

/** The order of members is part of a value here. */
function keysOf(value: unknown): unknown {
  if (value instanceof Map || value instanceof Set) return Array.from(value as Iterable<unknown>, keysOf)
  if (Array.isArray(value)) return value.map(keysOf)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return typeof value
  return Object.entries(value).map(([name, member]) => [name, keysOf(member)])
}

describe('the bytes of values', () => {
  it('are equal for equal values, and for no others', () => {
    fc.assert(
      fc.property(VALUE, VALUE, (one, other) => {
        const [first, second] = [bytesOf([one]), bytesOf([other])]
        expect(bytesOf([one])).toBe(first)
        expect(first === second).toBe(isSame(one, other))
      }),
      { seed: 2026, numRuns: 2_000 },
    )
  })

  it('tell where each value ends: no value is the beginning of another', () => {
    fc.assert(
      fc.property(VALUE, VALUE, (one, other) => {
        const [first, second] = [bytesOf([one]), bytesOf([other])]
        if (first !== second) expect(second.startsWith(`${first} `)).toBe(false)
      }),
      { seed: 2026, numRuns: 2_000 },
    )
  })

  it('say of functions, promises and what is within itself only that it is there', () => {
    const round: { self?: unknown; name: string } = { name: 'x' }
    round.self = round
    const [one, other] = [bytesOf([round]), bytesOf([{ name: 'x', self: { name: 'x' } }])]
    expect(one).not.toBe(other)
    expect(bytesOf([() => 1])).toBe(bytesOf([() => 2]))
    expect(bytesOf([Promise.resolve(1)])).toBe(bytesOf([Promise.resolve(2)]))
    expect(bytesOf([new AbortController()])).toBe(bytesOf([new AbortController()]))
  })

  it('of what is too deep or too large to be told is refused', () => {
    const deepOf = (levels: number, inner: unknown): unknown => {
      let deep = inner
      for (let level = 0; level < levels; level += 1) deep = [deep]
      return deep
    }
    expect(() => bytesOf([deepOf(10_000, 1)])).toThrow(RangeError)
    expect(bytesOf([deepOf(900, 1)])).not.toBe(bytesOf([deepOf(900, 2)]))
    let wide: unknown = 1
    for (let level = 0; level < 30; level += 1) wide = [wide, wide]
    expect(() => bytesOf([wide])).toThrow(RangeError)
  })

  class Point {
    readonly x: number
    constructor(x: number) {
      this.x = x
    }
  }
  class Other extends Point {}
  const buffer = (byte: number): ArrayBuffer => new Uint8Array([byte, 0, 0, 0]).buffer
  const different: readonly (readonly [string, () => unknown, () => unknown])[] = [
    ['instances', () => new Point(1), () => new Point(2)],
    ['instances by their class', () => new Point(1), () => new Other(1)],
    ['buffers', () => buffer(1), () => buffer(2)],
    ['views', () => new DataView(buffer(1)), () => new DataView(buffer(2))],
    ['views and buffers', () => new DataView(buffer(1)), () => buffer(1)],
    ['addresses', () => new URL('http://a.example'), () => new URL('http://b.example')],
    ['patterns', () => /a/u, () => /b/u],
    ['patterns by their flags', () => /a/u, () => /a/gu],
    ['numbers in boxes', () => new Object(1), () => new Object(2)],
    ['errors', () => new Error('one'), () => new Error('other')],
    ['errors by their cause', () => new Error('x', { cause: 1 }), () => new Error('x', { cause: 2 })],
    [
      'errors by their members',
      () => Object.assign(new Error('x'), { at: 1 }),
      () => Object.assign(new Error('x'), { at: 2 }),
    ],
    ['members by symbols', () => ({ [Symbol('s')]: 1 }), () => ({ [Symbol('s')]: 2 })],
    ['typed lists by their kind', () => new Int32Array([1]), () => new Float64Array([1])],
  ]
  it.each(different)('tell %s from each other', (_, one, other) => {
    expect(bytesOf([one()])).toBe(bytesOf([one()]))
    expect(bytesOf([one()])).not.toBe(bytesOf([other()]))
  })

  it('do not say the text of an error that an engine wrote', () => {
    expect(bytesOf([new TypeError('one')])).toBe(bytesOf([new TypeError('other')]))
    expect(bytesOf([new TypeError('one')])).not.toBe(bytesOf([new RangeError('one')]))
  })

  it('are the same however long they are', () => {
    for (const length of [65_530, 65_536, 200_000]) {
      const hashes = [false, true].map((isKept) => {
        const writer = new RecordWriter()
        writer.isKept = isKept
        const recorder = new ValueRecorder(writer)
        for (const value of ['x', 'y'.repeat(length), 'ü€'.repeat(length), new Uint8Array(length).fill(7)])
          recorder.value(value)
        return writer.hex()
      })
      expect(new Set(hashes).size).toBe(1)
    }
  })
})

it('the digest of bytes that come bit by bit is the one of them together, with the host and without', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (parts) => {
      const [native, portable] = [createRunningSha256(), createPortableSha256()]
      for (const part of parts) {
        native.update(part)
        portable.update(part)
        expect(native.hex()).toBe(portable.hex())
      }
    }),
    { seed: 2026, numRuns: 100 },
  )
})

it('whether somebody looks changes no hash', () => {
  const [blind, seen] = [new RunRecorder(), new RunRecorder(() => undefined)]
  for (const recorder of [blind, seen]) {
    for (let at = 0; at < 5_000; at += 1)
      recorder.happened(at / 2, { address: `a${at % 7}`, type: 'x', payload: { text: 'y'.repeat(at % 50), at } })
    recorder.noted('end')
  }
  expect(seen.hash).toBe(blind.hash)
})

it('the hash is of everything: time, order, address, type and content', () => {
  const event = { address: 'a', type: 't', payload: 1 }
  const hashOf = (...events: readonly (readonly [number, typeof event])[]): string => {
    const recorder = new RunRecorder()
    for (const [atMs, each] of events) recorder.happened(atMs, each)
    return recorder.hash
  }
  const hashes = [
    hashOf([1, event]),
    hashOf([2, event]),
    hashOf([1, { ...event, address: 'b' }]),
    hashOf([1, { ...event, type: 'u' }]),
    hashOf([1, { ...event, payload: 2 }]),
    hashOf([1, event], [1, { ...event, payload: 2 }]),
    hashOf([1, { ...event, payload: 2 }], [1, event]),
    hashOf([1, { ...event, address: 'at', type: '' }]),
  ]
  expect(new Set(hashes).size).toBe(hashes.length)
})
