import type { JsonRpcTransportFactory } from '@a2a-js/sdk/client'
import type { OutboundFetch, OutboundResponse } from '../../../ports/outbound-fetch.ts'

/** What the library's clients call to send a request. */
export type ClientFetch = NonNullable<
  NonNullable<ConstructorParameters<typeof JsonRpcTransportFactory>[0]>['fetchImpl']
>

export type PeerFetchInit = {
  /** Sent with every request; the peer's key where it has one. */
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly responseBytesMax: number
}

/** Headers of answers that the library looks at. */
const HEADERS = ['content-type', 'www-authenticate', 'a2a-extensions', 'retry-after']

/** The guarded way out in the form that the library of the protocol calls: it follows no redirect and keeps no cookie. */
export function peerFetch(outbound: OutboundFetch, init: PeerFetchInit): ClientFetch {
  return async (input, options) => {
    const request = new Request(input, options)
    const method = request.method === 'POST' ? 'POST' : 'GET'
    const response = await outbound.request({
      url: request.url,
      method,
      headers: { ...Object.fromEntries(request.headers), ...init.headers },
      ...(method === 'POST' && { body: await request.text() }),
      headersTimeoutMs: init.timeoutMs,
      idleTimeoutMs: init.timeoutMs,
      responseBytesMax: init.responseBytesMax,
      signal: options?.signal ?? undefined,
    })
    return responseOf(response)
  }
}

function responseOf(response: OutboundResponse): Response {
  const headers = new Headers()
  for (const name of HEADERS) {
    const value = response.header(name)
    if (value !== undefined) headers.set(name, value)
  }
  const { status } = response
  const isEmpty = status === 204 || status === 304
  if (isEmpty) response.release()
  // Statuses that the platform's answer cannot have are failures of the peer.
  const shown = status >= 200 && status <= 599 ? status : 502
  return new Response(isEmpty ? null : bodyOf(response), { status: shown, headers })
}

function bodyOf(response: OutboundResponse): ReadableStream<Uint8Array> {
  const pieces = response.body[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await pieces.next()
      if (next.done === true) controller.close()
      else controller.enqueue(next.value)
    },
    cancel() {
      response.cancel()
    },
  })
}
