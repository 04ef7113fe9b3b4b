import type { Readable, Writable } from 'node:stream'
import { CodedError } from '../../base/errors.ts'
import type { CallerRole } from '../../node/config/node-config.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import type { RouteCaller } from '../../ports/router.ts'
import type { ServedAgent } from './agent-tools.ts'
import { createServerMaker } from './create-mcp-server.ts'
import { loadMcpLibrary } from './mcp-library.ts'
import { RunningCalls } from './running-calls.ts'

export type StdioInit = {
  readonly node: KernellNode
  /** Who is at the other end: whoever started this process. */
  readonly caller: RouteCaller
  readonly role: CallerRole
  readonly agents: readonly ServedAgent[]
  readonly input: Readable
  readonly output: Writable
  /** Told of failures that are the program's own. */
  readonly onFailure: (error: unknown) => void
  /** Ends the service in order. */
  readonly signal: AbortSignal
}

/** Calls that one connection has under way at most. */
const CALLS_MAX = 64

/**
 * The node as a server of the Model Context Protocol for one client, over a pair of streams: what desktop clients start. Resolves when the client
 * closes its end or the signal ends it; what is under way then is aborted.
 */
export async function serveMcpStdio(init: StdioInit): Promise<void> {
  const { node, agents, onFailure, input, output, signal, caller, role } = init
  const { providers: configured, server } = node.config
  const library = await loadMcpLibrary()
  const { serveStdio, StdioServerTransport } = await import('@modelcontextprotocol/server/stdio')
  const calls = new RunningCalls({ callsMax: CALLS_MAX, timeoutMs: server.requestTimeoutMs })
  const providers = new Set([...Object.keys(configured), ...node.listModels().map(({ entry }) => entry.provider)])
  const createServer = createServerMaker({ library, node, providers, agents, extensions: [], calls, onFailure })
  const transport = new StdioServerTransport(input, output, { maxBufferSize: server.bodyBytesMax })
  const over = ended(input, signal)
  const handle = serveStdio(() => createServer({ caller, role, tiers: undefined }), {
    transport,
    onerror: (error) => {
      // What a client writes wrong is its own affair, and answered; only a message without an end closes the connection.
      if (/maximum size|buffer/i.test(error.message))
        onFailure(new CodedError('GATEWAY_BODY_TOO_LARGE', { message: error.message }))
    },
  })
  try {
    await over
  } finally {
    calls.stop()
    await handle.close()
  }
}

function ended(input: Readable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'close', 'error']) input.once(event, () => resolve())
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted || input.destroyed) resolve()
  })
}
