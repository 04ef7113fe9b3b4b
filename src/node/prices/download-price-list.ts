import { CodedError } from '../../base/errors.ts'
import { createOutboundFetch } from '../../guard/outbound-fetch.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'

/** Public lists are a few megabytes. */
const LIST_BYTES_MAX = 64 * 1024 * 1024

export type DownloadOptions = AbortOptions & {
  /** Names that may lead into private networks, as `outbound.privateHosts` of the configuration. */
  readonly privateHosts?: readonly string[]
}

/**
 * The text behind an address that the operator named; only its own origin is connected to.
 *
 * Throws `REQUEST_INVALID` for what is not an http(s) URL and for any answer but 200, `OUTBOUND_UNREACHABLE`, `OUTBOUND_TIMEOUT`, or the signal's reason.
 */
export async function downloadPriceList(url: string, options: DownloadOptions = {}): Promise<string> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new CodedError('REQUEST_INVALID', { message: `${url} is not an http or https address` })
  }
  const { privateHosts = [] } = options
  const outbound = createOutboundFetch({ allowedOrigins: [url], privateHosts, responseBytesMax: LIST_BYTES_MAX })
  try {
    return await readList(outbound, url, options.signal)
  } finally {
    await outbound.close()
  }
}

async function readList(outbound: OutboundFetch, url: string, signal: AbortSignal | undefined): Promise<string> {
  const response = await outbound.request({ url, method: 'GET', headers: { accept: 'application/json' }, signal })
  if (response.status === 200) return await response.text()
  response.cancel()
  const location = response.header('location')
  const hint = location === undefined ? '' : `; name the address it redirects to: ${location}`
  throw new CodedError('REQUEST_INVALID', {
    message: `${url} answered ${response.status}${hint}`,
    details: { status: response.status },
  })
}
