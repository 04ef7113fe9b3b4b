import type { RequestId } from '@modelcontextprotocol/server'
import type { Session } from './sessions.ts'

/** The id of a request that stands alone in its body, whose stream is for its answer and nothing else. */
export function loneRequestIdOf(message: unknown): RequestId | undefined {
  if (!isRecord(message) || !('method' in message)) return undefined
  return isRequestId(message['id']) ? message['id'] : undefined
}

/** The id of the request that a client takes back. */
export function takenBackIdOf(message: unknown): RequestId | undefined {
  if (!isRecord(message) || message['method'] !== 'notifications/cancelled' || !isRecord(message['params']))
    return undefined
  const { requestId } = message['params']
  return isRequestId(requestId) ? requestId : undefined
}

/**
 * Ends the stream of a request that was taken back: no answer comes on it, and until then it would count as work. The library forgets the request
 * with an answer, which nobody is sent any more but a client that asks for what it missed.
 */
export async function endStreamOf({ transport, lone }: Session, id: RequestId): Promise<void> {
  if (!lone.delete(id)) return
  transport.closeSSEStream(id)
  const error = { code: REQUEST_CANCELLED, message: 'The request was taken back' }
  // It may have been answered at the same moment: then there is nothing to forget.
  await transport.send({ jsonrpc: '2.0', id, error }).catch(() => undefined)
}

const REQUEST_CANCELLED = -32_800

function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || typeof value === 'number'
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
