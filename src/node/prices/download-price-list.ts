import { CodedError } from '../../base/errors.ts'
import { createOutboundFetch } from '../../guard/outbound-fetch.ts'

/** Public lists are a few megabytes. */
const LIST_BYTES_MAX = 64 * 1024 * 1024

/**
 * The text behind an address that the operator named; only its own origin is connected to.
 *
 * Throws `REQUEST_INVALID` for what is not an http(s) URL and for any answer but 200, `OUTBOUND_UNREACHABLE`, `OUTBOUND_TIMEOUT`, or the signal's reason.
 */
export async function downloadPriceList(url: string, options: { readonly signal?: AbortSignal } = {}): Promise<string> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new CodedError('REQUEST_INVALID', { message: `${url} is not an http or https address` })
  }
  await using outbound = createOutboundFetch({ allowedOrigins: [url], responseBytesMax: LIST_BYTES_MAX })
  const response = await outbound.request({
    url,
    method: 'GET',
    headers: { accept: 'application/json' },
    signal: options.signal,
  })
  if (response.status === 200) return await response.text()
  response.cancel()
  throw new CodedError('REQUEST_INVALID', {
    message: `${url} answered ${response.status}${response.status >= 300 && response.status < 400 ? `; name the address it redirects to: ${response.header('location') ?? ''}` : ''}`,
    details: { status: response.status },
  })
}
