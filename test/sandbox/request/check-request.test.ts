import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { SANDBOX_LIMIT_DEFAULTS } from '../../../src/core/sandbox/sandbox-policy.ts'
import type { SandboxRequest } from '../../../src/ports/sandbox-runtime.ts'
import { checkEnvironment, checkRequest } from '../../../src/sandbox/request/check-request.ts'

/** What the kernel takes as one text of an argument or a variable, without the zero byte at its end. */
const LONGEST = 131_071

function requestOf(argument: string): SandboxRequest {
  return {
    program: { kind: 'command', argv: ['/bin/echo', argument] },
    policy: {
      isolation: 't3',
      limits: SANDBOX_LIMIT_DEFAULTS,
      network: { hosts: [] },
      environment: [],
      paths: { read: [], write: [] },
      allowEmulation: false,
    },
  }
}

const invalid = (work: () => void): boolean => {
  try {
    work()
    return false
  } catch (error) {
    return CodedError.is(error, 'SANDBOX_PROGRAM_INVALID')
  }
}

describe('one text of a program', () => {
  it('is refused as an argument when it is longer than the kernel takes, in bytes', () => {
    expect(invalid(() => checkRequest('subprocess', requestOf('x'.repeat(LONGEST))))).toBe(false)
    expect(invalid(() => checkRequest('subprocess', requestOf('x'.repeat(LONGEST + 1))))).toBe(true)
    expect(invalid(() => checkRequest('subprocess', requestOf('ö'.repeat(LONGEST / 2 + 1))))).toBe(true)
  })

  it('is refused as a variable with its name', () => {
    expect(invalid(() => checkEnvironment({ A: 'x'.repeat(LONGEST - 2) }))).toBe(false)
    expect(invalid(() => checkEnvironment({ A: 'x'.repeat(LONGEST - 1) }))).toBe(true)
  })
})
