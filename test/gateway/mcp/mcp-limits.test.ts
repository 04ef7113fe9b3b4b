import { describe, expect, it } from 'vitest'
import type { ServedAgent } from '../../../src/gateway/index.ts'
import { createScriptedNode, keyOf, resultOf, startGateway, taskIdOf } from '../scripted-node.ts'
import { codeOf, connectClient, INITIALIZE, openSession, post } from './mcp-client.ts'

const LIST = { jsonrpc: '2.0', id: 2, method: 'tools/list' }
const ROUTE = { jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'route', arguments: { prompt: 'x' } } }

const bearer = (key: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${key}` })

async function statusOf(response: Promise<Response>): Promise<number> {
  const answered = await response
  await answered.text()
  return answered.status
}

describe('sessions', () => {
  it('answer their own key alone, whatever is asked', async () => {
    const keys = [keyOf('sk-a', { id: 'a' }), keyOf('sk-b', { id: 'b' })]
    await using running = await startGateway(createScriptedNode({ keys }))
    const id = await openSession(running.url, bearer('sk-a'))
    const own = { ...bearer('sk-a'), 'mcp-session-id': id }
    const foreign = { ...bearer('sk-b'), 'mcp-session-id': id }
    const never = { ...bearer('sk-b'), 'mcp-session-id': '00000000-0000-4000-8000-000000000000' }
    const texts: string[] = []
    for (const headers of [foreign, never]) {
      const response = await post(running.url, LIST, headers)
      texts.push(`${response.status} ${await response.text()}`)
    }
    expect(texts[0]).toBe(texts[1])
    expect(texts[0]).toMatch(/^404 .*Session not found/)
    const accept = 'text/event-stream'
    expect(await statusOf(fetch(`${running.url}/mcp`, { headers: { ...foreign, accept } }))).toBe(404)
    expect(await statusOf(fetch(`${running.url}/mcp`, { method: 'DELETE', headers: foreign }))).toBe(404)
    expect(await statusOf(post(running.url, LIST, own))).toBe(200)
    expect(await statusOf(fetch(`${running.url}/mcp`, { method: 'DELETE', headers: own }))).toBe(200)
    expect(await statusOf(post(running.url, LIST, own))).toBe(404)
  })

  it('are needed by callers of earlier revisions, who are told how else', async () => {
    await using running = await startGateway(createScriptedNode())
    const response = await post(running.url, LIST)
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('begin with initialize')])
    expect(await statusOf(fetch(`${running.url}/mcp`, { headers: { accept: 'text/event-stream' } }))).toBe(405)
    expect(await statusOf(fetch(`${running.url}/mcp`, { method: 'DELETE' }))).toBe(405)
  })

  it('of a key with its share: the one that nobody uses goes', async () => {
    const mcp = { limits: { sessionsPerKeyMax: 2 } }
    await using running = await startGateway(createScriptedNode(), { mcp })
    const ids = [await openSession(running.url), await openSession(running.url), await openSession(running.url)]
    const found: number[] = []
    for (const id of ids) found.push(await statusOf(post(running.url, LIST, { 'mcp-session-id': id })))
    expect(found).toEqual([404, 200, 200])
  })

  it('that are all in use make no room', async () => {
    const mcp = { limits: { sessionsMax: 1 } }
    await using running = await startGateway(createScriptedNode(), { mcp })
    const id = await openSession(running.url)
    const leaving = new AbortController()
    const headers = { 'mcp-session-id': id, accept: 'text/event-stream' }
    const listening = await fetch(`${running.url}/mcp`, { headers, signal: leaving.signal })
    expect(listening.status).toBe(200)
    const refused = await post(running.url, INITIALIZE)
    expect([refused.status, await refused.text()]).toEqual([429, expect.stringContaining('MCP_SESSIONS_FULL')])
    leaving.abort()
  })

  it('that do not begin are none', async () => {
    const mcp = { limits: { sessionsMax: 1 } }
    await using running = await startGateway(createScriptedNode(), { mcp })
    const id = await openSession(running.url)
    // Refused by the library: nobody who reads JSON alone can be told anything on the way.
    expect(await statusOf(post(running.url, INITIALIZE, { accept: 'application/json' }))).toBe(406)
    expect(await statusOf(post(running.url, LIST, { 'mcp-session-id': id }))).toBe(404)
    expect(await openSession(running.url)).not.toBe('')
  })

  it('are told again what a broken connection lost', async () => {
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    const node = createScriptedNode({
      route: async (request) => {
        asked.resolve()
        await answer.promise
        return resultOf(taskIdOf(request))
      },
    })
    await using running = await startGateway(node)
    const id = await openSession(running.url)
    const headers = { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' }
    const leaving = new AbortController()
    const first = await fetch(`${running.url}/mcp`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify(ROUTE),
      signal: leaving.signal,
    })
    const reader = first.body?.getReader()
    const priming = new TextDecoder().decode((await reader?.read())?.value)
    const event = /^id: (\S+)/.exec(priming)?.[1] ?? ''
    await asked.promise
    leaving.abort()
    answer.resolve()
    const resuming = { ...headers, accept: 'text/event-stream', 'last-event-id': event }
    const again = await (await fetch(`${running.url}/mcp`, { headers: resuming })).text()
    expect(again).toContain('Hello there')
    const unknown = { ...resuming, 'last-event-id': 'nothing' }
    expect(await statusOf(fetch(`${running.url}/mcp`, { headers: unknown }))).toBe(400)
  })
})

describe('calls that are taken back', () => {
  const cancelled = (requestId: number | string): object => ({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId },
  })

  it('leave no stream open, and no place taken', async () => {
    const started = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
    let count = 0
    const node = createScriptedNode({
      route: async (_request, signal) => {
        started[count]?.resolve()
        count += 1
        return await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        })
      },
    })
    await using running = await startGateway(node, { limits: { concurrentRequestsMax: 2 } })
    const headers = { 'mcp-session-id': await openSession(running.url) }
    for (const [place, { promise }] of started.entries()) {
      const call = await post(running.url, { ...ROUTE, id: `call-${place}` }, headers)
      await promise
      expect(await statusOf(post(running.url, cancelled(`call-${place}`), headers))).toBe(202)
      // It ends, although its client stays.
      expect(await call.text()).not.toContain('"result"')
    }
    expect(await statusOf(post(running.url, LIST, headers))).toBe(200)
    expect(running.failures).toEqual([])
  })

  it('end nothing that came with them in one body, and nothing that was answered', async () => {
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    const node = createScriptedNode({
      route: async (request) => {
        asked.resolve()
        await answer.promise
        return resultOf(taskIdOf(request))
      },
    })
    await using running = await startGateway(node)
    const headers = { 'mcp-session-id': await openSession(running.url) }
    const both = await post(running.url, [ROUTE, LIST], headers)
    await asked.promise
    for (const id of [LIST.id, 'nothing']) await statusOf(post(running.url, cancelled(id), headers))
    answer.resolve()
    expect(await both.text()).toContain('Hello there')
    expect(running.failures).toEqual([])
  })
})

describe('hostile callers', () => {
  it.each([
    ['no JSON', 'hello', 400],
    ['half of a letter', Buffer.from([0x22, 0xc3, 0x22]).toString('latin1'), 400],
    ['a list of nothing', '[]', 400],
    ['a deep text', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, 400],
    [
      'a member that is more than a name',
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"a":1}}}',
      400,
    ],
    ['a body that is too long', `"${'x'.repeat(2_000)}"`, 413],
    ['too many messages at once', JSON.stringify(Array.from({ length: 101 }, () => LIST)), 400],
  ])('are refused: %s', async (_what, body, status) => {
    await using running = await startGateway(createScriptedNode(), {
      limits: { bodyBytesMax: 1_500 + (status === 413 ? 0 : 20_000) },
    })
    const id = await openSession(running.url)
    const response = await post(running.url, body, { 'mcp-session-id': id })
    const text = await response.text()
    expect([response.status, text]).toEqual([status, expect.any(String)])
    expect(running.failures).toEqual([])
  })

  it('reach nothing from a foreign page, or by a foreign name', async () => {
    await using running = await startGateway(createScriptedNode())
    expect(await statusOf(post(running.url, INITIALIZE, { origin: 'https://evil.example' }))).toBe(403)
    expect(await statusOf(post(running.url, INITIALIZE, { origin: 'null' }))).toBe(403)
    const { port } = new URL(running.url)
    const { request } = await import('node:http')
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const asked = request({
        port,
        host: '127.0.0.1',
        path: '/mcp',
        method: 'POST',
        headers: { host: 'evil.example', 'content-type': 'application/json' },
      })
      asked.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.on('error', reject)
      asked.end(JSON.stringify(INITIALIZE))
    })
    expect(status).toBe(403)
  })

  it('without a key get nothing', async () => {
    await using running = await startGateway(createScriptedNode({ keys: [keyOf('sk')] }))
    expect(await statusOf(post(running.url, INITIALIZE))).toBe(401)
    expect(await statusOf(post(running.url, INITIALIZE, bearer('other')))).toBe(401)
  })

  it('that leave and call again start no more work than is allowed', async () => {
    const begun: Promise<unknown>[] = []
    let count = 0
    const started = Array.from({ length: 2 }, () => Promise.withResolvers<void>())
    const node = createScriptedNode({
      route: async (_request, signal) => {
        started[count]?.resolve()
        count += 1
        return await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        })
      },
    })
    await using running = await startGateway(node, { limits: { concurrentRequestsMax: 2 } })
    const id = await openSession(running.url)
    for (const { promise } of started) {
      const leaving = new AbortController()
      begun.push(
        fetch(`${running.url}/mcp`, {
          method: 'POST',
          headers: {
            'mcp-session-id': id,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
          },
          body: JSON.stringify({ ...ROUTE, id: `call-${begun.length}` }),
          signal: leaving.signal,
        }).then(
          async (response) => await response.text().catch(() => ''),
          () => '',
        ),
      )
      await promise
      leaving.abort()
    }
    await Promise.all(begun)
    await using connected = await connectClient(running.url)
    const refused = await connected.client.callTool({ name: 'route', arguments: { prompt: 'x' } })
    expect([codeOf(refused), count]).toEqual(['GATEWAY_OVERLOADED', 2])
  })

  it('keep no work longer than a request may take', async () => {
    const node = createScriptedNode({
      route: async (_request, signal) =>
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    })
    // The call ends with the stream that waits for it, so it is asked for by its own end: a session remembers.
    await using running = await startGateway(node, { limits: { requestTimeoutMs: 100 } })
    await using connected = await connectClient(running.url)
    const result = await connected.client.callTool({ name: 'route', arguments: { prompt: 'x' } })
    expect(codeOf(result)).toBe('GATEWAY_TIMEOUT')
  })
})

describe('the end of the gateway', () => {
  it('waits for nobody who only listens', async () => {
    const running = await startGateway(createScriptedNode(), { limits: { requestTimeoutMs: 600_000 } })
    const id = await openSession(running.url)
    const headers = { 'mcp-session-id': id, accept: 'text/event-stream' }
    const listening = await fetch(`${running.url}/mcp`, { headers })
    // Far longer than the test may take.
    await running.gateway.close({ deadlineMs: 600_000 })
    expect(await listening.text()).toBe('')
  })

  it('ends what agents work on', async () => {
    const begun = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<unknown>()
    const agent: ServedAgent = {
      name: 'slow',
      summary: 'never ends',
      fields: [],
      async run({ signal }) {
        begun.resolve()
        return await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            ended.resolve(signal.reason)
            reject(signal.reason as Error)
          })
        })
      },
    }
    const running = await startGateway(createScriptedNode(), { mcp: { agents: [agent] } })
    await using connected = await connectClient(running.url)
    const call = connected.client.callTool({ name: 'agent_slow', arguments: {} }).catch(() => undefined)
    await begun.promise
    await running.gateway.close({ deadlineMs: 0 })
    expect(await ended.promise).toMatchObject({
      code: expect.stringMatching(/GATEWAY_STOPPING|REQUEST_ABORTED/) as string,
    })
    await connected.client.close()
    await call
  })
})
