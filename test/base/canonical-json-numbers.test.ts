import { existsSync, readFileSync } from 'node:fs'
import canonicalize from 'canonicalize'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../src/base/canonical-json.ts'
import { createRandomStream, type RandomStream } from '../../src/base/random-stream.ts'

const FILE = `${process.env['KERNELL_DATA'] ?? '../shared/data'}/security/jcs_rfc8785.jsonl`
const NUMBERS = 1_000_000

const view = new DataView(new ArrayBuffer(8))

function numberOfBits(high: number, low: number): number {
  view.setUint32(0, high)
  view.setUint32(4, low)
  return view.getFloat64(0)
}

describe('numbers as RFC 8785 writes them', () => {
  it('are a million of all magnitudes as another library writes them, and read back bit for bit', () => {
    const random = createRandomStream(8785)
    const wrong: number[] = []
    let written = 0
    for (let index = 0; written < NUMBERS; index += 1) {
      const value = pick(index, random)
      if (!Number.isFinite(value)) continue
      written += 1
      const text = canonicalJson(value)
      // Minus zero is written 0.
      if (text !== canonicalize(value) || Number(text) !== value) wrong.push(value)
    }
    expect(wrong).toEqual([])
  })

  it.each([
    [-0, '0'],
    [5e-324, '5e-324'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
    [1e21, '1e+21'],
    [999999999999999900000, '999999999999999900000'],
    [1e-6, '0.000001'],
    [1e-7, '1e-7'],
    [2 ** 53, '9007199254740992'],
    [0.1 + 0.2, '0.30000000000000004'],
  ])('%d is %s', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })
})

/** Any bits, neighbours of powers of two, integers around 2^53, short decimals. */
function pick(index: number, random: RandomStream): number {
  switch (index % 5) {
    case 0:
    case 1:
      return numberOfBits(random.nextUint32(), random.nextUint32())
    case 2:
      return numberOfBits((random.nextUint32() & 0xfff0_0000) >>> 0, random.nextBelow(8))
    case 3:
      return (random.nextBelow(2) === 0 ? 1 : -1) * (2 ** 53 - 50_000 + random.nextBelow(100_000))
    default:
      return Number(`${random.nextBelow(100_000)}e${random.nextBelow(640) - 330}`)
  }
}

describe.skipIf(!existsSync(FILE))('published rows of RFC 8785 (needs the security data; set KERNELL_DATA)', () => {
  type DocumentRow = {
    readonly kind: 'document'
    readonly name: string
    readonly input_utf8: string
    readonly output_hex: string
  }
  /** `expected` is null for what JSON cannot carry. */
  type NumberRow = { readonly kind: 'number'; readonly ieee754_hex: string; readonly expected: string | null }
  const rows = existsSync(FILE)
    ? readFileSync(FILE, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as DocumentRow | NumberRow)
    : []

  it('hold, every one', () => {
    for (const row of rows) {
      if (row.kind === 'document')
        expect(Buffer.from(canonicalJson(JSON.parse(row.input_utf8))).toString('hex')).toBe(row.output_hex)
      else {
        const value = Buffer.from(row.ieee754_hex, 'hex').readDoubleBE()
        if (row.expected === null) expect(() => canonicalJson(value)).toThrow(TypeError)
        else expect(canonicalJson(value)).toBe(row.expected)
      }
    }
    expect(rows.length).toBeGreaterThan(0)
  })
})
