import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import type { DurationMs, Timestamp } from '../../../src/base/time.ts'
import { createNonceGuard, type NonceLimits, type NonceUse } from '../../../src/wire/v1/nonce-guard.ts'

const HOUR = 3_600_000
const START = 1_790_000_000_000 - (1_790_000_000_000 % HOUR)
const SKEW = 5_000 as DurationMs
const LIMITS: NonceLimits = { perIssuerMax: 3, totalMax: 5 }

function use(
  nonce: string,
  part: { readonly issuer?: number; readonly exp?: number; readonly now?: number } = {},
): NonceUse {
  return {
    iss: fixedKey(part.issuer ?? 1).did,
    nonce,
    exp: (part.exp ?? START + 1_000) as Timestamp,
    now: (part.now ?? START) as Timestamp,
    clockSkewMs: SKEW,
  }
}

describe('the memory of nonces', () => {
  it('takes a nonce once from each issuer, whatever its exp says the second time', () => {
    const guard = createNonceGuard(LIMITS)
    expect(guard.use(use('a'))).toBe(undefined)
    expect(guard.use(use('a'))).toBe('ENVELOPE_NONCE_USED')
    expect(guard.use(use('a', { exp: START + 5 * HOUR }))).toBe('ENVELOPE_NONCE_USED')
    expect(guard.use(use('a', { issuer: 2 }))).toBe(undefined)
    expect(guard.size).toBe(2)
  })

  it('refuses at its limits, forgets nothing for room, and has room again when messages expire', () => {
    const guard = createNonceGuard(LIMITS)
    const late = { exp: START + 2 * HOUR }
    expect(['a', 'b', 'c'].map((nonce) => guard.use(use(nonce)))).toEqual([undefined, undefined, undefined])
    expect(guard.use(use('d'))).toBe('ENVELOPE_NONCES_FULL')
    expect(guard.use(use('a'))).toBe('ENVELOPE_NONCE_USED')
    expect(guard.use(use('a', { issuer: 2, ...late }))).toBe(undefined)
    expect(guard.use(use('b', { issuer: 3, ...late }))).toBe(undefined)
    expect(guard.use(use('c', { issuer: 4 }))).toBe('ENVELOPE_NONCES_FULL')
    expect(guard.size).toBe(5)
    const now = START + HOUR + SKEW
    expect(guard.use(use('d', { now, ...late }))).toBe(undefined)
    expect(guard.size).toBe(3)
  })

  it('keeps half of its room for those of whom more is known than a key', () => {
    const guard = createNonceGuard({ perIssuerMax: 3, totalMax: 6 })
    const free = (issuer: number) => guard.use({ ...use('a', { issuer }), isBacked: () => false })
    expect([1, 2, 3, 4].map(free)).toEqual([undefined, undefined, undefined, 'ENVELOPE_NONCES_FULL'])
    expect(guard.use({ ...use('a', { issuer: 4 }), isBacked: () => true })).toBe(undefined)
  })

  it('looks without taking note, and counts nothing that has expired', () => {
    const guard = createNonceGuard(LIMITS)
    for (const nonce of ['a', 'b', 'c', 'd']) expect(guard.look(use(nonce))).toBe(undefined)
    expect(guard.size).toBe(0)
    for (const nonce of ['a', 'b', 'c']) guard.keep(use(nonce))
    expect([guard.look(use('a')), guard.look(use('d'))]).toEqual(['ENVELOPE_NONCE_USED', 'ENVELOPE_NONCES_FULL'])
    for (const nonce of ['a', 'b']) guard.keep(use(nonce, { issuer: 2 }))
    expect(guard.look(use('a', { issuer: 3 }))).toBe('ENVELOPE_NONCES_FULL')
    const now = START + 60_000 + SKEW
    expect([guard.look(use('a', { now })), guard.look(use('a', { issuer: 3, now }))]).toEqual([undefined, undefined])
    expect(guard.size).toBe(5)
  })

  it('remembers until exp and the tolerance have passed', () => {
    const exp = START + HOUR - 1
    const guard = createNonceGuard()
    guard.use(use('a', { exp }))
    expect(guard.use(use('a', { exp, now: exp }))).toBe('ENVELOPE_NONCE_USED')
    expect(guard.use(use('a', { exp, now: exp + SKEW }))).toBe('ENVELOPE_NONCE_USED')
    expect(guard.use(use('a', { exp, now: START + HOUR + SKEW }))).toBe(undefined)
  })

  it('never takes a nonce twice while a message of it may be effective, in any order of uses and times', () => {
    const step = fc.record({
      issuer: fc.integer({ min: 1, max: 2 }),
      nonce: fc.constantFrom('a', 'b', 'c'),
      wait: fc.integer({ min: 0, max: HOUR }),
      valid: fc.integer({ min: 1, max: 3 * HOUR }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const guard = createNonceGuard()
        const effectiveUntil = new Map<string, number>()
        let now = START
        for (const { issuer, nonce, wait, valid } of steps) {
          now += wait
          const refusal = guard.use(use(nonce, { issuer, now, exp: now + valid }))
          const key = `${issuer} ${nonce}`
          if ((effectiveUntil.get(key) ?? 0) >= now) expect(refusal).toBe('ENVELOPE_NONCE_USED')
          if (refusal === undefined) effectiveUntil.set(key, now + valid)
        }
        expect(guard.size).toBeLessThanOrEqual(6)
      }),
      { seed: 23, numRuns: 300 },
    )
  })
})
