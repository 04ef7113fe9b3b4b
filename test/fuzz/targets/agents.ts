import { A2AError } from '@a2a-js/sdk/errors'
import { readListQuery, readWhole } from '../../../src/gateway/a2a/rest-query.ts'
import { decodeEntry, decodeTask } from '../../../src/node/a2a/filed-task.ts'
import { readCursor, writeCursor } from '../../../src/node/a2a/list-cursor.ts'
import { decodeP2pAnswer, decodeP2pQuestion, encodeP2p } from '../../../src/node/a2a/p2p/p2p-messages.ts'
import { readCard } from '../../../src/node/a2a/peers/read-card.ts'
import { readPinnedKey } from '../../../src/node/a2a/peers/verify-card.ts'
import type { LazyTarget } from './automatic.ts'
import { byHand } from './by-hand.ts'

const URL_OF_PEER = 'https://agent.example.com'
const KEY = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
const TASK = {
  id: 't1',
  contextId: 'c1',
  status: { state: 'TASK_STATE_COMPLETED', timestamp: '2026-01-01T00:00:00.000Z' },
  artifacts: [{ artifactId: 'a', parts: [{ text: 'yes' }, { raw: 'AAEC' }, { data: { a: [1, null] } }] }],
  history: [{ messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'Hello' }], metadata: { skill: 'route' } }],
}
const CARD = {
  name: 'Agent',
  description: 'Answers',
  version: '1',
  supportedInterfaces: [{ url: `${URL_OF_PEER}/a2a`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
  capabilities: { streaming: true, extensions: [{ uri: 'urn:x' }] },
  skills: [{ id: 's', name: 'S', description: 'Does', tags: ['t'] }],
  signatures: [{ protected: 'eyJhbGciOiJFZERTQSJ9', signature: 'AAAA' }],
}
const REQUEST = { jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id: 't1' } }

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** The protocol's own errors are as good as coded ones. */
function unlessRefused(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    if (error instanceof A2AError) return undefined
    throw error
  }
}

/** What other agents send, and what is stored of it. */
export const AGENT_TARGETS: readonly LazyTarget[] = [
  byHand({
    name: 'node/a2a/filed-task:decodeTask',
    kind: 'bytes',
    inputs: [bytesOf(TASK)],
    read: (input) => decodeTask(input as Uint8Array),
  }),
  byHand({
    name: 'node/a2a/filed-task:decodeEntry',
    kind: 'bytes',
    inputs: [bytesOf({ id: 't1', contextId: 'c1', state: 3, timestamp: '2026-01-01T00:00:00.000Z' })],
    read: (input) => decodeEntry(input as Uint8Array),
  }),
  byHand({
    name: 'node/a2a/list-cursor:readCursor',
    kind: 'text',
    inputs: [writeCursor({ timestamp: '2026-01-01T00:00:00.000Z', id: 't1' })],
    read: (input) => unlessRefused(() => readCursor(String(input))),
  }),
  byHand({
    name: 'node/a2a/p2p/p2p-messages:decodeP2pQuestion',
    kind: 'bytes',
    inputs: [
      encodeP2p({ kind: 'rpc', call: 'c1', request: REQUEST, extensions: ['urn:x'] }),
      encodeP2p({ kind: 'next', stream: 's1', from: 3 }),
      encodeP2p({ kind: 'leave', stream: 's1' }),
    ],
    read: (input) => decodeP2pQuestion(input as Uint8Array),
  }),
  byHand({
    name: 'node/a2a/p2p/p2p-messages:decodeP2pAnswer',
    kind: 'bytes',
    inputs: [
      encodeP2p({ kind: 'rpc', answer: { jsonrpc: '2.0', id: 1, result: {} } }),
      encodeP2p({ kind: 'events', stream: 's1', from: 0, events: [{}], isOver: true }),
      encodeP2p({ kind: 'left' }),
    ],
    read: (input) => decodeP2pAnswer(input as Uint8Array),
  }),
  byHand({
    name: 'node/a2a/peers/read-card:readCard',
    kind: 'text',
    inputs: [JSON.stringify(CARD)],
    read: (input) => {
      const peer = { name: 'p', card: URL_OF_PEER, timeoutMs: 1, answerBytesMax: 1 }
      readCard(String(input), peer)
      return readCard(String(input), { ...peer, key: KEY })
    },
  }),
  byHand({
    name: 'node/a2a/peers/verify-card:readPinnedKey',
    kind: 'json',
    inputs: [
      KEY,
      {
        kty: 'EC',
        crv: 'P-256',
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
        y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      },
    ],
    read: (input) => readPinnedKey(input as never),
  }),
  byHand({
    name: 'gateway/a2a/rest-query:readListQuery',
    covers: ['gateway/a2a/rest-query:readWhole'],
    kind: 'text',
    inputs: ['status=TASK_STATE_WORKING&pageSize=3&historyLength=0&includeArtifacts=true&contextId=c&pageToken=x'],
    read: (input) =>
      unlessRefused(() => {
        const query = new URLSearchParams(String(input))
        readWhole(query, 'pageSize')
        return readListQuery(query)
      }),
  }),
]
