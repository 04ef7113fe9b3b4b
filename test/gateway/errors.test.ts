import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { CodedError, type ErrorCode } from '../../src/base/errors.ts'
import { createScriptedNode, keyOf, startGateway } from './scripted-node.ts'

const HELLO = [{ role: 'user' as const, content: 'Say hello' }]
const clientOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 })

async function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<{ status: number; error: unknown; headers: Headers }> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  const parsed = (await response.json()) as { error: unknown }
  return { status: response.status, error: parsed.error, headers: response.headers }
}

describe('a request that is not well formed', () => {
  const chat = (members: object): string => JSON.stringify({ model: 'kernell', messages: HELLO, ...members })
  const user = (content: unknown): string => chat({ messages: [{ role: 'user', content }] })
  it.each([
    ['text that is not JSON', '{"model": "kernell"', null],
    ['nothing', '', null],
    ['a list', '[]', null],
    ['no model', JSON.stringify({ messages: HELLO }), 'model'],
    ['a model that is no name', chat({ model: 'two words' }), 'model'],
    ['no messages', JSON.stringify({ model: 'kernell' }), 'messages'],
    ['an empty conversation', chat({ messages: [] }), 'messages'],
    ['a message that is text', chat({ messages: ['hi'] }), 'messages[0]'],
    ['an unknown role', chat({ messages: [...HELLO, { role: 'boss', content: 'x' }] }), 'messages[1].role'],
    ['the role function', chat({ messages: [{ role: 'function', name: 'f', content: 'x' }] }), 'messages[0].role'],
    [
      'a tool result without its call',
      chat({ messages: [{ role: 'tool', content: 'x' }] }),
      'messages[0].tool_call_id',
    ],
    [
      'a tool result that nobody called for',
      chat({ messages: [...HELLO, { role: 'tool', content: 'x', tool_call_id: 'c1' }] }),
      'messages[1].tool_call_id',
    ],
    ['no content', chat({ messages: [{ role: 'user' }] }), 'messages[0].content'],
    [
      'an assistant that says nothing',
      chat({ messages: [{ role: 'assistant', content: null }] }),
      'messages[0].content',
    ],
    ['audio', user([{ type: 'input_audio', input_audio: { data: '', format: 'wav' } }]), 'messages[0].content[0].type'],
    [
      'an image of this machine',
      user([{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }]),
      'messages[0].content[0].image_url.url',
    ],
    ['functions', chat({ functions: [{ name: 'f' }] }), 'functions'],
    ['nine answers', chat({ n: 9 }), 'n'],
    ['logprobs in words', chat({ logprobs: 'yes' }), 'logprobs'],
    ['top_logprobs without logprobs', chat({ top_logprobs: 3 }), 'top_logprobs'],
    ['21 top_logprobs', chat({ logprobs: true, top_logprobs: 21 }), 'top_logprobs'],
    ['an empty stop', chat({ stop: '' }), 'stop'],
    ['a temperature of 3', chat({ temperature: 3 }), 'temperature'],
    ['a fraction of a token', chat({ max_tokens: 1.5 }), 'max_tokens'],
    ['"false"', chat({ stream: 'false' }), 'stream'],
    ['a choice without tools', chat({ tool_choice: 'required' }), 'tool_choice'],
    [
      'a schema without a name',
      chat({ response_format: { type: 'json_schema', json_schema: { schema: {} } } }),
      'response_format.json_schema.name',
    ],
    ['an endless number', `{"model":"kernell","messages":[{"role":"user","content":"x"}],"top_k":1e999}`, 'top_k'],
    ['a prototype', `{"model":"kernell","messages":[{"role":"user","content":"x"}],"__proto__":{"n":2}}`, '__proto__'],
    [
      'a deep prototype',
      `{"model":"kernell","messages":[{"role":"user","content":"x"}],"metadata":{"a":[{"__proto__":1}]}}`,
      'metadata',
    ],
    [
      'depth',
      `{"model":"kernell","messages":[{"role":"user","content":"x"}],"metadata":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      'metadata',
    ],
  ])('with %s is answered 400 naming the member', async (_what, body, param) => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const { status, error } = await post(running.url, body)
    expect({ status, error }).toMatchObject({
      status: 400,
      error: {
        type: 'invalid_request_error',
        param,
        code: 'REQUEST_INVALID',
        message: expect.stringMatching(/\S/) as string,
      },
    })
    expect(node.requests).toEqual([])
  })

  it('with bytes that are not UTF-8 is answered 400', async () => {
    await using running = await startGateway(createScriptedNode())
    const bytes = Buffer.from(user('x~y').replace('~', '\x7f'), 'latin1')
    bytes[bytes.indexOf(0x7f)] = 0xff
    expect(await post(running.url, Uint8Array.from(bytes))).toMatchObject({
      status: 400,
      error: { message: 'The body is not valid UTF-8' },
    })
  })

  it('is read the same way by everybody when a member occurs twice', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    await post(
      running.url,
      `{"model":"kernell-premium","messages":[{"role":"user","content":"x"}],"user":"a","user":"b","model":"kernell"}`,
    )
    expect(node.requests[0]).toMatchObject({ target: { kind: 'auto' }, request: { passThrough: { user: 'b' } } })
  })

  it('with half a character is repaired, in names and values', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    await post(
      running.url,
      `{"model":"kernell","messages":[{"role":"user","content":"cut \\ud83d"}],"metadata":{"\\udc00":"\\ud83d\\ude00"}}`,
    )
    expect(node.requests[0]?.request).toEqual({
      messages: [{ role: 'user', content: 'cut \ufffd' }],
      passThrough: { metadata: { '\ufffd': '\u{1f600}' } },
    })
  })

  it('as a form is answered 415, because web pages can send forms anywhere', async () => {
    await using running = await startGateway(createScriptedNode())
    expect(await post(running.url, user('x'), { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      error: { code: 'GATEWAY_MEDIA_TYPE' },
    })
    expect(await post(running.url, user('x'), { 'content-encoding': 'gzip' })).toMatchObject({
      status: 415,
      error: { code: 'GATEWAY_MEDIA_TYPE' },
    })
  })

  it('with a body that is too long is answered 413, and the connection can be used again', async () => {
    await using running = await startGateway(createScriptedNode(), { limits: { bodyBytesMax: 1_000 } })
    for (let round = 0; round < 2; round += 1) {
      expect(await post(running.url, user('x'.repeat(300_000)))).toMatchObject({
        status: 413,
        error: { type: 'invalid_request_error', code: 'GATEWAY_BODY_TOO_LARGE' },
      })
    }
    expect((await post(running.url, user('x'))).status).toBe(200)
  })

  it('that declares an absurd length is answered before it is sent', async () => {
    await using running = await startGateway(createScriptedNode())
    const status = await new Promise((resolve, reject) => {
      const asking = httpRequest(`${running.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': 1e12 },
      })
      asking.on('response', (response) => resolve(response.statusCode))
      asking.on('error', reject)
      asking.flushHeaders()
    })
    expect(status).toBe(413)
  })

  it('in HTTP itself is answered in the same form', async () => {
    await using running = await startGateway(createScriptedNode(), { limits: { headerBytesMax: 1_024 } })
    expect(await raw(running.url, 'HELLO?\r\n\r\n')).toMatch(
      /^HTTP\/1.1 400 .*\{"error":\{"message":"The request is not valid HTTP\/1.1"/s,
    )
    expect(await raw(running.url, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(5_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 .*"error"/s,
    )
  })

  it.each([
    ['two hosts', 'GET / HTTP/1.1\r\nhost: localhost\r\nHOST: localhost\r\nconnection: close\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n'],
  ])('with %s is answered 400 in the same form', async (_what, bytes) => {
    await using running = await startGateway(createScriptedNode())
    expect(await raw(running.url, bytes)).toMatch(/^HTTP\/1.1 400 .*"param":"host","code":"REQUEST_INVALID"/s)
  })
})

describe('a path', () => {
  it('that does not exist is answered 404 with what to do', async () => {
    await using running = await startGateway(createScriptedNode())
    const response = await fetch(`${running.url}/chat/completions`, { method: 'POST', body: '{}' })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({
      error: {
        code: 'GATEWAY_PATH_UNKNOWN',
        message: expect.stringContaining('base URL that ends in `/v1`') as string,
      },
    })
  })

  it('with another method is answered 405', async () => {
    await using running = await startGateway(createScriptedNode())
    const response = await fetch(`${running.url}/v1/chat/completions`)
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
  })
})

describe('what the router throws', () => {
  it.each<[ErrorCode, number, unknown, object]>([
    [
      'ROUTER_MODEL_UNKNOWN',
      404,
      OpenAI.NotFoundError,
      { code: 'model_not_found', type: 'invalid_request_error', param: 'model' },
    ],
    ['BUDGET_EXCEEDED', 429, OpenAI.RateLimitError, { code: 'insufficient_quota', type: 'insufficient_quota' }],
    ['ROUTER_NO_MODEL', 503, OpenAI.InternalServerError, { code: 'ROUTER_NO_MODEL', type: 'server_error' }],
    [
      'ROUTER_NO_CAPABLE_MODEL',
      422,
      OpenAI.UnprocessableEntityError,
      { code: 'ROUTER_NO_CAPABLE_MODEL', type: 'invalid_request_error' },
    ],
    ['ROUTER_ALL_FAILED', 502, OpenAI.InternalServerError, { code: 'ROUTER_ALL_FAILED', type: 'server_error' }],
    ['STORE_OVERLOADED', 503, OpenAI.InternalServerError, { code: 'STORE_OVERLOADED', type: 'server_error' }],
  ])('%s becomes %i and the class that clients expect', async (code, status, errorClass, members) => {
    const node = createScriptedNode({
      route: async () =>
        await Promise.reject(new CodedError(code, { message: 'What happened', details: { limitNanos: 5n } })),
    })
    await using running = await startGateway(node)
    const failure: unknown = await clientOf(running.url)
      .chat.completions.create({ model: 'kernell', messages: HELLO })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(errorClass)
    expect(failure).toMatchObject({
      status,
      ...members,
      message: expect.stringMatching(/What happened\. \S/) as string,
      error: { details: { limitNanos: '5' } },
    })
    expect(running.failures).toEqual([])
  })

  it('is retried by the client only where a retry can help', async () => {
    const codes: ErrorCode[] = ['BUDGET_EXCEEDED', 'STORE_OVERLOADED']
    const tries: number[] = []
    for (const code of codes) {
      const node = createScriptedNode({
        route: async () => await Promise.reject(new CodedError(code, { message: 'No' })),
      })
      await using running = await startGateway(node)
      const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'unused', maxRetries: 1 })
      await client.chat.completions.create({ model: 'kernell', messages: HELLO }).catch(() => undefined)
      tries.push(node.requests.length)
    }
    expect(tries).toEqual([1, 2])
  })

  it('says when to come back, where the providers said so', async () => {
    const failing = (code: ErrorCode) =>
      createScriptedNode({
        route: async () =>
          await Promise.reject(new CodedError(code, { message: 'No', details: { retryAfterMs: 1_200 } })),
      })
    const asked = []
    for (const code of ['MODEL_RATE_LIMITED', 'ROUTER_ALL_FAILED', 'MODEL_REQUEST_REFUSED'] as const) {
      await using running = await startGateway(failing(code))
      const { status, headers } = await post(running.url, JSON.stringify({ model: 'kernell', messages: HELLO }))
      asked.push([status, headers.get('retry-after')])
    }
    expect(asked).toEqual([
      [429, '2'],
      [502, '2'],
      [400, null],
    ])
  })

  it('that names its remedy itself does not name it twice', async () => {
    const remedy = 'Set OPENAI_API_KEY or ANTHROPIC_API_KEY, or run `kernell init`.'
    const node = createScriptedNode({
      route: async () => await Promise.reject(new CodedError('ROUTER_NO_MODEL', { message: `None. ${remedy}` })),
    })
    await using running = await startGateway(node)
    const { error } = await post(running.url, JSON.stringify({ model: 'kernell', messages: HELLO }))
    expect(error).toMatchObject({ message: `None. ${remedy}` })
  })

  it('without a code is a fault: told to the operator, not to the caller', async () => {
    const fault = new Error('secret detail')
    await using running = await startGateway(createScriptedNode({ route: async () => await Promise.reject(fault) }))
    const { status, error, headers } = await post(running.url, JSON.stringify({ model: 'kernell', messages: HELLO }))
    expect({ status, error }).toEqual({
      status: 500,
      error: {
        message: `The node failed to serve the request. Report it with the request id ${headers.get('x-request-id')}.`,
        type: 'server_error',
        param: null,
        code: 'INTERNAL_ERROR',
      },
    })
    expect(running.failures).toEqual([fault])
  })

  it("about a provider that refuses the key of the node is not taken for the caller's key", async () => {
    const node = createScriptedNode({
      route: async () =>
        await Promise.reject(new CodedError('MODEL_AUTH_FAILED', { message: 'openai refused the key' })),
    })
    await using running = await startGateway(node)
    expect((await post(running.url, JSON.stringify({ model: 'kernell', messages: HELLO }))).status).toBe(502)
  })
})

describe('keys', () => {
  it('are asked for, and decide the tenant and the tiers', async () => {
    const keys = [
      keyOf('sk-one'),
      keyOf('sk-two', { id: 'k2', tenant: 'globex', organisation: 'g', team: 't', tiers: ['cheap_api'] }),
    ]
    const node = createScriptedNode({ keys })
    await using running = await startGateway(node)
    const ask = async (apiKey: string): Promise<unknown> =>
      await new OpenAI({ baseURL: `${running.url}/v1`, apiKey, maxRetries: 0 }).chat.completions.create({
        model: 'kernell',
        messages: HELLO,
      })
    await ask('sk-one')
    await ask('sk-two')
    expect(node.requests.map(({ caller, controls }) => ({ caller, controls }))).toEqual([
      { caller: { tenant: 'acme', keyId: 'k1' }, controls: {} },
      { caller: { tenant: 'globex', keyId: 'k2', organisation: 'g', team: 't' }, controls: { tiers: ['cheap_api'] } },
    ])
    const failure: unknown = await ask('sk-three').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(failure).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'invalid_request_error' })
    expect(await post(running.url, '{}')).toMatchObject({ status: 401, error: { code: 'invalid_api_key' } })
    expect((await fetch(`${running.url}/metrics`)).status).toBe(401)
    expect(node.requests).toHaveLength(2)
  })

  it('that are limited to tiers cannot ask for more', async () => {
    await using running = await startGateway(
      createScriptedNode({ keys: [keyOf('sk', { tiers: ['cheap_api', 'cache'] })] }),
    )
    const headers = { authorization: 'Bearer sk', 'x-kernell-allow': 'premium' }
    expect(await post(running.url, JSON.stringify({ model: 'kernell', messages: HELLO }), headers)).toMatchObject({
      status: 400,
      error: { param: 'x-kernell-allow' },
    })
  })

  it('are needed before anybody else can connect', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
      await expect(startOn(host)).rejects.toMatchObject({ code: 'GATEWAY_KEYS_REQUIRED' })
    }
  })

  it('that are not hashes stop the start', async () => {
    await expect(
      startGateway(createScriptedNode({ keys: [{ id: 'k', sha256: 'sk-plain', tenant: 't' }] })),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

async function startOn(host: string): Promise<string> {
  const { createGateway } = await import('../../src/gateway/index.ts')
  return await createGateway({ node: createScriptedNode() }).listen({ host, port: 0 })
}

describe('web pages', () => {
  const get = (
    url: string,
    headers: Record<string, string>,
    method = 'GET',
  ): Promise<{ status: number | undefined; allowed: unknown }> =>
    new Promise((resolve, reject) => {
      const asking = httpRequest(`${url}/v1/models`, { method, headers }, (response) => {
        response.resume()
        resolve({ status: response.statusCode, allowed: response.headers['access-control-allow-origin'] })
      })
      asking.on('error', reject)
      asking.end()
    })

  it('of foreign origins and names that were bent to this machine are refused', async () => {
    await using running = await startGateway(createScriptedNode())
    const { host } = new URL(running.url)
    const statuses = []
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { host: 'evil.example' },
      { host: '127.0.0.1.evil.example' },
    ]) {
      statuses.push((await get(running.url, headers)).status)
    }
    expect(statuses).toEqual([403, 403, 403, 403])
    for (const headers of [{}, { host: 'localhost:1' }, { host: '[::1]:1' }, { origin: `http://${host}` }]) {
      expect((await get(running.url, headers)).status).toBe(200)
    }
  })

  it('of an allowed origin are answered with permission, and asked about first', async () => {
    await using running = await startGateway(createScriptedNode(), {
      allowedOrigins: ['https://app.example'],
      allowedHosts: ['node.example'],
    })
    const origin = 'https://app.example'
    expect(await get(running.url, { origin })).toEqual({ status: 200, allowed: origin })
    expect(await get(running.url, { origin }, 'OPTIONS')).toEqual({ status: 204, allowed: origin })
    expect((await get(running.url, { host: 'node.example:8787' })).status).toBe(200)
  })
})

/** Writes bytes on a bare connection and reads until the server closes it. */
function raw(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (piece: string) => (text += piece))
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
    socket.write(bytes)
  })
}
