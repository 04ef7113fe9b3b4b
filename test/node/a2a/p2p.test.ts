import { TaskState } from '@a2a-js/sdk'
import { type Client, ClientFactory, JsonRpcTransportFactory } from '@a2a-js/sdk/client'
import { afterEach, describe, expect, it } from 'vitest'
import { MemoryNetwork } from '../../../src/network/memory/memory-transport.ts'
import type { NodeA2a } from '../../../src/node/a2a/node-a2a.ts'
import { p2pFetch } from '../../../src/node/a2a/p2p/p2p-fetch.ts'
import { A2A_PROTOCOL, decodeP2pAnswer, encodeP2p } from '../../../src/node/a2a/p2p/p2p-messages.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { answerOf, collect, messageOf, sendOf, taskOf, wordsOf } from '../../gateway/a2a/official-client.ts'
import { CHATTY, ENDLESS, WAITING } from '../../gateway/a2a/sample-skills.ts'
import { componentsOf, identityOf } from '../../network/identities.ts'
import { createTestNode } from '../../network/libp2p-nodes.ts'
import { makeFolder, removeFolders, startNode } from '../start-node.ts'

afterEach(removeFolders)

type Pair = { readonly near: Transport; readonly far: Transport }

const WAYS: Readonly<Record<string, () => Pair>> = {
  memory: () => {
    const network = new MemoryNetwork()
    return {
      near: network.createTransport(componentsOf(1), 'near'),
      far: network.createTransport(componentsOf(2), 'far'),
    }
  },
  'libp2p on loopback': () => ({
    near: createTestNode(1, { listen: [] }),
    far: createTestNode(2, { listen: ['/ip4/127.0.0.1/tcp/0'] }),
  }),
}

/** A node that answers over `far`, and the official client whose requests go over `near`. */
async function openPair(way: () => Pair, nodes: readonly string[] = [identityOf(1).did]) {
  const { near, far } = way()
  await near.start()
  await far.start()
  near.addPeer(far.did, far.addresses[0] ?? '')
  const node = await startNode(makeFolder(), { a2a: { nodes } })
  const a2a = await node.openA2a({ skills: [CHATTY, ENDLESS, WAITING] })
  a2a.serveOver(far)
  const client = await clientOver(near, { far, a2a })
  return {
    near,
    far,
    a2a,
    client,
    async [Symbol.asyncDispose]() {
      await near.stop()
      await far.stop()
      await node.close()
    },
  }
}

async function clientOver(near: Transport, { far, a2a }: { far: Transport; a2a: NodeA2a }): Promise<Client> {
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl: p2pFetch(near, far.did) })],
  })
  const card = (await a2a.card({ baseUrl: 'http://nowhere.test' })) as never
  return await factory.createFromAgentCard(card)
}

const named = (skill: string) => ({ metadata: { skill } })

describe.each(Object.entries(WAYS))('A2A over %s', (_name, way) => {
  it('sends a task, gets it again, and says on its card how it is reached', async () => {
    await using pair = await openPair(way)
    const task = taskOf(await pair.client.sendMessage(sendOf(messageOf('Hi', named('chatty')))))
    expect([task.status?.state, answerOf(task)]).toEqual([TaskState.TASK_STATE_COMPLETED, 'onetwo'])
    expect(await pair.client.getTask({ tenant: '', id: task.id })).toEqual(task)
    const card = JSON.stringify(await pair.a2a.card({ baseUrl: 'http://nowhere.test' }))
    expect(card).toContain('urn:kernell-os:a2a:p2p:1')
    expect(card).toContain(`${pair.far.addresses[0]}/p2p/${pair.far.did}`)
  })

  it('follows a stream to its end', async () => {
    await using pair = await openPair(way)
    const events = await collect(pair.client.sendMessageStream(sendOf(messageOf('Hi', named('chatty')))))
    expect(wordsOf(events)).toEqual(['task 1', 'status 2', 'artifact =', 'artifact =', 'status 3'])
  })

  it('cancels what it follows, and may leave and come back', async () => {
    await using pair = await openPair(way)
    const leaving = new AbortController()
    const stream = pair.client.sendMessageStream(sendOf(messageOf('Go', named('endless'))), { signal: leaving.signal })
    const first = await stream.next()
    const id = first.value?.payload?.$case === 'task' ? first.value.payload.value.id : ''
    leaving.abort()
    await collect(stream).catch(() => undefined)
    const again = pair.client.resubscribeTask({ tenant: '', id })
    expect(wordsOf([(await again.next()).value as never])).toEqual(['task 2'])
    const rest = collect(again)
    await pair.client.cancelTask({ tenant: '', id, metadata: undefined })
    expect(wordsOf(await rest).at(-1)).toBe('status 5')
  })

  it('tells its errors as the protocol has them, and answers no node that is not named', async () => {
    await using pair = await openPair(way)
    await expect(pair.client.getTask({ tenant: '', id: 'nobody' })).rejects.toMatchObject({ name: 'TaskNotFoundError' })
    await using closed = await openPair(way, [])
    await expect(closed.client.getTask({ tenant: '', id: 'nobody' })).rejects.toMatchObject({
      code: 'CAPABILITY_CALL_REFUSED',
    })
  })
})

it('a request whose answer was lost is carried out once, and messages that are none are refused', async () => {
  const way = WAYS['memory']
  if (way === undefined) throw new Error('there is one')
  await using pair = await openPair(way)
  const ask = async (body: Uint8Array): Promise<unknown> =>
    decodeP2pAnswer(await pair.near.request(pair.far.did, { protocol: A2A_PROTOCOL, body, timeoutMs: 5_000 }))
  const params = {
    message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'Hi' }], metadata: { skill: 'chatty' } },
  }
  const request = { jsonrpc: '2.0', id: 1, method: 'SendMessage', params }
  const question = encodeP2p({ kind: 'rpc', call: 'c1', request })
  expect(await ask(question)).toEqual(await ask(question))
  const invalid = { code: 'REQUEST_INVALID' }
  for (const text of [
    '',
    '[]',
    '{"kind":"next"}',
    '{"kind":"rpc","call":"../x","request":{}}',
    '{"kind":"next","stream":"a","from":-1}',
  ])
    await expect(ask(new TextEncoder().encode(text))).rejects.toMatchObject(invalid)
  await expect(ask(encodeP2p({ kind: 'next', stream: 'of-somebody-else', from: 0 }))).rejects.toMatchObject(invalid)
})
