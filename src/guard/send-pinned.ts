import { Client } from 'undici'
import type { OutboundRequest, OutboundResponse } from '../ports/outbound-fetch.ts'
import { exchange, type ExchangeLimits } from './exchange.ts'
import { lookupOf, type PinnedAddress } from './pin-host.ts'
import type { PublicUrl } from './public-url.ts'

export type PinnedRequest = {
  readonly request: OutboundRequest
  readonly url: PublicUrl
  /** Where the connection goes; nobody is asked for the name again. */
  readonly addresses: readonly PinnedAddress[]
  readonly limits: ExchangeLimits & { readonly connectTimeoutMs: number }
  /** Told once, when nothing more will arrive: how many bytes of the body did. */
  readonly onSettled: (bodyBytes: number) => void
}

/** Sends one request to the addresses that were found for its host. Rejects as `OutboundFetch.request`. */
export type SendPinned = (pinned: PinnedRequest) => Promise<OutboundResponse>

/** Sends over a connection of its own, which ends with the answer. `Host` and SNI name the host, not its address. */
export const sendPinned: SendPinned = async ({ request, url, addresses, limits, onSettled }) => {
  const client = new Client(url.origin, {
    pipelining: 1,
    allowH2: false,
    connect: { timeout: limits.connectTimeoutMs, lookup: lookupOf(async () => await Promise.resolve(addresses)) },
  })
  return await exchange({
    dispatcher: client,
    request,
    path: url.path,
    limits,
    onSettled: (bodyBytes) => {
      // Nothing waits for a connection that ends.
      client.destroy().catch(() => undefined)
      onSettled(bodyBytes)
    },
  })
}
