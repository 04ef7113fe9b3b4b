import { describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../src/gateway/listener/authenticate.ts'
import type { ApiKeyConfig } from '../../src/node/config/node-config.ts'

function key(id: string, digit: string): ApiKeyConfig {
  return { id, sha256: digit.repeat(64), tenant: 'default' }
}

describe('keys of a gateway', () => {
  it.each([
    [[key('a', '0'), key('a', '1')], 'the id "a" is given twice'],
    [[key('a', '0'), key('b', '1'), key('c', '0')], '"a" and "c" have the same secret'],
  ])('that cannot be told apart are refused: %#', (keys, message) => {
    expect(() => createAuthenticator(keys)).toThrowError(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(message) as unknown,
      }) as Error,
    )
  })

  it('that differ are taken', () => {
    expect(() => createAuthenticator([key('a', '0'), key('b', '1')])).not.toThrow()
  })
})
