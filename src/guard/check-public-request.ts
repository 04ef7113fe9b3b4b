import type { OutboundRequest } from '../ports/outbound-fetch.ts'
import { refuse } from './refuse.ts'

/** Headers by which a request says where it goes and where it ends: those are not for whoever asks. */
const FRAMING =
  /^(?:host|connection|keep-alive|upgrade|te|trailer|transfer-encoding|content-length|expect|proxy-.*|:.*)$/i

const HEADERS_MAX = 64
const HEADER_BYTES_MAX = 16_384

/** Throws `OUTBOUND_NOT_ALLOWED` for a request that is larger than allowed, by another method, or has headers that are not the caller's. */
export function checkPublicRequest(
  request: OutboundRequest,
  { requestBytesMax }: { readonly requestBytesMax: number },
): void {
  const { method, headers = {}, body } = request
  if (!['GET', 'HEAD', 'POST'].includes(method)) throw refuse('The method is not GET, HEAD or POST')
  const entries = Object.entries(headers)
  const framing = entries.find(([name]) => FRAMING.test(name))
  if (framing !== undefined) throw refuse(`The header ${framing[0]} is not for callers`)
  const headerBytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (entries.length > HEADERS_MAX || headerBytes > HEADER_BYTES_MAX) throw refuse('The headers are too long')
  const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body) : (body?.byteLength ?? 0)
  if (bodyBytes > requestBytesMax) throw refuse(`The body is larger than ${requestBytesMax} bytes`)
}
