import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import {
  createOutboundFetch,
  type GuardedOutboundFetch,
  type OutboundFetchInit,
} from '../../src/guard/outbound-fetch.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const open: { server: Server; outbound: GuardedOutboundFetch }[] = []

afterEach(async () => {
  for (const { server, outbound } of open.splice(0)) {
    await outbound.close()
    server.closeAllConnections()
    server.close()
  }
})

async function serve(
  handler: Handler,
  init: Partial<OutboundFetchInit> = {},
): Promise<{ url: string; outbound: GuardedOutboundFetch; server: Server }> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const outbound = createOutboundFetch({ allowedOrigins: [url], ...init })
  open.push({ server, outbound })
  return { url, outbound, server }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return CodedError.is(error) ? error.code : String(error)
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

describe('what it sends and receives', () => {
  test('a POST with headers and body, and the answer as text', async () => {
    const { url, outbound } = await serve((request, response) => {
      let body = ''
      request.on('data', (piece: Buffer) => (body += piece.toString()))
      request.on('end', () => {
        response.setHeader('x-seen', request.headers['x-mark'] ?? '')
        response.end(`${request.method} ${request.url} ${body}`)
      })
    })
    const response = await outbound.request({
      url: `${url}/a/b?c=d`,
      method: 'POST',
      headers: { 'x-mark': 'one' },
      body: 'grüße',
    })
    expect(response.status).toBe(200)
    expect(response.header('x-seen')).toBe('one')
    expect(response.header('absent')).toBeUndefined()
    expect(await response.text()).toBe('POST /a/b?c=d grüße')
  })

  test('the body in pieces as they arrive', async () => {
    let release = (): void => undefined
    const { url, outbound } = await serve((_request, response) => {
      response.write('first')
      release = () => response.end('second')
    })
    const response = await outbound.request({ url, method: 'GET' })
    const pieces: string[] = []
    for await (const piece of response.body) {
      pieces.push(Buffer.from(piece).toString())
      release()
    }
    expect(pieces).toEqual(['first', 'second'])
  })

  test('a large body reaches a slow reader whole', async () => {
    const size = 3_000_000
    const { url, outbound } = await serve((_request, response) => response.end('x'.repeat(size)))
    const response = await outbound.request({ url, method: 'GET' })
    await new Promise((resolve) => setImmediate(resolve))
    expect((await collect(response.body)).length).toBe(size)
  })

  test('a redirect is an answer and is not followed', async () => {
    let calls = 0
    const { url, outbound } = await serve((_request, response) => {
      calls++
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    const response = await outbound.request({ url, method: 'GET' })
    expect([response.status, response.header('location'), calls]).toEqual([302, '/elsewhere', 1])
  })

  test('connections are reused', async () => {
    const ports = new Set<number | undefined>()
    const { url, outbound } = await serve((request, response) => {
      ports.add(request.socket.remotePort)
      response.end('ok')
    })
    for (let call = 0; call < 5; call++) await (await outbound.request({ url, method: 'GET' })).text()
    // A call that follows at once may find the first connection not yet idle; from then on the two take turns.
    expect(ports.size).toBeLessThanOrEqual(2)
  })

  test('no more connections than allowed serve many calls at once', async () => {
    const ports = new Set<number | undefined>()
    const { url, outbound } = await serve(
      (request, response) => {
        ports.add(request.socket.remotePort)
        setImmediate(() => response.end('ok'))
      },
      { connectionsPerOriginMax: 2 },
    )
    await Promise.all(Array.from({ length: 20 }, async () => (await outbound.request({ url, method: 'GET' })).text()))
    expect(ports.size).toBe(2)
  })
})

describe('what it refuses before anything is sent', () => {
  const outbound = createOutboundFetch({ allowedOrigins: ['https://api.example.com/v1', 'https://*.cdn.example'] })
  const refused = [
    'https://other.example.com/',
    'http://api.example.com/',
    'https://api.example.com:8443/',
    'https://api.example.com.evil.example/',
    'https://key@api.example.com/',
    'https://api.example.com@evil.example/',
    'file:///etc/passwd',
    'ftp://api.example.com/',
    'data:text/plain,x',
    'https://cdn.example/',
    'https://evilcdn.example/',
    'https://a.cdn.example.evil.example/',
    'https://a.cdn.example.co/',
    'https://evil.example/.cdn.example',
    'http://a.cdn.example/',
    'https://a.cdn.example:444/',
    'not a url',
    '',
  ]
  test.each(refused)('%s', async (url) => {
    expect(await codeOf(outbound.request({ url, method: 'GET' }))).toBe('OUTBOUND_NOT_ALLOWED')
  })

  test('and the refusal repeats neither path, query nor credentials', async () => {
    const error: unknown = await outbound
      .request({ url: 'https://user:secret@evil.example/private?token=secret', method: 'GET' })
      .catch((reason: unknown) => reason)
    expect(JSON.stringify(error) + String(error)).not.toMatch(/secret|private/)
  })

  test('other spellings of an allowed origin are the same origin', async () => {
    const server = await serve((_request, response) => response.end('ok'))
    const response = await server.outbound.request({ url: server.url.replace('http:', 'HTTP:'), method: 'GET' })
    expect(await response.text()).toBe('ok')
  })

  test.each(['api.example.com', 'https://user:x@host', 'ftp://host', 'http://*.host.example', '*'])(
    'the configuration cannot allow %s',
    (entry) => {
      expect(() => createOutboundFetch({ allowedOrigins: [entry] })).toThrow(RangeError)
    },
  )
})

describe('how it fails', () => {
  test('a header that cannot be sent is a fault of the configuration, and its value is not repeated', async () => {
    const { url, outbound } = await serve((_request, response) => response.end())
    const headers = { authorization: 'Bearer secret\n' }
    const error: unknown = await outbound.request({ url, method: 'GET', headers }).catch((reason: unknown) => reason)
    expect(CodedError.is(error, 'CONFIG_INVALID')).toBe(true)
    expect(String(error) + JSON.stringify(error)).not.toContain('secret')
  })

  test('nobody listens', async () => {
    const { url, outbound, server } = await serve(() => undefined)
    await new Promise((resolve) => server.close(resolve))
    expect(await codeOf(outbound.request({ url, method: 'GET' }))).toBe('OUTBOUND_UNREACHABLE')
  })

  test('the server closes without an answer', async () => {
    const { url, outbound } = await serve((request) => request.socket.destroy())
    expect(await codeOf(outbound.request({ url, method: 'GET' }))).toBe('OUTBOUND_UNREACHABLE')
  })

  test('the server closes in the middle of the body: what came is read, then the failure is thrown', async () => {
    const { url, outbound } = await serve((request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('half', () => request.socket.destroy())
    })
    const response = await outbound.request({ url, method: 'GET' })
    const seen: string[] = []
    const reading = (async () => {
      for await (const piece of response.body) seen.push(Buffer.from(piece).toString())
    })()
    expect(await codeOf(reading)).toBe('OUTBOUND_UNREACHABLE')
    expect(seen).toEqual(['half'])
  })

  test('the head does not come in time', async () => {
    const { url, outbound } = await serve(() => undefined, { headersTimeoutMs: 30 })
    expect(await codeOf(outbound.request({ url, method: 'GET' }))).toBe('OUTBOUND_TIMEOUT')
  })

  test('the body pauses for too long', async () => {
    const { url, outbound } = await serve((_request, response) => void response.write('x'), { idleTimeoutMs: 30 })
    const response = await outbound.request({ url, method: 'GET' })
    expect(await codeOf(response.text())).toBe('OUTBOUND_TIMEOUT')
  })

  test('the body is larger than accepted, told at once and not after the whole download', async () => {
    const { url, outbound } = await serve((_request, response) => {
      const flood = (): void => void (response.destroyed || response.write('x'.repeat(10_000), flood))
      flood()
    })
    const response = await outbound.request({ url, method: 'GET', responseBytesMax: 50_000 })
    expect(await codeOf(response.text())).toBe('OUTBOUND_RESPONSE_TOO_LARGE')
  })
})

describe('aborting', () => {
  const reason = new Error('the caller left')

  test('before the call sends nothing', async () => {
    let calls = 0
    const { url, outbound } = await serve((_request, response) => {
      calls++
      response.end()
    })
    await expect(outbound.request({ url, method: 'GET', signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(calls).toBe(0)
  })

  test('while waiting for the head rejects with the reason, and the server sees the connection close', async () => {
    const controller = new AbortController()
    let closed: Promise<unknown> = Promise.resolve()
    const { url, outbound } = await serve((request) => {
      closed = once(request.socket, 'close')
      controller.abort(reason)
    })
    await expect(outbound.request({ url, method: 'GET', signal: controller.signal })).rejects.toBe(reason)
    await closed
  })

  test('in the middle of the body rejects the read and closes the connection', async () => {
    const controller = new AbortController()
    let closed: Promise<unknown> = Promise.resolve()
    const { url, outbound } = await serve((request, response) => {
      closed = once(request.socket, 'close')
      response.write('x')
    })
    const response = await outbound.request({ url, method: 'GET', signal: controller.signal })
    const text = response.text()
    controller.abort(reason)
    await expect(text).rejects.toBe(reason)
    await closed
  })

  test('leaving the loop early closes the connection', async () => {
    let closed: Promise<unknown> = Promise.resolve()
    const { url, outbound } = await serve((request, response) => {
      closed = once(request.socket, 'close')
      response.write('x')
    })
    const response = await outbound.request({ url, method: 'GET' })
    for await (const _piece of response.body) break
    await closed
  })

  test('a released response drops its rest and keeps the connection, unless the rest is long', async () => {
    const closed: string[] = []
    const { url, outbound } = await serve((request, response) => {
      request.socket.once('close', () => closed.push(request.url ?? ''))
      response.write('x')
      setImmediate(() => response.end('y'.repeat(request.url === '/long' ? 10_000_000 : 10)))
    })
    const short = await outbound.request({ url: `${url}/short`, method: 'GET' })
    short.release()
    const long = await outbound.request({ url: `${url}/long`, method: 'GET' })
    long.release()
    await vi.waitFor(() => expect(closed).toEqual(['/long']))
    expect(await collect(short.body)).toBe('')
  })

  test('a signal that outlives many calls keeps no listener', async () => {
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args))
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args))
    const { url, outbound } = await serve((_request, response) => response.end('ok'))
    for (let call = 0; call < 3; call++) await (await outbound.request({ url, method: 'GET', signal })).text()
    ;(await outbound.request({ url, method: 'GET', signal })).cancel()
    expect(listeners).toBe(0)
  })
})

test('after close, calls fail and do not hang', async () => {
  const { url, outbound } = await serve((_request, response) => response.end('ok'))
  await outbound.close()
  expect(await codeOf(outbound.request({ url, method: 'GET' }))).toBe('OUTBOUND_UNREACHABLE')
})
