import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { CAPABILITY_MESSAGES } from '../../../src/wire/v1/capability-messages.ts'
import { GOVERNANCE_MESSAGES, WEIGHT_TABLE } from '../../../src/wire/v1/governance-messages.ts'

const HASH = 'ab'.repeat(32)
const DID = `did:key:z6Mk${'a'.repeat(44)}`

describe('bodies of governance', () => {
  it('read and write what they were', () => {
    const propose = { base: HASH, changes: [{ name: 'clock.epsilonMs', value: '9' }], weights: HASH, timelockMs: 5 }
    const body = GOVERNANCE_MESSAGES['governance-propose'].parse(propose)
    expect(body.changes).toEqual([{ name: 'clock.epsilonMs', value: 9n }])
    expect(z.encode(GOVERNANCE_MESSAGES['governance-propose'], body)).toEqual(propose)
    const weights = { source: 'stake', rows: [{ voter: DID, weight: '18446744073709551615' }] }
    const table = WEIGHT_TABLE.parse(weights)
    expect(z.encode(WEIGHT_TABLE, table)).toEqual(weights)
    expect(GOVERNANCE_MESSAGES['governance-delegate'].parse({})).toEqual({})
  })

  it.each([
    ['governance-propose', { base: HASH, changes: [], weights: HASH, timelockMs: 5 }],
    ['governance-propose', { base: HASH, changes: [{ name: 'luck', value: '9' }], weights: HASH, timelockMs: 5 }],
    [
      'governance-propose',
      { base: HASH, changes: [{ name: 'clock.epsilonMs', value: '09' }], weights: HASH, timelockMs: 5 },
    ],
    [
      'governance-propose',
      { base: HASH, changes: [{ name: 'clock.epsilonMs', value: '9' }], weights: HASH, timelockMs: 1e12 },
    ],
    ['governance-vote', { proposal: HASH, choice: 'maybe' }],
    ['governance-vote', { proposal: HASH, choice: 'for', weight: '1' }],
    ['governance-execute', { proposal: HASH.toUpperCase() }],
  ] as const)('%s refuses %j', (type, body) => {
    expect(GOVERNANCE_MESSAGES[type].safeParse(body).success).toBe(false)
  })
})

it('a weight has 64 bits at most', () => {
  const rows = [{ voter: DID, weight: '18446744073709551616' }]
  expect(WEIGHT_TABLE.safeParse({ source: 'stake', rows }).success).toBe(false)
})

describe('bodies that carry capability tokens', () => {
  it('take base64url within the limits', () => {
    const invoke = CAPABILITY_MESSAGES['capability-invoke']
    expect(invoke.safeParse({ invocation: 'glhA', chain: [] }).success).toBe(true)
    expect(invoke.safeParse({ invocation: 'glhA=', chain: [] }).success).toBe(false)
    expect(invoke.safeParse({ invocation: 'a'.repeat(10_924), chain: [] }).success).toBe(false)
    expect(CAPABILITY_MESSAGES['capability-revoke'].safeParse({ revocation: 'glhA', chain: [] }).success).toBe(false)
  })
})
