import type { OutboundRequest, OutboundResponse } from '../ports/outbound-fetch.ts'
import { type PublicUrl, readPublicUrl } from './public-url.ts'
import { refuse } from './refuse.ts'

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Headers that say nothing of who asks; all others may be secrets of the origin that they were meant for. */
const PLAIN_HEADERS = new Set(['accept', 'accept-language', 'user-agent'])

/** Headers of a body, which go where it goes. */
const BODY_HEADERS = new Set(['content-type', 'content-language', 'content-encoding'])

/**
 * The request to which a response leads on, judged as if somebody untrusted had written it, for so it is; `undefined` where the response is the answer. Another origin is told nothing but what is
 * asked for: neither headers that could be secrets nor a body go there. A 303, and a 301 or 302 after a POST, ask by GET.
 *
 * Throws `OUTBOUND_NOT_ALLOWED` for a place that may not be asked, for one without encryption after one with it, and for a body that would go to another origin.
 */
export function followRedirect(
  request: OutboundRequest,
  response: Pick<OutboundResponse, 'status' | 'header'>,
  from: { readonly url: PublicUrl; readonly ports: readonly number[] },
): OutboundRequest | undefined {
  const location = REDIRECTS.has(response.status) ? response.header('location') : undefined
  if (location === undefined) return undefined
  if (!URL.canParse(location, from.url.href)) throw refuse('The server redirects to what is not a URL')
  const url = new URL(location, from.url.href).href
  const next = readPublicUrl(url, from.ports)
  if (from.url.isSecure && !next.isSecure) throw refuse('The server redirects from https to http')
  const isAsking = response.status === 303 || (response.status < 303 && request.method === 'POST')
  const isSame = next.origin === from.url.origin
  if (!isAsking && !isSame && request.body !== undefined) throw refuse('The server redirects a body to another origin')
  const { body, headers = {}, method, ...rest } = request
  const isKept = (name: string): boolean => (isSame || PLAIN_HEADERS.has(name)) && !(isAsking && BODY_HEADERS.has(name))
  return {
    ...rest,
    url,
    method: isAsking && method === 'POST' ? 'GET' : method,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => isKept(name.toLowerCase()))),
    ...(!isAsking && body !== undefined && { body }),
  }
}
