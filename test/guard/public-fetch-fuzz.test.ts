import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { reachOf } from '../../src/core/egress/address-reach.ts'
import { isReachable, parseHostPattern } from '../../src/core/egress/host-pattern.ts'
import { createPublicFetch } from '../../src/guard/public-fetch.ts'
import type { PinnedRequest } from '../../src/guard/send-pinned.ts'
import { createSystemClock } from '../../src/node/system-clock.ts'
import type { OutboundResponse } from '../../src/ports/outbound-fetch.ts'

const PIECES = [
  'http',
  'https',
  'HTTP',
  'file',
  ':',
  '/',
  '//',
  '\\',
  '@',
  '#',
  '?',
  '.',
  '..',
  '%2e',
  '%00',
  '。',
  '①',
  '127',
  '0x7f',
  '0177',
  '1',
  '10',
  '8.8.8.8',
  '[',
  ']',
  '::',
  '::1',
  '::ffff:',
  '64:ff9b::',
  'fe80::1%25eth0',
  'localhost',
  'a.example',
  'b.example',
  'metadata',
  '.local',
  ':80',
  ':443',
  ':22',
  ' ',
  '\t',
  '\n',
  'xn--',
  'é',
  '\ud800',
  '-',
  '_',
  'user:secret',
]
const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 10 }).map((pieces) => pieces.join(''))
const whole = fc.constantFrom(
  'http://a.example/',
  'https://b.example:443/x?y',
  'http://8.8.8.8/',
  'HTTPS://A.Example./',
  '/there',
  'x',
)
const url = fc.oneof(
  { weight: 3, arbitrary: whole },
  text,
  text.map((rest) => `http://${rest}`),
  text.map((rest) => `https://a.example${rest}`),
)
const address = fc.constantFrom(
  '8.8.8.8',
  '2606:4700::1111',
  '127.0.0.1',
  '10.0.0.1',
  '::1',
  '::ffff:8.8.8.8',
  '169.254.169.254',
  'fe80::1%eth0',
  'nonsense',
  '',
)
const addresses = fc.oneof(
  fc.constantFrom(['8.8.8.8'], ['1.1.1.1', '2606:4700::1111']),
  fc.array(address, { maxLength: 3 }),
)

function answer(location: string | undefined): OutboundResponse {
  const nothing = (): void => undefined
  return {
    status: location === undefined ? 200 : 302,
    header: (name) => (name === 'location' ? location : undefined),
    body: (async function* () {})(),
    text: async () => await Promise.resolve(''),
    release: nothing,
    cancel: nothing,
  }
}

describe('whatever URLs, names and redirects there are', () => {
  test('a request goes to public addresses alone, which were found for its own host, and everything else is refused or fails by a code', async () => {
    let [asked, followed] = [0, 0]
    await fc.assert(
      fc.asyncProperty(url, fc.array(url, { maxLength: 3 }), addresses, async (first, redirects, found) => {
        const sent: PinnedRequest[] = []
        const names: string[] = []
        const guard = createPublicFetch({
          clock: createSystemClock(),
          resolve: async (name) => {
            names.push(name)
            return await Promise.resolve(found)
          },
          send: async (pinned) => {
            sent.push(pinned)
            pinned.onSettled(0)
            return await Promise.resolve(answer(redirects[sent.length - 1]))
          },
        })
        const failure: unknown = await guard.request({ url: first, method: 'GET' }).then(
          () => undefined,
          (error: unknown) => error,
        )
        asked += Number(sent.length > 0)
        followed += Number(sent.length > 1)
        if (failure !== undefined) expect(CodedError.is(failure), JSON.stringify(failure)).toBe(true)
        for (const { url: target, addresses: pinned } of sent) {
          const { hostname, port, username } = new URL(target.href)
          const isAddress = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
          expect(pinned.map((each) => reachOf(each.address).kind)).toEqual(pinned.map(() => 'public'))
          expect(isAddress || names.includes(hostname), hostname).toBe(true)
          expect(['', '80', '443']).toContain(port)
          expect(username).toBe('')
        }
      }),
      { numRuns: 1_500 },
    )
    // Else nothing was tried.
    expect(Math.min(asked / 4, followed)).toBeGreaterThan(30)
  })

  test('a pattern that is read lets through hosts under what is written there, and nothing else', () => {
    fc.assert(
      fc.property(
        text,
        fc.constantFrom(
          'a.example',
          'b.example',
          'x.a.example',
          'localhost',
          '127.0.0.1',
          '8.8.8.8',
          '0:0:0:0:0:0:0:1',
        ),
        (written, host) => {
          const pattern = parseHostPattern(written)
          if (pattern === undefined) return
          expect(pattern.host).toMatch(/^[a-z0-9_.:-]+$/)
          if (isReachable([pattern], { host, port: pattern.port }))
            expect(host === pattern.host || host.endsWith(`.${pattern.host}`)).toBe(true)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
