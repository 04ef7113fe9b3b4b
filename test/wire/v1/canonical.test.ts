import { existsSync, readFileSync } from 'node:fs'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ENVELOPE_REFUSALS } from '../../../src/core/evidence/envelope-refusals.ts'
import { decodeUtf8 } from '../../../src/core/text/decode-utf8.ts'
import { CANONICAL_LIMITS, canonicalBytes, canonicalText, readCanonical } from '../../../src/wire/v1/canonical.ts'
import { JSON_LIMITS, scanJson } from '../../../src/wire/v1/scan-json.ts'

const DATA = `${process.env['KERNELL_DATA'] ?? '../shared/data'}/security`

/** Values of the profile. */
const { value: profileValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.integer({ min: -3, max: 30 }),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(
      fc.oneof(fc.stringMatching(/^[!-~]{1,8}$/), fc.integer({ min: 0, max: 20 }).map(String)),
      tie('value'),
      { maxKeys: 6 },
    ),
  ),
}))

function outcome(text: string | Uint8Array): string {
  const reading = readCanonical(typeof text === 'string' ? new TextEncoder().encode(text) : text)
  return reading.kind === 'refused' ? reading.code : 'read'
}

describe('canonical text', () => {
  it('of every value of the profile is what another library writes, and reads back as the same value', () => {
    fc.assert(
      fc.property(profileValue, (value) => {
        const text = canonicalText(value)
        expect(text).toBe(canonicalize(value))
        const reading = readCanonical(canonicalBytes(value), { ...CANONICAL_LIMITS, depthMax: 64 })
        expect(reading).toEqual({ kind: 'read', value: JSON.parse(JSON.stringify(value)) as unknown, text })
      }),
      { seed: 11, numRuns: 3_000 },
    )
  })

  it.each([
    ['null', null],
    ['a fraction', 0.5],
    ['an integer that parsers differ about', 2 ** 53],
    ['not a number', Number.NaN],
    ['an infinity', Number.POSITIVE_INFINITY],
    ['a bigint', 1n],
    ['undefined in an array', [undefined]],
    ['a lone surrogate', '\ud800'],
    ['a name beyond ASCII', { ä: 1 }],
    ['a name with a space', { 'a b': 1 }],
    ['an empty name', { '': 1 }],
    ['a function', () => 1],
  ])('does not exist of %s', (_name, value) => {
    expect(() => canonicalText(value)).toThrow(TypeError)
    expect(() => canonicalText({ a: [value] })).toThrow(TypeError)
  })

  it('leaves out members that are undefined, and writes minus zero as zero', () => {
    expect(canonicalText({ b: undefined, a: -0 })).toBe('{"a":0}')
  })
})

describe('reading canonical bytes', () => {
  it('takes a text exactly when writing its value gives it again', () => {
    const spaces = fc.constantFrom('', '', '', ' ', '\n')
    const parts = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '"\\u0061"',
      '1',
      '-0',
      '10',
      'true',
      '"1"',
      '"2"',
    )
    let taken = 0
    fc.assert(
      fc.property(fc.array(fc.tuple(parts, spaces), { maxLength: 9 }), (tokens) => {
        const text = tokens.map(([part, space]) => part + space).join('')
        const isRead = outcome(text) === 'read'
        expect(isRead).toBe(isCanonicalByParser(text))
        if (isRead) taken += 1
      }),
      { seed: 12, numRuns: 20_000 },
    )
    expect(taken).toBeGreaterThan(200)
  })

  it('counts the bytes before it looks at them', () => {
    expect(outcome(new Uint8Array(CANONICAL_LIMITS.bytesMax + 1))).toBe('ENVELOPE_TOO_LARGE')
    expect(outcome(`"${'x'.repeat(CANONICAL_LIMITS.bytesMax - 2)}"`)).toBe('read')
  })

  it('looks no further than the first thing that is too much', () => {
    for (const part of ['[', '{"a":', '[[', '[{"a":']) {
      const hostile = part.repeat(Math.floor(CANONICAL_LIMITS.bytesMax / part.length))
      expect(outcome(hostile)).toBe('ENVELOPE_TOO_DEEP')
    }
    const members = Array.from({ length: JSON_LIMITS.membersMax + 1 }, (_, index) => `"k${1_000 + index}":0`)
    expect(outcome(`{${members.join(',')}}`)).toBe('ENVELOPE_TOO_MANY_MEMBERS')
    expect(outcome(`{${members.slice(1).join(',')}}`)).toBe('read')
    expect(outcome(`[${'0,'.repeat(JSON_LIMITS.itemsMax)}0]`)).toBe('ENVELOPE_TOO_MANY_MEMBERS')
    expect(outcome(`[${'0,'.repeat(JSON_LIMITS.itemsMax - 1)}0]`)).toBe('read')
  })

  it('finds a name that comes twice however it is written', () => {
    for (const text of [
      '{"a":1,"b":2,"a":1}',
      '{"a":1,"a":1}',
      String.raw`{"a":1,"\u0061":2}`,
      String.raw`{"\u0061":1,"\u0061":2}`,
      '[{"b":{"a":1,"a":1}}]',
    ])
      expect(outcome(text)).toBe('ENVELOPE_DUPLICATE_KEY')
    expect(outcome('{"a":{"a":1},"b":{"a":1}}')).toBe('read')
  })
})

/** As the rule says it, without our scan: one JSON value without a doubled name, null or a fraction, that writes itself. */
function isCanonicalByParser(text: string): boolean {
  try {
    return canonicalize(JSON.parse(text)) === text
  } catch {
    return false
  }
}

describe('UTF-8', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const byPlatform = (bytes: Uint8Array): string | undefined => {
    try {
      return decoder.decode(bytes)
    } catch {
      return undefined
    }
  }

  it('is read as the platform reads it, every sequence of two bytes and random longer ones', () => {
    for (let pair = 0; pair < 65_536; pair += 1) {
      const bytes = new Uint8Array([0x61, pair >> 8, pair & 0xff])
      expect(decodeUtf8(bytes)).toBe(byPlatform(bytes))
    }
    const byte = fc.oneof(
      fc.constantFrom(
        0x7f,
        0x80,
        0x8f,
        0x90,
        0x9f,
        0xa0,
        0xbf,
        0xc0,
        0xc1,
        0xc2,
        0xdf,
        0xe0,
        0xed,
        0xef,
        0xf0,
        0xf4,
        0xf5,
        0xff,
      ),
      fc.integer({ min: 0, max: 255 }),
    )
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 8 }), (list) => {
        const bytes = new Uint8Array(list)
        expect(decodeUtf8(bytes)).toBe(byPlatform(bytes))
      }),
      { seed: 13, numRuns: 20_000 },
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(decodeUtf8(new TextEncoder().encode(text))).toBe(text.toWellFormed())
      }),
      { seed: 14, numRuns: 2_000 },
    )
    expect(decodeUtf8(new Uint8Array(20_000).fill(0x61))).toBe('a'.repeat(20_000))
  })
})

describe.skipIf(!existsSync(`${DATA}/json_parsing.jsonl`))(
  'known trouble of JSON parsers (needs the security data; set KERNELL_DATA)',
  () => {
    type Row = { readonly name: string; readonly expect: 'accept' | 'reject' | 'either'; readonly base64: string }
    const rows = readRows(`${DATA}/json_parsing.jsonl`) as readonly Row[]

    it('is refused where it is no JSON, and only for the profile or the form where it is', () => {
      const wrong = rows.filter((row) => {
        const code = outcome(new Uint8Array(Buffer.from(row.base64, 'base64')))
        if (code !== 'read' && !(code in ENVELOPE_REFUSALS)) return true
        if (row.expect === 'reject') return code === 'read'
        return row.expect === 'accept' && ['ENVELOPE_NOT_JSON', 'ENVELOPE_NOT_UTF8'].includes(code)
      })
      expect(wrong.map(({ name }) => name)).toEqual([])
      expect(rows.length).toBeGreaterThan(100)
    })

    it('is scanned with the grammar of the platform', () => {
      const loose = { depthMax: 1_000, membersMax: 1_000, itemsMax: 10_000 }
      const wrong = rows.filter(({ base64 }) => {
        const text = decodeUtf8(new Uint8Array(Buffer.from(base64, 'base64')))
        if (text === undefined) return false
        const code = scanJson(text, loose)
        return (code === undefined && !isJson(text)) || (code === 'ENVELOPE_NOT_JSON' && isJson(text))
      })
      expect(wrong.map(({ name }) => name)).toEqual([])
    })
  },
)

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function readRows(file: string): readonly unknown[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}
