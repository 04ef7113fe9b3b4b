import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { SANDBOX_LIMIT_DEFAULTS } from '../../src/core/sandbox/sandbox-policy.ts'
import { parseSandboxPolicy } from '../../src/wire/sandbox-policy-document.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'

const NOTHING = {
  limits: SANDBOX_LIMIT_DEFAULTS,
  network: { hosts: [] },
  environment: [],
  paths: { read: [], write: [] },
  allowEmulation: false,
}

function memberRefused(policy: unknown): unknown {
  try {
    parseSandboxPolicy(typeof policy === 'string' ? policy : JSON.stringify(policy))
  } catch (error) {
    if (CodedError.is(error, 'SANDBOX_POLICY_INVALID')) return error.details['member']
    throw error
  }
  return 'accepted'
}

describe('the policy of a sandbox', () => {
  it('allows nothing that it does not name', () => {
    expect(parseSandboxPolicy('{"isolation":"t3"}')).toEqual({ isolation: 't3', ...NOTHING })
  })

  it('is read whole', () => {
    const policy = {
      isolation: 't5',
      limits: { wallMs: 1, cpuMs: 2, memoryBytes: 1_048_576, outputBytes: 0, processes: 1, diskBytes: 0 },
      network: { hosts: ['a.example:8443'] },
      environment: ['LANG'],
      paths: { read: ['/srv/in'], write: ['/srv/out'] },
      allowEmulation: true,
    }
    expect(parseSandboxPolicy(JSON.stringify(policy))).toEqual(policy)
  })

  it.each([
    ['', ''],
    ['[]', ''],
    ['null', ''],
    [{}, 'isolation'],
    [{ isolation: 't0' }, 'isolation'],
    [{ isolation: 't3', limit: {} }, ''],
    [{ isolation: 't3', limits: { wallMS: 1 } }, 'limits'],
    [{ isolation: 't3', limits: { wallMs: '1' } }, 'limits.wallMs'],
    [{ isolation: 't3', limits: { wallMs: 0 } }, 'limits.wallMs'],
    [{ isolation: 't3', limits: { memoryBytes: 1.5 } }, 'limits.memoryBytes'],
    [{ isolation: 't3', network: { hosts: [''] } }, 'network.hosts.0'],
    [{ isolation: 't3', network: [] }, 'network'],
    [{ isolation: 't3', environment: ['A=B'] }, 'environment'],
    [{ isolation: 't3', environment: 'HOME' }, 'environment'],
    [{ isolation: 't3', paths: { read: ['relative'] } }, 'paths'],
    [{ isolation: 't3', paths: { write: ['/a/../b'] } }, 'paths'],
    [{ isolation: 't3', paths: { execute: [] } }, 'paths'],
    [{ isolation: 't3', allowEmulation: 1 }, 'allowEmulation'],
  ])('is refused, and the member named: %j', (policy, member) => {
    expect(memberRefused(policy)).toBe(member)
  })

  it('is read or refused with its code, whatever stands there', () => {
    const random = createRandomStream(8)
    const text = JSON.stringify({ isolation: 't3', ...NOTHING })
    for (let round = 0; round < 2_000; round += 1) {
      const at = random.nextBelow(text.length)
      const piece = ['', '"', '{', ']', '-1', 'null', '1e999', '\\u0000', '__proto__'][random.nextBelow(9)] ?? ''
      memberRefused(text.slice(0, at) + piece + text.slice(at + random.nextBelow(8)))
    }
  })
})
