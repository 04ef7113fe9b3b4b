import { once } from 'node:events'
import type { Exchange } from '../exchange.ts'

/** Not for whoever answers: the gateway has judged the one already, and the others are of the connection. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
])

/** A request as the interfaces of the web have it; its body was read before. */
export function webRequestOf({ request, path, signal }: Exchange, body: Buffer | undefined): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || LEFT_OUT.has(name)) continue
    headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const { method = 'GET' } = request
  return new Request(`http://${request.headers.host ?? 'localhost'}${path}`, {
    method,
    headers,
    signal,
    ...(body !== undefined && { body: new Uint8Array(body) }),
  })
}

/** Sends an answer as it comes, as fast as its reader takes it. Where the request ends first, the answer ends there. */
export async function sendWebResponse({ response, commonHeaders, signal }: Exchange, answer: Response): Promise<void> {
  const headers = [...commonHeaders]
  for (const [name, value] of answer.headers) if (name !== 'connection') headers.push(name, value)
  response.writeHead(answer.status, headers)
  if (answer.body === null) {
    response.end()
    return
  }
  // A stream that says nothing yet is there all the same.
  response.flushHeaders()
  const reader = answer.body.getReader()
  const leave = (): void => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read())
      if (!response.write(part.value)) await once(response, 'drain', { signal })
  } catch (error: unknown) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', leave)
  }
  response.end()
}
