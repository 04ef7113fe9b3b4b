import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseTenantId, type TenantId } from '../../src/base/identifiers.ts'
import { taskGraphsOf } from '../../src/router/graph/tenant-task-graphs.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from './real-node.ts'

const tenantOf = (name: string): TenantId => {
  const tenant = parseTenantId(name)
  if (tenant === undefined) throw new Error(name)
  return tenant
}
const [ACME, OTHER] = [tenantOf('acme'), tenantOf('other')]
const keys = [ACME, OTHER].map((tenant) => ({
  id: `key-of-${tenant}`,
  tenant,
  sha256: createHash('sha256').update(`sk-${tenant}`).digest('hex'),
}))

type Asking = { readonly prompt: string; readonly headers?: Record<string, string>; readonly more?: object }

async function ask(url: string, tenant: TenantId, { prompt, headers = {}, more = {} }: Asking): Promise<Response> {
  return await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer sk-${tenant}`, ...headers },
    body: JSON.stringify({ model: 'kernell-cheap', messages: [{ role: 'user', content: prompt }], ...more }),
  })
}

const SECRET = 'The merger with Initech closes on Friday.'
const answering = { kind: 'answer', text: SECRET } as const

describe('another tenant', () => {
  it('gets no answer out of the cache, whatever it says of itself', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: answering })
    await using running = await startRealGateway({ ...tiersAt({ cheap: thrifty.baseUrl }), keys })
    const prompt = 'When does our merger close?'
    expect((await ask(running.url, ACME, { prompt })).headers.get('x-kernell-cache')).toBe('miss')
    expect((await ask(running.url, ACME, { prompt })).headers.get('x-kernell-cache')).toBe('exact')
    thrifty.respondWith({ kind: 'answer', text: 'I do not know of any merger.' })
    for (const headers of [
      {},
      { 'x-kernell-tenant': 'acme' },
      { 'x-kernell-conversation': 'acme' },
      { 'openai-organization': 'acme' },
    ] as Record<string, string>[]) {
      const answer = await ask(running.url, OTHER, { prompt: `${prompt}`, headers, more: { user: 'acme' } })
      expect(await answer.text(), JSON.stringify(headers)).not.toContain('Initech')
    }
  })

  it('judges no task, sees no record and learns not even that there is one', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: answering })
    await using running = await startRealGateway({
      ...tiersAt({ cheap: thrifty.baseUrl }),
      keys,
      telemetry: { consent: true },
    })
    const task = (await ask(running.url, ACME, { prompt: 'When?' })).headers.get('x-kernell-task-id') ?? ''
    const judge = async (tenant: TenantId, id: string): Promise<[number, string]> => {
      const answer = await fetch(`${running.url}/v1/feedback`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer sk-${tenant}` },
        body: JSON.stringify({ task_id: id, thumbs: 'down' }),
      })
      return [answer.status, (await answer.text()).replaceAll(id, 'ID')]
    }
    const events: string[] = []
    for await (const event of running.node.records.list({ tenant: OTHER })) events.push(JSON.stringify(event))
    expect(events).toEqual([])
    expect(await judge(OTHER, task)).toEqual(await judge(OTHER, `${task}x`))
    expect((await judge(ACME, task))[0]).toBe(200)
  })

  it('spends no budget but its own, and is not held by that of others', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: { ...answering, usage: { input: 100, output: 100 } } })
    const budgets = [
      { scope: 'tenant:acme', window: 'total', limitUsd: '0.0004' },
      { scope: 'tenant:other', window: 'total', limitUsd: '0.01' },
    ] as const
    await using running = await startRealGateway({ ...tiersAt({ cheap: thrifty.baseUrl }), keys, budgets })
    const spend = async (tenant: TenantId, place: number): Promise<number> =>
      (
        await ask(running.url, tenant, {
          prompt: `Line ${place} of the report`,
          more: { max_tokens: 200 },
          headers: { 'x-kernell-tenant': 'acme' },
        })
      ).status
    for (let place = 0; place < 8; place += 1) expect(await spend(OTHER, place)).toBe(200)
    const own: number[] = []
    for (let place = 0; place < 8; place += 1) own.push(await spend(ACME, place + 100))
    expect(own[0]).toBe(200)
    expect(own.at(-1)).toBe(429)
    expect(await spend(OTHER, 200)).toBe(200)
  })

  it('recalls no memory, nor judges a recall, nor finds a plan', async () => {
    await using running = await startRealGateway({ keys })
    const memory = await running.node.openMemory()
    const [mine, theirs] = [memory.forTenant(ACME), memory.forTenant(OTHER)]
    const { id } = await mine.remember({ kind: 'outcome', text: SECRET })
    const recall = await mine.recall({ text: 'merger Initech Friday', limit: 5 })
    expect(recall.items).toHaveLength(1)
    expect((await theirs.recall({ text: 'merger Initech Friday', limit: 5 })).items).toEqual([])
    await expect(theirs.feedback(recall.recallId, 'success')).rejects.toMatchObject({ code: 'MEMORY_RECALL_UNKNOWN' })
    const other = await theirs.remember({ kind: 'task', text: 'Find out about the merger.' })
    await expect(theirs.link({ from: other.id, relation: 'led-to', to: id })).rejects.toThrow()
    const plans = await running.node.openPlans()
    expect(typeof taskGraphsOf(plans, OTHER)).toBe('object')
  })

  it('has conversations of its own under the same name', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: answering })
    await using running = await startRealGateway({ ...tiersAt({ cheap: thrifty.baseUrl }), keys })
    const headers = { 'x-kernell-conversation': 'c-1' }
    const first = await ask(running.url, ACME, { prompt: 'When does it close?', headers })
    const second = await ask(running.url, OTHER, { prompt: 'When does it close?', headers })
    expect([first.headers.get('x-kernell-cache'), second.headers.get('x-kernell-cache')]).toEqual(['miss', 'miss'])
    expect(first.headers.get('x-kernell-task-id')).not.toBe(second.headers.get('x-kernell-task-id'))
  })
})
