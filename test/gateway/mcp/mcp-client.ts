import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

/** Both revisions that clients speak: in sessions, and each request for itself. */
export const ERAS = ['legacy', 'modern'] as const
export type Era = (typeof ERAS)[number]

export const NEWEST_REVISION = '2026-07-28'

export type ConnectedClient = AsyncDisposable & {
  readonly client: Client
  readonly transport: StreamableHTTPClientTransport
}

/** The official client, connected to a gateway; it is gone at the end of the test's scope. */
export async function connectClient(
  url: string,
  { era = 'legacy', key }: { readonly era?: Era; readonly key?: string } = {},
): Promise<ConnectedClient> {
  const client = new Client(
    { name: 'test', version: '1' },
    era === 'modern' ? { versionNegotiation: { mode: { pin: NEWEST_REVISION } } } : {},
  )
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), {
    ...(key !== undefined && { requestInit: { headers: { authorization: `Bearer ${key}` } } }),
  })
  await client.connect(transport)
  return {
    client,
    transport,
    async [Symbol.asyncDispose]() {
      await transport.terminateSession().catch(() => undefined)
      await client.close()
    },
  }
}

const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** One request by hand, for what no client sends. */
export async function post(
  url: string,
  body: string | object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return await fetch(new URL('/mcp', url), {
    method: 'POST',
    headers: { ...HEADERS, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'by hand', version: '1' } },
}

/** Opens a session by hand, and returns its id. */
export async function openSession(url: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const response = await post(url, INITIALIZE, headers)
  await response.text()
  return response.headers.get('mcp-session-id') ?? ''
}

type Called = {
  readonly content: unknown
  readonly isError?: unknown
  readonly structuredContent?: unknown
  readonly _meta?: unknown
}

/** The code of the failure that a call came to; `undefined` where it came to a result. */
export function codeOf({ isError, _meta: meta }: Called): unknown {
  if (isError !== true) return undefined
  return (meta as { readonly 'kernell-os/error'?: { readonly code: string } } | undefined)?.['kernell-os/error']?.code
}

export function textOf({ content }: Called): string {
  return (content as readonly { readonly text?: string }[]).map(({ text }) => text ?? '').join('')
}
