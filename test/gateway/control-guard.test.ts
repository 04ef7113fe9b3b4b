import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { CONTROL_HEADER, createControlGuard } from '../../src/gateway/listener/control-guard.ts'

type Sender = { readonly remoteAddress?: string; readonly localAddress?: string; readonly headers?: object }

function requestOf({ remoteAddress = '127.0.0.1', localAddress = '127.0.0.1', headers }: Sender): IncomingMessage {
  const request: unknown = {
    socket: { remoteAddress, localAddress },
    headers: { [CONTROL_HEADER]: 'secret', ...headers },
  }
  return request as IncomingMessage
}

function codeOf(check: () => void): string {
  try {
    check()
    return 'let in'
  } catch (error) {
    return CodedError.is(error) ? error.code : 'another error'
  }
}

describe('the guard of the control endpoint', () => {
  it.each<[string, Sender, string]>([
    ['loopback', {}, 'let in'],
    ['loopback of version 6', { remoteAddress: '::1' }, 'let in'],
    ['mapped loopback', { remoteAddress: '::ffff:127.0.0.1' }, 'let in'],
    ['an own address of this machine', { remoteAddress: '10.0.0.5', localAddress: '10.0.0.5' }, 'let in'],
    ['another machine', { remoteAddress: '10.0.0.6', localAddress: '10.0.0.5' }, 'GATEWAY_CONTROL_REFUSED'],
    ['a proxy', { headers: { 'x-forwarded-for': '10.0.0.6' } }, 'GATEWAY_CONTROL_REFUSED'],
    ...['via', 'x-real-ip', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'cf-connecting-ip'].map(
      (name): [string, Sender, string] => [
        `a proxy that says ${name}`,
        { headers: { [name]: '1' } },
        'GATEWAY_CONTROL_REFUSED',
      ],
    ),
    ['a proxy of the standard', { headers: { forwarded: 'for=10.0.0.6' } }, 'GATEWAY_CONTROL_REFUSED'],
    ['a wrong token', { headers: { [CONTROL_HEADER]: 'secre' } }, 'GATEWAY_CONTROL_REFUSED'],
    ['no token', { headers: { [CONTROL_HEADER]: undefined } }, 'GATEWAY_CONTROL_REFUSED'],
    ['two tokens', { headers: { [CONTROL_HEADER]: 'secret, secret' } }, 'GATEWAY_CONTROL_REFUSED'],
  ])('%s', (_name, sender, expected) => {
    const guard = createControlGuard('secret')
    expect(codeOf(() => guard.check(requestOf(sender), 0))).toBe(expected)
  })

  it('hears ten guesses a minute, and lets the right token in meanwhile', () => {
    const guard = createControlGuard('secret')
    const guess = (nowMs: number): string =>
      codeOf(() => guard.check(requestOf({ headers: { [CONTROL_HEADER]: 'guess' } }), nowMs))
    expect(Array.from({ length: 12 }, (_, index) => guess(index))).toEqual([
      ...Array.from({ length: 10 }, () => 'GATEWAY_CONTROL_REFUSED'),
      'GATEWAY_OVERLOADED',
      'GATEWAY_OVERLOADED',
    ])
    expect(codeOf(() => guard.check(requestOf({}), 20))).toBe('let in')
    expect(guess(60_000)).toBe('GATEWAY_CONTROL_REFUSED')
  })

  it('takes six hundred requests a minute', () => {
    const guard = createControlGuard('secret')
    const codes = Array.from({ length: 601 }, () => codeOf(() => guard.check(requestOf({}), 0)))
    expect([codes[599], codes[600]]).toEqual(['let in', 'GATEWAY_OVERLOADED'])
  })
})
