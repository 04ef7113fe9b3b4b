import type { Readable, Writable } from 'node:stream'
import { type JSONRPCMessage, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import type { OutboundFetch } from '../ports/outbound-fetch.ts'
import { guardedFetch } from './guarded-fetch.ts'
import { serverFailure } from './server-failure.ts'

export type BridgeInit = {
  /** The endpoint that messages go on to. */
  readonly url: string
  readonly outbound: OutboundFetch
  readonly apiKey: string | undefined
  readonly input: Readable
  readonly output: Writable
  /** One message, either way. */
  readonly messageBytesMax: number
  readonly signal: AbortSignal
}

/** Passes messages on between a client at a pair of streams and a server over HTTP, as they are. Resolves when the client closes its end or the signal ends it. */
export async function bridgeStreams(init: BridgeInit): Promise<void> {
  const { url, outbound, apiKey, input, output, messageBytesMax, signal } = init
  const near = new StdioServerTransport(input, output, { maxBufferSize: messageBytesMax })
  const far = new StreamableHTTPClientTransport(new URL(url), {
    fetch: guardedFetch(outbound, { responseBytesMax: messageBytesMax }),
    ...(apiKey !== undefined && { requestInit: { headers: { authorization: `Bearer ${apiKey}` } } }),
  })
  const over = new Promise<void>((resolve) => {
    near.onclose = resolve
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
  })
  far.onmessage = (message) => {
    const version = negotiatedVersion(message)
    if (version !== undefined) far.setProtocolVersion(version)
    near.send(message).catch(() => undefined)
  }
  near.onmessage = (message) => {
    far.send(message).catch((error: unknown) => {
      if ('method' in message && 'id' in message) near.send(failureOf(message.id, error)).catch(() => undefined)
    })
  }
  await far.start()
  await near.start()
  await over
  await far.terminateSession().catch(() => undefined)
  await far.close()
  await near.close()
}

/** Of the answer to `initialize`: later messages name it in a header. */
function negotiatedVersion(message: JSONRPCMessage): string | undefined {
  if (!('result' in message)) return undefined
  const { protocolVersion, serverInfo } = message.result as {
    readonly protocolVersion?: unknown
    readonly serverInfo?: unknown
  }
  return typeof protocolVersion === 'string' && serverInfo !== undefined ? protocolVersion : undefined
}

const INTERNAL_ERROR = -32_603

function failureOf(id: string | number, error: unknown): JSONRPCMessage {
  const { code, message } = serverFailure('The node', error)
  return { jsonrpc: '2.0', id, error: { code: INTERNAL_ERROR, message: `${message} (${code})`, data: { code } } }
}
