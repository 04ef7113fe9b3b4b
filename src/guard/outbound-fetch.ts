import { Pool, type Dispatcher } from 'undici'
import { CodedError } from '../base/errors.ts'
import type { OutboundFetch, OutboundRequest, OutboundResponse } from '../ports/outbound-fetch.ts'
import { createOriginRules, type OriginRules } from './origin-rules.ts'
import { ResponseBody } from './response-body.ts'

export type OutboundFetchInit = {
  /**
   * Where the process may connect: base URLs (their origin counts) or `https://*.example.com` for every name under a domain.
   * Everything else is refused.
   */
  readonly allowedOrigins: readonly string[]
  /** Connections to one origin, 1 or more; further requests wait. Default 256. */
  readonly connectionsPerOriginMax?: number
  readonly connectTimeoutMs?: number
  readonly headersTimeoutMs?: number
  readonly idleTimeoutMs?: number
  readonly responseBytesMax?: number
}

/** An outbound fetch with its own connections, which `close` ends. */
export type GuardedOutboundFetch = OutboundFetch &
  AsyncDisposable & {
    /** Ends every connection at once; calls in flight fail. Idempotent. */
    close(): Promise<void>
  }

export const OUTBOUND_DEFAULTS = {
  connectionsPerOriginMax: 256,
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 120_000,
  idleTimeoutMs: 120_000,
  responseBytesMax: 33_554_432,
} as const

/** Parsed endpoints kept: a node calls a handful, and a caller who varies URLs must not grow the table. */
const ENDPOINTS_MAX = 512

type Endpoint = { readonly pool: Pool; readonly path: string }

/** Creates the guarded way out. Throws `RangeError` for an entry of `allowedOrigins` that is not an origin. */
export function createOutboundFetch(init: OutboundFetchInit): GuardedOutboundFetch {
  return new PooledOutboundFetch(init)
}

class PooledOutboundFetch implements GuardedOutboundFetch {
  readonly #rules: OriginRules
  readonly #settings: Required<Omit<OutboundFetchInit, 'allowedOrigins'>>
  readonly #pools = new Map<string, Pool>()
  readonly #endpoints = new Map<string, Endpoint>()
  #isClosed = false

  constructor(init: OutboundFetchInit) {
    const { allowedOrigins, ...settings } = init
    this.#rules = createOriginRules(allowedOrigins)
    this.#settings = { ...OUTBOUND_DEFAULTS, ...settings }
  }

  async request(request: OutboundRequest): Promise<OutboundResponse> {
    const { signal } = request
    signal?.throwIfAborted()
    const endpoint = this.#endpoints.get(request.url) ?? this.#openEndpoint(request.url)
    return new Promise((resolve, reject) => {
      const bytesMax = request.responseBytesMax ?? this.#settings.responseBytesMax
      const exchange = new Exchange({ resolve, reject, bytesMax, signal })
      endpoint.pool.dispatch(
        {
          path: endpoint.path,
          method: request.method,
          headers: request.headers ?? null,
          body: request.body ?? null,
          headersTimeout: request.headersTimeoutMs ?? this.#settings.headersTimeoutMs,
          bodyTimeout: request.idleTimeoutMs ?? this.#settings.idleTimeoutMs,
        },
        exchange,
      )
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    this.#endpoints.clear()
    await Promise.all(pools.map((pool) => pool.destroy()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #openEndpoint(url: string): Endpoint {
    if (this.#isClosed) throw new CodedError('OUTBOUND_UNREACHABLE', { message: 'The outbound connections are closed' })
    const { origin, path } = this.#rules.admit(url)
    let pool = this.#pools.get(origin)
    if (pool === undefined) {
      // Rules on addresses belong to `connect`: it sees the address that the name resolved to, and no later lookup can differ.
      pool = new Pool(origin, {
        connections: this.#settings.connectionsPerOriginMax,
        pipelining: 1,
        allowH2: false,
        connect: { timeout: this.#settings.connectTimeoutMs },
      })
      this.#pools.set(origin, pool)
    }
    if (this.#endpoints.size >= ENDPOINTS_MAX) this.#endpoints.clear()
    const endpoint = { pool, path }
    this.#endpoints.set(url, endpoint)
    return endpoint
  }
}

type ExchangeInit = {
  readonly resolve: (response: OutboundResponse) => void
  readonly reject: (reason: unknown) => void
  readonly bytesMax: number
  readonly signal: AbortSignal | undefined
}

/** One request and its response, as the callbacks that undici calls from its parser: no stream object lies between the socket and the reader. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #init: ExchangeInit
  #controller: Dispatcher.DispatchController | undefined
  #body: ResponseBody | undefined
  #onAbort: (() => void) | undefined

  constructor(init: ExchangeInit) {
    this.#init = init
    const { signal } = init
    if (signal === undefined) return
    this.#onAbort = () => this.#abort(signal.reason)
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#init.signal?.aborted) controller.abort(asError(this.#init.signal.reason))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return
    const body = new ResponseBody(controller, this.#init.bytesMax, () => this.#release())
    this.#body = body
    this.#init.resolve(new PooledResponse(status, headers, body))
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Uint8Array): void {
    this.#body?.push(piece)
  }

  onResponseEnd(): void {
    this.#body?.end()
    this.#release()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const { signal } = this.#init
    this.#settle(signal?.aborted ? signal.reason : describeFailure(error))
  }

  #abort(reason: unknown): void {
    this.#settle(reason)
    this.#controller?.abort(asError(reason))
  }

  #settle(reason: unknown): void {
    this.#release()
    if (this.#body === undefined) this.#init.reject(reason)
    else this.#body.fail(reason)
  }

  /** A long-lived signal, such as a session's, must not keep a listener for every call that it outlived. */
  #release(): void {
    if (this.#onAbort === undefined) return
    this.#init.signal?.removeEventListener('abort', this.#onAbort)
    this.#onAbort = undefined
  }
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

class PooledResponse implements OutboundResponse {
  readonly status: number
  readonly body: ResponseBody
  readonly #headers: Headers

  constructor(status: number, headers: Headers, body: ResponseBody) {
    this.status = status
    this.#headers = headers
    this.body = body
  }

  header(name: string): string | undefined {
    const value = this.#headers[name]
    return typeof value === 'string' || value === undefined ? value : value.join(', ')
  }

  text(): Promise<string> {
    return this.body.text()
  }

  release(): void {
    this.body.release()
  }

  cancel(): void {
    this.body.cancel()
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

const TIMEOUT_CODES = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])

/** The coded error of a failed exchange. undici's messages name hosts and ports, never headers or bodies, so the cause holds no secret. */
function describeFailure(error: Error): Error {
  if (CodedError.is(error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
  if (TIMEOUT_CODES.has(code)) {
    return new CodedError('OUTBOUND_TIMEOUT', { message: `The server did not answer in time (${code})`, cause: error })
  }
  if (code === 'UND_ERR_INVALID_ARG') {
    return new CodedError('CONFIG_INVALID', {
      message: 'A header cannot be sent: keys and header values hold no line breaks or other control characters',
    })
  }
  return new CodedError('OUTBOUND_UNREACHABLE', {
    message: `The connection to the server failed (${code})`,
    cause: error,
    details: { reason: code },
  })
}
