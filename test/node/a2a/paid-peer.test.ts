import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { AgentPayer } from '../../../src/ports/agent-peers.ts'
import { makeFolder, removeFolders, startNode } from '../start-node.ts'

afterEach(removeFolders)

const EXTENSION = 'urn:example:paid'
const PAID = { contract: 'c', account: 'a', priceNanos: '1', currency: 'USD', state: 'FINAL' }

type Asked = { readonly id: number; readonly method: string; readonly params: { readonly id?: string } }

/** An agent that wants to be paid for whatever it is asked; what comes of the message that pays is up to `paid`. Everything that happens is in `events`. */
async function startPaidAgent(
  events: string[],
  paid: (response: ServerResponse, answer: (state: string) => void) => void,
) {
  let sent = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      if (request.url !== '/a2a') {
        response.end(JSON.stringify(card()))
        return
      }
      const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString()) as Asked
      const answer = (state: string, metadata: object = {}): void => {
        const task = { id: 'task-1', contextId: 'x', status: { state }, metadata }
        const result = method === 'SendMessage' ? { task } : task
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
      }
      events.push(method === 'CancelTask' ? `CancelTask ${params.id}` : method)
      if (method === 'CancelTask') answer('TASK_STATE_CANCELED')
      else if ((sent += 1) === 1) answer('TASK_STATE_INPUT_REQUIRED', { [EXTENSION]: { kind: 'request' } })
      else paid(response, answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const card = () => ({
    name: 'Seller',
    description: 'Sells',
    version: '1',
    supportedInterfaces: [{ url: `${url}/a2a`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
    capabilities: { extensions: [{ uri: EXTENSION, params: {} }] },
    skills: [],
  })
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function payerOf(events: string[], changes: Partial<AgentPayer> = {}): AgentPayer {
  return {
    extension: EXTENSION,
    pay: async () => {
      events.push('pay')
      return await Promise.resolve({ kind: 'payment' })
    },
    giveUp: async () => {
      await Promise.resolve(events.push('giveUp'))
    },
    standing: async () => await Promise.resolve(PAID),
    collect: async () => {
      events.push('collect')
      return await Promise.resolve({ text: 'delivered', paid: PAID })
    },
    ...changes,
  }
}

describe('a call that is paid for', () => {
  const leave = new CodedError('REQUEST_ABORTED', { message: 'left' })

  it('that nobody waits for gives up what it paid before the peer hears of it, and once more behind it', async () => {
    const events: string[] = []
    const leaving = new AbortController()
    await using agent = await startPaidAgent(events, () => leaving.abort(leave))
    await using node = await startNode(makeFolder(), { a2a: { peers: { other: { card: agent.url } } } })
    const options = { signal: leaving.signal, payer: payerOf(events) }
    await expect(node.agentPeers.call('other', { text: 'Hi' }, options)).rejects.toThrow('left')
    expect(events).toEqual(['SendMessage', 'pay', 'SendMessage', 'giveUp', 'CancelTask task-1', 'giveUp'])
  })

  it('that nobody waits for while it is being paid cancels the task that asked for it', async () => {
    const events: string[] = []
    const leaving = new AbortController()
    await using agent = await startPaidAgent(events, () => undefined)
    await using node = await startNode(makeFolder(), { a2a: { peers: { other: { card: agent.url } } } })
    const pay: AgentPayer['pay'] = async (_asked, { signal }) => {
      leaving.abort(leave)
      signal?.throwIfAborted()
      return await Promise.resolve(null)
    }
    const options = { signal: leaving.signal, payer: payerOf(events, { pay }) }
    await expect(node.agentPeers.call('other', { text: 'Hi' }, options)).rejects.toThrow('left')
    expect(events).toEqual(['SendMessage', 'giveUp', 'CancelTask task-1', 'giveUp'])
  })

  it('whose peer breaks off takes what is delivered, and gives nothing up', async () => {
    const events: string[] = []
    await using agent = await startPaidAgent(events, (response) => response.socket?.destroy())
    await using node = await startNode(makeFolder(), { a2a: { peers: { other: { card: agent.url } } } })
    const answer = await node.agentPeers.call('other', { text: 'Hi' }, { payer: payerOf(events) })
    expect(answer).toMatchObject({ state: 'completed', text: 'delivered', paid: PAID })
    expect(events).toEqual(['SendMessage', 'pay', 'SendMessage', 'collect'])
  })

  it('that nobody waits for any more while its result is collected gives up and cancels, too', async () => {
    const events: string[] = []
    const leaving = new AbortController()
    await using agent = await startPaidAgent(events, (response) => response.socket?.destroy())
    await using node = await startNode(makeFolder(), { a2a: { peers: { other: { card: agent.url } } } })
    const collect: AgentPayer['collect'] = async (_told, { signal }) => {
      events.push('collect')
      leaving.abort(leave)
      signal?.throwIfAborted()
      return await Promise.resolve({ text: '', paid: PAID })
    }
    const options = { signal: leaving.signal, payer: payerOf(events, { collect }) }
    await expect(node.agentPeers.call('other', { text: 'Hi' }, options)).rejects.toThrow('left')
    expect(events.slice(3)).toEqual(['collect', 'giveUp', 'CancelTask task-1', 'giveUp'])
  })

  it('whose peer says that the task is cancelled signs the end too, and takes what is delivered all the same', async () => {
    const events: string[] = []
    await using agent = await startPaidAgent(events, (_response, answer) => answer('TASK_STATE_CANCELED'))
    await using node = await startNode(makeFolder(), { a2a: { peers: { other: { card: agent.url } } } })
    const answer = await node.agentPeers.call('other', { text: 'Hi' }, { payer: payerOf(events) })
    expect(answer).toMatchObject({ text: 'delivered' })
    expect(events).toEqual(['SendMessage', 'pay', 'SendMessage', 'giveUp', 'collect'])
  })
})
