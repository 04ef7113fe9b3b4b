import { describe, expect, test } from 'vitest'
import type { VerifyStatement } from '../../../src/core/notary/statement.ts'
import { KnownSignatures } from '../../../src/market/parties/contracts/known-signatures.ts'
import { setOf } from '../../torture/notary-world.ts'

const [KEY, OTHER] = setOf(1).members.map(({ key }) => key)
if (KEY === undefined || OTHER === undefined) throw new TypeError('a set has members')
const SIGNED = { key: KEY, bytes: Uint8Array.of(1, 2, 3), signature: 'A'.repeat(86) }

/** Says yes or no, and counts how often it is asked. */
function verifier(isRight: boolean): { readonly verify: VerifyStatement; readonly asked: () => number } {
  let asked = 0
  const verify: VerifyStatement = () => {
    asked += 1
    return isRight
  }
  return { verify, asked: () => asked }
}

describe('signatures that were found right', () => {
  test('are checked once', () => {
    const known = new KnownSignatures()
    const { verify, asked } = verifier(true)
    for (let time = 0; time < 3; time += 1) expect(known.check({ ...SIGNED }, verify)).toBe(true)
    expect(asked()).toBe(1)
  })

  test.each([
    { what: 'another key', signed: { ...SIGNED, key: OTHER } },
    { what: 'other bytes', signed: { ...SIGNED, bytes: Uint8Array.of(1, 2, 4) } },
    { what: 'fewer bytes', signed: { ...SIGNED, bytes: Uint8Array.of(1, 2) } },
    { what: 'another signature', signed: { ...SIGNED, signature: `${'A'.repeat(85)}Q` } },
  ])('say nothing of one with $what', ({ signed }) => {
    const known = new KnownSignatures()
    known.check(SIGNED, verifier(true).verify)
    const { verify, asked } = verifier(false)
    expect(known.check(signed, verify)).toBe(false)
    expect(asked()).toBe(1)
  })

  test('are told from wrong ones, which are checked each time', () => {
    const known = new KnownSignatures()
    const { verify, asked } = verifier(false)
    for (let time = 0; time < 3; time += 1) expect(known.check(SIGNED, verify)).toBe(false)
    expect(asked()).toBe(3)
    expect(known.check(SIGNED, verifier(true).verify)).toBe(true)
  })

  test('are forgotten behind many others, unless they come again meanwhile', () => {
    const known = new KnownSignatures()
    const used = { ...SIGNED, key: OTHER }
    const { verify } = verifier(true)
    for (const signed of [SIGNED, used]) known.check(signed, verify)
    for (let other = 0; other < 9_000; other += 1) {
      known.check({ ...SIGNED, bytes: Uint8Array.of(9, other >> 8, other & 255) }, verify)
      if (other % 1_000 === 0) known.check(used, verify)
    }
    const { verify: again, asked } = verifier(true)
    known.check(used, again)
    expect(asked()).toBe(0)
    known.check(SIGNED, again)
    expect(asked()).toBe(1)
  })

  test('are not kept where they stand under more bytes than a statement has', () => {
    const known = new KnownSignatures()
    const { verify, asked } = verifier(true)
    const long = { ...SIGNED, bytes: new Uint8Array(129) }
    for (let time = 0; time < 2; time += 1) known.check(long, verify)
    expect(asked()).toBe(2)
  })
})
