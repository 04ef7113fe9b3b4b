import { checkJsonTree } from '../../../src/gateway/listener/parse-json-body.ts'
import { readMessage, type ReadMessage } from '../../../src/gateway/mcp/rpc-messages.ts'
import { readToolNames } from '../../../src/router/tools/tool-names.ts'
import { INITIALIZE, NEWEST_REVISION, openSession, post } from '../../gateway/mcp/mcp-client.ts'
import { createScriptedNode, startGateway } from '../../gateway/scripted-node.ts'
import type { Target } from '../target.ts'
import type { LazyTarget } from './automatic.ts'
import { byHand, textBytes } from './by-hand.ts'

const LIST = { jsonrpc: '2.0', id: 2, method: 'tools/list' }
const ROUTE = { jsonrpc: '2.0', id: 'a', method: 'tools/call', params: { name: 'route', arguments: { prompt: 'x' } } }
const RESOURCES = { jsonrpc: '2.0', id: 3, method: 'resources/list', params: { cursor: 'x' } }
const CANCELLED = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2, reason: 'é😀' } }
const META = {
  'io.modelcontextprotocol/protocolVersion': NEWEST_REVISION,
  'io.modelcontextprotocol/clientInfo': { name: 'by hand', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** What clients of the Model Context Protocol send: as it is read, and to the gateway over HTTP, within a session and without. */
export const MCP_TARGETS: readonly LazyTarget[] = [
  byHand({
    name: 'gateway/mcp/rpc-messages:readMessage',
    kind: 'bytes',
    inputs: [LIST, ROUTE, [CANCELLED, INITIALIZE]].map((message) => textBytes(JSON.stringify(message))),
    // Checked as the gateway does before anybody else is given it.
    read: (input) => {
      const message = readMessage(Buffer.from(input as Uint8Array))
      if (message.kind === 'read') checkJsonTree(message.value, undefined)
      return message
    },
    recheck: (result) => {
      const message = result as ReadMessage
      if (message.kind === 'invalid')
        return message.status === 400 && message.code === -32_700 ? undefined : 'another refusal than is documented'
      const text = JSON.stringify(message.value)
      const again = readMessage(Buffer.from(text))
      return again.kind === 'read' && JSON.stringify(again.value) === text ? undefined : 'it is not read back'
    },
  }),
  byHand({
    name: 'router/tools/tool-names:readToolNames',
    kind: 'bytes',
    inputs: ['files', 'files/read_file\nweb', 'a2a:helper\na2a:helper/translate'].map(textBytes),
    read: (input) =>
      readToolNames(
        Buffer.from(input as Uint8Array)
          .toString()
          .split('\n'),
      ),
    recheck: (result) => {
      const { servers, peers } = result as ReturnType<typeof readToolNames>
      const names = [
        ...servers.map(({ server, tool }) => (tool === undefined ? server : `${server}/${tool}`)),
        ...peers.map(({ peer, skill }) => (skill === undefined ? `a2a:${peer}` : `a2a:${peer}/${skill}`)),
      ]
      return JSON.stringify(readToolNames(names)) === JSON.stringify(result) ? undefined : 'it is not read back'
    },
  }),
  overHttp('in a session', { messages: [LIST, ROUTE, RESOURCES, CANCELLED, INITIALIZE], isSession: true }),
  overHttp('without one', {
    messages: [LIST, ROUTE, RESOURCES].map((message) => ({
      ...message,
      params: { ...paramsOf(message), _meta: META },
    })),
    isSession: false,
  }),
]

function paramsOf(message: object): object {
  return 'params' in message && typeof message.params === 'object' && message.params !== null ? message.params : {}
}

function overHttp(
  how: string,
  { messages, isSession }: { readonly messages: readonly unknown[]; readonly isSession: boolean },
): LazyTarget {
  const name = `gateway/create-gateway:POST /mcp ${how}`
  const samples = messages.map((message) => ({ input: textBytes(JSON.stringify(message)), rest: [] }))
  const load = async (): Promise<Target> => {
    const running = await startGateway(createScriptedNode())
    const session = isSession ? await openSession(running.url) : undefined
    const read = async (input: unknown): Promise<unknown> => {
      const text = Buffer.from(input as Uint8Array).toString()
      const headers = session === undefined ? revisionHeaders(text) : { 'mcp-session-id': session }
      const response = await post(running.url, text, headers)
      return { status: response.status, text: await textOf(response) }
    }
    const recheck: Target['recheck'] = (result) => {
      const { status, text } = result as { readonly status: number; readonly text: string | undefined }
      if (running.failures.length > 0) return `the gateway failed: ${String(running.failures.splice(0)[0])}`
      if (status < 300) return undefined
      if (status >= 500 && status !== 503) return `status ${status}`
      const { error } = JSON.parse(text ?? '{}') as { readonly error?: { readonly code?: unknown } }
      return error?.code === undefined ? `status ${status} without a code` : undefined
    }
    return { name, kind: 'bytes', samples, read, recheck, end: async () => await running[Symbol.asyncDispose]() }
  }
  return { name, load }
}

/** The newest revision wants in headers what is in the message; what cannot be in one is left out. */
function revisionHeaders(text: string): Readonly<Record<string, string>> {
  const [, method = 'tools/list'] = /"method":"([\w/]{1,60})"/.exec(text) ?? []
  const [, called] = /"name":"(\w{1,60})"/.exec(text) ?? []
  return {
    'mcp-protocol-version': NEWEST_REVISION,
    'mcp-method': method,
    ...(method === 'tools/call' && called !== undefined && { 'mcp-name': called }),
  }
}

/** `undefined` of a stream that has no end, such as one of news: it is left. */
async function textOf(response: Response): Promise<string | undefined> {
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) return await response.text()
  await response.body?.cancel()
  return undefined
}
