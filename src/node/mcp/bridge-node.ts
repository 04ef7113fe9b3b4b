import type { Readable, Writable } from 'node:stream'
import { createOutboundFetch } from '../../guard/outbound-fetch.ts'
import type { RunningNode } from '../running-node.ts'

export type BridgeNodeInit = {
  readonly node: RunningNode
  readonly apiKey: string | undefined
  readonly input: Readable
  readonly output: Writable
  readonly bytesMax: number
  /** Longest that the node works on one request, ms. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Lets a client at a pair of streams speak the Model Context Protocol with a node that runs. Connects to nothing else. */
export async function bridgeNode({
  node,
  apiKey,
  input,
  output,
  bytesMax,
  timeoutMs,
  signal,
}: BridgeNodeInit): Promise<void> {
  const { bridgeStreams } = await import('../../mcp/bridge-streams.ts')
  const timeouts = { headersTimeoutMs: timeoutMs, idleTimeoutMs: timeoutMs }
  const outbound = createOutboundFetch({ allowedOrigins: [node.url], ...timeouts })
  try {
    await bridgeStreams({ url: `${node.url}/mcp`, outbound, apiKey, input, output, messageBytesMax: bytesMax, signal })
  } finally {
    await outbound.close()
  }
}
