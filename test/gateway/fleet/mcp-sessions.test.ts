import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { NEWEST_REVISION, openSession, post } from '../mcp/mcp-client.ts'
import { createScriptedNode, startGateway } from '../scripted-node.ts'

const LIST = { jsonrpc: '2.0', id: 2, method: 'tools/list' }

test('requests that stand for themselves are answered by any gateway behind one address', async () => {
  await using one = await startGateway(createScriptedNode())
  await using two = await startGateway(createScriptedNode())
  const asked = [0, 0]
  let turn = 0
  // Each request goes to the other one.
  const balanced: typeof fetch = async (input, init) => {
    turn = 1 - turn
    asked[turn] = (asked[turn] ?? 0) + 1
    const path = new URL(input instanceof Request ? input.url : String(input)).pathname
    return await fetch(new URL(path, (turn === 0 ? one : two).url), init)
  }
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: NEWEST_REVISION } } })
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', one.url), { fetch: balanced }))
  for (let round = 0; round < 4; round += 1) expect((await client.listTools()).tools.length).toBeGreaterThan(0)
  await client.close()
  expect(Math.min(...asked)).toBeGreaterThan(1)
})

test('a session is not there at another gateway, upon which a client begins a new one', async () => {
  await using one = await startGateway(createScriptedNode())
  await using two = await startGateway(createScriptedNode())
  const headers = { 'mcp-session-id': await openSession(one.url) }
  const there = await post(two.url, LIST, headers)
  expect([there.status, await there.text()]).toEqual([404, expect.stringContaining('Session not found')])
  expect((await post(one.url, LIST, headers)).status).toBe(200)
  const next = await post(two.url, LIST, { 'mcp-session-id': await openSession(two.url) })
  expect(next.status).toBe(200)
})
