import { afterEach, describe, expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { createOutboundFetch, type OutboundFetchInit } from '../../src/guard/outbound-fetch.ts'
import { Listener } from './played-internet.ts'

const listeners: Listener[] = []
afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close()
})

/** What becomes of a call to a configured host whose name leads to `addresses`: the answer or the code, and who came. */
async function callTo(
  host: string,
  addresses: readonly string[],
  init: Partial<OutboundFetchInit> = {},
): Promise<readonly [string, number]> {
  const listener = new Listener()
  listeners.push(listener)
  const origin = `http://${host}:${await listener.listen()}`
  await using outbound = createOutboundFetch({
    allowedOrigins: [origin],
    resolve: async () => await Promise.resolve(addresses),
    connectTimeoutMs: 1_000,
    ...init,
  })
  const answer = await outbound.request({ url: `${origin}/v1`, method: 'GET' }).then(
    async (response) => await response.text(),
    (error: unknown) => (CodedError.is(error) ? error.code : String(error)),
  )
  return [answer, listener.connections]
}

describe('a host that the operator configured', () => {
  test.each([
    ['an address', '127.0.0.1', []],
    ['this machine by name', 'localhost', ['127.0.0.1']],
    ['a name under that', 'models.localhost', ['127.0.0.1']],
    ['a name that only one network has', 'ollama', ['127.0.0.1']],
    ['a name of multicast DNS', 'nas.local', ['127.0.0.1']],
    ['a name for private use', 'llm.corp.internal', ['127.0.0.1']],
  ])('may lead to this machine: %s', async (_, host, addresses) => {
    expect(await callTo(host, addresses)).toEqual(['ok', 1])
  })

  test.each([
    ['a name of the internet that leads to this machine', 'api.example.com', ['127.0.0.1']],
    ['one that leads there too', 'api.example.com', ['8.8.8.8', '127.0.0.1']],
    ['one that leads into a private network', 'api.example.com', ['10.0.0.1']],
    ['this machine by name, which leads elsewhere', 'localhost', ['10.0.0.1']],
    ['a local name that leads to the keys of a cloud', 'metadata', ['169.254.169.254']],
    ['a local name that leads to no address in particular', 'ollama', ['0.0.0.0']],
  ])('is refused, and nobody comes: %s', async (_, host, addresses) => {
    expect(await callTo(host, addresses)).toEqual(['OUTBOUND_NOT_ALLOWED', 0])
  })

  test('may lead into a private network where its operator says so, by name or by domain, and to the keys of a cloud not even then', async () => {
    for (const privateHosts of [['llm.example.com'], ['*.example.com'], ['LLM.example.com.']])
      expect(await callTo('llm.example.com', ['127.0.0.1'], { privateHosts }), privateHosts[0]).toEqual(['ok', 1])
    expect(
      await callTo('llm.example.com', ['127.0.0.1'], { privateHosts: ['example.com', 'xllm.example.com'] }),
    ).toEqual(['OUTBOUND_NOT_ALLOWED', 0])
    expect(await callTo('llm.example.com', ['169.254.169.254'], { privateHosts: ['llm.example.com'] })).toEqual([
      'OUTBOUND_NOT_ALLOWED',
      0,
    ])
  })

  test('and a refusal says why, but not where the name leads', async () => {
    await using outbound = createOutboundFetch({
      allowedOrigins: ['https://api.example.com'],
      resolve: async () => await Promise.resolve(['10.9.8.7']),
    })
    const failure: unknown = await outbound
      .request({ url: 'https://api.example.com/private', method: 'GET' })
      .catch((error: unknown) => error)
    expect(String(failure)).toContain('Private use')
    expect(String(failure) + JSON.stringify(failure)).not.toMatch(/10\.9\.8\.7|\/private/)
  })

  test.each(['', '*', 'a b', 'https://a.example', '*.com'])('%j is no private host', (host) => {
    expect(() => createOutboundFetch({ allowedOrigins: [], privateHosts: [host] })).toThrow(RangeError)
  })
})
