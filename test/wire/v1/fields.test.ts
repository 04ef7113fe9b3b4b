import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AMOUNT_MAX } from '../../../src/base/money.ts'
import {
  BYTES_32,
  CONTRACT_ID,
  COUNT,
  CURRENCY,
  DID,
  DURATION,
  HASH,
  NANOS,
  noteOf,
  SALT,
  SIGNATURE,
  TIME,
  TRANSFER_ID,
  WORD,
} from '../../../src/wire/v1/fields.ts'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'

const { did } = fixedKey(1)

function takes(schema: z.ZodType, value: unknown): boolean {
  return z.safeDecode(schema, value).success
}

describe('scalars of signed messages', () => {
  it.each<[string, z.ZodType, readonly unknown[], readonly unknown[]]>([
    [
      'DID',
      DID,
      [did],
      [`${did}1`, did.slice(0, -1), did.replace('z6Mk', 'z6Mj'), `${did.slice(0, -1)}l`, `${did}\n`, 1],
    ],
    [
      'HASH',
      HASH,
      ['0a'.repeat(32)],
      ['0A'.repeat(32), '0a'.repeat(31), `${'0a'.repeat(32)}0`, '', `${'0a'.repeat(32)}\n`],
    ],
    ['CONTRACT_ID', CONTRACT_ID, ['ff'.repeat(32)], ['fg'.repeat(32), 'ff'.repeat(33)]],
    ['TRANSFER_ID', TRANSFER_ID, ['0f'.repeat(16)], ['0F'.repeat(16), '0f'.repeat(15)]],
    [
      'CURRENCY',
      CURRENCY,
      [`USD@${did}`, `A1@${did}`, `ABCDEFGHIJKL@${did}`],
      [`U@${did}`, `usd@${did}`, `1SD@${did}`, `ABCDEFGHIJKLM@${did}`, 'USD', `USD@@${did}`],
    ],
    [
      'NANOS',
      NANOS,
      ['0', '1', '18446744073709551615'],
      [
        '',
        '00',
        '01',
        '-1',
        '+1',
        '1.0',
        '1e3',
        ' 1',
        '18446744073709551616',
        '99999999999999999999',
        '184467440737095516150',
        1,
        '\u0661',
      ],
    ],
    ['TIME', TIME, [0, 1_790_000_000_000, Number.MAX_SAFE_INTEGER], [-1, 0.5, '0', Number.NaN, 2 ** 53, Infinity]],
    ['DURATION', DURATION, [0, 100], [-1, 0.1]],
    ['COUNT', COUNT, [0, 1], [-1, 1.5, '1']],
    [
      'SALT',
      SALT,
      ['A'.repeat(22), `${'_'.repeat(21)}w`],
      ['A'.repeat(21), 'A'.repeat(23), `${'A'.repeat(21)}B`, `${'A'.repeat(22)}==`],
    ],
    ['BYTES_32', BYTES_32, ['A'.repeat(43), `${'-'.repeat(42)}8`], [`${'A'.repeat(42)}B`, 'A'.repeat(44)]],
    ['SIGNATURE', SIGNATURE, ['A'.repeat(86), `${'z'.repeat(85)}g`], [`${'A'.repeat(85)}B`, 'A'.repeat(88)]],
    [
      'WORD',
      WORD,
      ['a', 'text.word-count', 'a/b_c', 'a'.repeat(64)],
      ['', 'A', '1a', 'a b', 'a'.repeat(65), 'ä', 'a\n'],
    ],
    ['note', noteOf(3), ['', 'abc', 'äöü'], ['abcd', 1]],
  ])('%s has one form', (_name, schema, right, wrong) => {
    expect(right.filter((value) => !takes(schema, value))).toEqual([])
    expect(wrong.filter((value) => takes(schema, value))).toEqual([])
  })

  it('money is an amount inside and a decimal string outside, for every amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: AMOUNT_MAX }), (amount) => {
        const text = amount.toString()
        expect(z.decode(NANOS, text)).toBe(amount)
        expect(z.encode(NANOS, z.decode(NANOS, text))).toBe(text)
      }),
      { seed: 21, numRuns: 500 },
    )
    expect(() => z.encode(NANOS, -1n as never)).toThrow(z.ZodError)
    expect(() => z.encode(NANOS, (AMOUNT_MAX + 1n) as never)).toThrow(z.ZodError)
  })

  it('bytes are taken in exactly the form that is written', () => {
    for (const [schema, size] of [
      [SALT, 16],
      [BYTES_32, 32],
      [SIGNATURE, 64],
    ] as const)
      fc.assert(
        fc.property(fc.uint8Array({ minLength: size, maxLength: size }), fc.nat(63), (bytes, digit) => {
          const text = Buffer.from(bytes).toString('base64url')
          expect(takes(schema, text)).toBe(true)
          const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
          const other = text.slice(0, -1) + (alphabet[digit] ?? '')
          expect(takes(schema, other)).toBe(Buffer.from(other, 'base64url').toString('base64url') === other)
        }),
        { seed: 22, numRuns: 300 },
      )
  })
})
