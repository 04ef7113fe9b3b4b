import type { FetchLike } from '@modelcontextprotocol/client'
import type { OutboundFetch, OutboundResponse } from '../ports/outbound-fetch.ts'

/** Headers that the protocol reads. */
const READ_HEADERS = ['content-type', 'mcp-session-id', 'www-authenticate', 'retry-after', 'location']

const WITHOUT_BODY: ReadonlySet<number> = new Set([202, 204, 205, 304])

/**
 * `fetch` as the library wants it, over the guard's way out. Streams that only wait for news are declined without asking: nobody here listens to
 * them.
 */
export function guardedFetch(
  outbound: OutboundFetch,
  { responseBytesMax }: { readonly responseBytesMax: number },
): FetchLike {
  return async (url, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers))
    const method = methodOf(init.method)
    if (method === 'GET' && headers['last-event-id'] === undefined) return new Response(null, { status: 405 })
    const { body } = init
    const response = await outbound.request({
      url: String(url),
      method,
      headers,
      ...(typeof body === 'string' && { body }),
      responseBytesMax,
      signal: init.signal ?? undefined,
    })
    return webResponseOf(response)
  }
}

function methodOf(method = 'GET'): 'GET' | 'POST' | 'DELETE' {
  if (method === 'GET' || method === 'POST' || method === 'DELETE') return method
  throw new TypeError(`The protocol sends no ${method}`)
}

function webResponseOf(response: OutboundResponse): Response {
  const headers = READ_HEADERS.flatMap((name): [string, string][] => {
    const value = response.header(name)
    return value === undefined ? [] : [[name, value]]
  })
  const { status } = response
  if (!WITHOUT_BODY.has(status)) return new Response(ReadableStream.from(response.body), { status, headers })
  response.release()
  return new Response(null, { status, headers })
}
