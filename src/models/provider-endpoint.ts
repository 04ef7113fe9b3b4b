import type { AbortOptions } from '../ports/abort-options.ts'
import type { OutboundFetch, OutboundResponse } from '../ports/outbound-fetch.ts'
import { describeErrorResponse, type ProviderIdentity } from './provider-errors.ts'

/** Limits of one provider; absent members are the outbound fetch's own. */
export type ProviderLimits = {
  readonly headersTimeoutMs?: number
  readonly idleTimeoutMs?: number
  readonly responseBytesMax?: number
}

/** One address of a provider, ready to be called: everything that does not change from call to call. */
export type ProviderEndpoint = {
  readonly outbound: OutboundFetch
  readonly identity: ProviderIdentity
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly limits: ProviderLimits
}

/** `base` with `path` appended; a base URL may end in slashes. */
export function joinUrl(base: string, path: string): string {
  return base.replace(/\/+$/, '') + path
}

/** The limits that are present, so that absent ones do not override the defaults. */
export function limitsOf(init: ProviderLimits): ProviderLimits {
  const { headersTimeoutMs, idleTimeoutMs, responseBytesMax } = init
  return {
    ...(headersTimeoutMs !== undefined && { headersTimeoutMs }),
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
    ...(responseBytesMax !== undefined && { responseBytesMax }),
  }
}

/**
 * Posts JSON and resolves with a response of status 200.
 *
 * Throws the coded error of any other status, and the outbound fetch's errors as they are.
 */
export async function postJson(
  endpoint: ProviderEndpoint,
  body: string,
  options: AbortOptions | undefined,
): Promise<OutboundResponse> {
  const response = await endpoint.outbound.request({
    url: endpoint.url,
    method: 'POST',
    headers: endpoint.headers,
    body,
    signal: options?.signal,
    ...endpoint.limits,
  })
  if (response.status !== 200) throw await describeErrorResponse(response, endpoint.identity)
  return response
}
