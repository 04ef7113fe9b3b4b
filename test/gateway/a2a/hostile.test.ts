import { expect, it } from 'vitest'
import { createScriptedNode, keyOf, startGateway } from '../scripted-node.ts'

const HEADERS = { 'content-type': 'application/json', 'a2a-version': '1.0' }
const MESSAGE = { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'Hello' }] }

async function rpc(url: string, body: string | object, headers: Record<string, string> = HEADERS) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`${url}/a2a`, { method: 'POST', headers, body: text })
  const answer = (await response.json()) as { id?: unknown; error?: { code: number; data?: unknown[] } }
  return { status: response.status, answer }
}

const call = (params: object, method = 'SendMessage'): object => ({ jsonrpc: '2.0', id: 1, method, params })

it('an envelope that is none has the code of JSON-RPC for it', async () => {
  await using running = await startGateway(createScriptedNode())
  const codeOf = async (body: string | object): Promise<unknown> => (await rpc(running.url, body)).answer.error?.code
  expect(await codeOf('{"jsonrpc": "2.0", "meth')).toBe(-32_700)
  expect(await codeOf('[]')).toBe(-32_600)
  expect(await codeOf({ jsonrpc: '1.0', id: 1, method: 'GetTask', params: {} })).toBe(-32_600)
  expect(await codeOf({ jsonrpc: '2.0', id: 1, params: {} })).toBe(-32_600)
  expect(await codeOf({ jsonrpc: '2.0', id: { a: 1 }, method: 'GetTask', params: {} })).toBe(-32_600)
  expect(await codeOf(call({}, 'NoSuchMethod'))).toBe(-32_601)
  expect(await codeOf(call({ id: '' }, 'GetTask'))).toBe(-32_602)
  expect(await codeOf({ jsonrpc: '2.0', id: 1, method: 'GetTask', params: [] })).toBe(-32_602)
})

it('what is too deep, has a member that some readers take for more, or too many parts is refused before anything is done', async () => {
  const node = createScriptedNode()
  await using running = await startGateway(node)
  let deep: object = {}
  for (let level = 0; level < 100; level += 1) deep = { deep }
  const messages = [
    { ...MESSAGE, metadata: deep },
    { ...MESSAGE, parts: Array.from({ length: 65 }, () => ({ text: 'x' })) },
    { ...MESSAGE, parts: [] },
    { ...MESSAGE, parts: [{}] },
    { ...MESSAGE, messageId: 'x'.repeat(300) },
    { ...MESSAGE, messageId: '' },
    { ...MESSAGE, referenceTaskIds: Array.from({ length: 17 }, () => 'x') },
  ]
  for (const message of messages) {
    expect((await rpc(running.url, call({ message }))).answer.error?.code).toBe(-32_602)
    const body = JSON.stringify({ message })
    const rest = await fetch(`${running.url}/a2a/message:send`, { method: 'POST', headers: HEADERS, body })
    expect(rest.status).toBe(400)
  }
  const named = JSON.stringify(call({ message: MESSAGE })).replace('"parts"', '"__proto__":{"a":1},"parts"')
  expect((await rpc(running.url, named)).answer.error?.code).toBe(-32_602)
  expect(node.requests).toEqual([])
})

it('ids that look like paths, patterns or keys of a store name no task', async () => {
  await using running = await startGateway(createScriptedNode())
  for (const id of ['../../a', 'a/b', '%2e%2e', 'x'.repeat(5_000), '\u0000', 'constructor', '__proto__', '*', ' '])
    for (const method of ['GetTask', 'CancelTask'])
      expect([-32_001, -32_602]).toContain((await rpc(running.url, call({ id }, method))).answer.error?.code)
  const path = await fetch(`${running.url}/a2a/tasks/${encodeURIComponent('../x')}`, { headers: HEADERS })
  expect(path.status).toBe(404)
})

it('a version that is not spoken is refused in both bindings, and none stands for 0.3', async () => {
  await using running = await startGateway(createScriptedNode())
  for (const version of ['0.3', '2.0', '1', 'x', '']) {
    const headers = { ...HEADERS, 'a2a-version': version }
    expect((await rpc(running.url, call({ message: MESSAGE }), headers)).answer.error?.code).toBe(-32_009)
    const rest = await fetch(`${running.url}/a2a/tasks`, { headers })
    const text = await rest.text()
    expect([rest.status, text.includes('VERSION_NOT_SUPPORTED')]).toEqual([400, true])
  }
  const { 'a2a-version': _version, ...without } = HEADERS
  expect((await rpc(running.url, call({ message: MESSAGE }), without)).answer.error?.code).toBe(-32_009)
})

it('who shows no key may read the card and nothing else', async () => {
  await using running = await startGateway(createScriptedNode({ keys: [keyOf('sk-a')] }))
  expect((await fetch(`${running.url}/.well-known/agent-card.json`)).status).toBe(200)
  for (const path of ['/a2a/tasks', '/a2a/tasks/x', '/a2a/extendedAgentCard', '/a2a/tasks/x/pushNotificationConfigs'])
    expect((await fetch(running.url + path, { headers: HEADERS })).status).toBe(401)
  const send = await fetch(`${running.url}/a2a`, { method: 'POST', headers: HEADERS, body: '{}' })
  expect(send.status).toBe(401)
})

it('a body that is too long is refused with a failure that says so', async () => {
  await using running = await startGateway(createScriptedNode({ server: { bodyBytesMax: 2_000 } }))
  const message = { ...MESSAGE, parts: [{ text: 'x'.repeat(3_000) }] }
  const response = await fetch(`${running.url}/a2a`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify(call({ message })),
  })
  expect([response.status, (await response.text()).includes('GATEWAY_BODY_TOO_LARGE')]).toEqual([413, true])
})

it('a tenant whose tasks are all unfinished gets no further one, and a node that is busy none', async () => {
  const waiting = {
    id: 'waiting',
    name: 'Waiting',
    description: 'Asks for more',
    tags: ['test'],
    run: async () => await Promise.resolve({ state: 'input-required' as const, text: 'More?' }),
  }
  const node = createScriptedNode({ a2a: { tasksMax: 2, skills: ['waiting'] } })
  await using running = await startGateway(node, { agentSkills: [waiting] })
  for (const expected of [undefined, undefined, -32_000]) {
    const { answer } = await rpc(running.url, call({ message: MESSAGE }))
    expect(answer.error?.code).toBe(expected)
    if (expected !== undefined) expect(JSON.stringify(answer.error?.data)).toContain('A2A_TASKS_FULL')
  }
  const rest = await fetch(`${running.url}/a2a/message:send`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify({ message: MESSAGE }),
  })
  expect([rest.status, (await rest.text()).includes('A2A_TASKS_FULL')]).toEqual([429, true])
})

it('what a task makes is bounded', async () => {
  const loud = {
    id: 'loud',
    name: 'Loud',
    description: 'Says much',
    tags: ['test'],
    run: async ({ emit }: { emit: (event: { type: 'text'; artifactId: string; text: string }) => void }) => {
      for (let at = 0; at < 40; at += 1) emit({ type: 'text', artifactId: 'a', text: 'x'.repeat(9_000) })
      return await Promise.resolve({ state: 'completed' as const })
    },
  }
  const node = createScriptedNode({ a2a: { taskBytesMax: 65_536, skills: ['loud'] } })
  await using running = await startGateway(node, { agentSkills: [loud] })
  const { answer } = await rpc(running.url, call({ message: MESSAGE }))
  const text = JSON.stringify(answer)
  expect(text).toContain('A2A_ANSWER_TOO_LARGE')
  expect(text).toContain('TASK_STATE_FAILED')
  expect(text.length).toBeLessThan(80_000)
})
