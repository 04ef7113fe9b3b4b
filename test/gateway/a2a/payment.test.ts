import { describe, expect, it } from 'vitest'
import { resolveA2a } from '../../../src/node/config/resolve-a2a.ts'
import { createScriptedNode, startGateway } from '../scripted-node.ts'
import { CHATTY } from './sample-skills.ts'

const EXTENSION = 'urn:kernell-os:a2a:payment:1'
const PRICED = { payment: { prices: { route: '0.5' } } }

async function send(url: string, { skill, extension }: { skill: string; extension?: string }): Promise<unknown> {
  const message = { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'Hi' }], metadata: { skill } }
  const response = await fetch(`${url}/a2a`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'a2a-version': '1.0',
      ...(extension !== undefined && { 'a2a-extensions': extension }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message } }),
  })
  return await response.json()
}

describe('a skill with a price, on a node that takes no part in the market', () => {
  it('is not declared as one that can be paid, and is not done for nothing', async () => {
    const node = createScriptedNode({ a2a: PRICED })
    await using running = await startGateway(node, { agentSkills: [CHATTY] })
    const card = (await (await fetch(`${running.url}/.well-known/agent-card.json`)).json()) as {
      capabilities: { extensions?: unknown[] }
    }
    expect(card.capabilities.extensions ?? []).toEqual([])
    expect(await send(running.url, { skill: 'route', extension: EXTENSION })).toMatchObject({
      result: { task: { status: { state: 'TASK_STATE_FAILED' }, metadata: { code: 'A2A_PAYMENT_CLOSED' } } },
    })
    expect(await send(running.url, { skill: 'route' })).toMatchObject({ error: { code: -32008 } })
    expect(node.requests).toEqual([])
  })

  it('leaves the others free, whether the extension is known or not', async () => {
    await using running = await startGateway(createScriptedNode({ a2a: PRICED }), { agentSkills: [CHATTY] })
    const done = { result: { task: { status: { state: 'TASK_STATE_COMPLETED' } } } }
    expect(await send(running.url, { skill: 'chatty' })).toMatchObject(done)
    expect(await send(running.url, { skill: 'chatty', extension: EXTENSION })).toMatchObject(done)
  })

  it('has to be there, and to have a price that is one', async () => {
    const node = createScriptedNode({ a2a: { payment: { prices: { nothing: '1' } } } })
    await expect(node.openA2a()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: { key: 'a2a.payment.prices' },
    })
    const resolve = (price: string) => () => resolveA2a({ skills: ['route'], payment: { prices: { route: price } } })
    expect(resolve('0')).toThrow('above 0')
    expect(resolve('much')).toThrow('above 0')
    expect(() => resolveA2a({ skills: ['planner'], payment: { prices: { route: '1' } } })).toThrow('none of')
    expect(resolveA2a({}).payment).toBeUndefined()
  })
})
