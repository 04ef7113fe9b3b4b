import type { ModelCallOptions } from '../ports/language-model.ts'
import type { OutboundFetch, OutboundResponse } from '../ports/outbound-fetch.ts'
import { describeErrorResponse, type ProviderIdentity } from './provider-errors.ts'

/** Limits of one provider; absent members are the outbound fetch's own. */
export type ProviderLimits = {
  readonly headersTimeoutMs?: number
  readonly idleTimeoutMs?: number
  readonly responseBytesMax?: number
}

/** What a provider is told of traces. */
export type ProviderTracing = { readonly propagatesTrace?: boolean }

/** As `limitsOf`. */
export function tracingOf({ propagatesTrace }: ProviderTracing): ProviderTracing {
  return propagatesTrace === true ? { propagatesTrace } : {}
}

/** One address of a provider, ready to be called: everything that does not change from call to call. */
export type ProviderEndpoint = {
  readonly outbound: OutboundFetch
  readonly identity: ProviderIdentity
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly limits: ProviderLimits
  /** Whether calls name the trace that they are part of (`traceparent`, `tracestate`). Absent: they do not. */
  readonly propagatesTrace?: boolean
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
  options: ModelCallOptions | undefined,
): Promise<OutboundResponse> {
  const response = await endpoint.outbound.request({
    url: endpoint.url,
    method: 'POST',
    headers: headersOf(endpoint, options?.trace),
    body,
    signal: options?.signal,
    ...endpoint.limits,
  })
  if (response.status !== 200) throw await describeErrorResponse(response, endpoint.identity)
  return response
}

/** A trace says whose systems a task passes: only the providers that the operator named learn of it. */
function headersOf(
  { headers, propagatesTrace }: ProviderEndpoint,
  trace: ModelCallOptions['trace'],
): Readonly<Record<string, string>> {
  return propagatesTrace === true && trace !== undefined ? { ...headers, ...trace } : headers
}
