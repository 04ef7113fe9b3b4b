import type { Dispatcher } from 'undici'
import { CodedError } from '../base/errors.ts'
import type { OutboundRequest, OutboundResponse } from '../ports/outbound-fetch.ts'
import { ResponseBody } from './response-body.ts'

export type ExchangeLimits = {
  readonly headersTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly responseBytesMax: number
}

export type SentRequest = {
  readonly dispatcher: Dispatcher
  readonly request: OutboundRequest
  /** Path and query. */
  readonly path: string
  /** Limits of a request that names none. */
  readonly limits: ExchangeLimits
  /** Told once, when nothing more will arrive: how many bytes of the body did. */
  readonly onSettled?: (bodyBytes: number) => void
}

/** Sends one request and resolves with the head of its response. Rejects as `OutboundFetch.request`. */
export function exchange({ dispatcher, request, path, limits, onSettled }: SentRequest): Promise<OutboundResponse> {
  return new Promise((resolve, reject) => {
    if (request.signal?.aborted) {
      onSettled?.(0)
      throw request.signal.reason
    }
    const bytesMax = request.responseBytesMax ?? limits.responseBytesMax
    dispatcher.dispatch(
      {
        path,
        method: request.method,
        headers: request.headers ?? null,
        body: request.body ?? null,
        headersTimeout: request.headersTimeoutMs ?? limits.headersTimeoutMs,
        bodyTimeout: request.idleTimeoutMs ?? limits.idleTimeoutMs,
      },
      new Exchange({ resolve, reject, bytesMax, signal: request.signal, onSettled }),
    )
  })
}

type ExchangeInit = {
  readonly resolve: (response: OutboundResponse) => void
  readonly reject: (reason: unknown) => void
  readonly bytesMax: number
  readonly signal: AbortSignal | undefined
  readonly onSettled: ((bodyBytes: number) => void) | undefined
}

/** One request and its response, as the callbacks that undici calls from its parser: no stream object lies between the socket and the reader. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #init: ExchangeInit
  #controller: Dispatcher.DispatchController | undefined
  #body: ResponseBody | undefined
  #onAbort: (() => void) | undefined
  #bodyBytes = 0
  #isSettled = false

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
    this.#bodyBytes += piece.byteLength
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
    if (this.#isSettled) return
    this.#isSettled = true
    if (this.#onAbort !== undefined) this.#init.signal?.removeEventListener('abort', this.#onAbort)
    this.#onAbort = undefined
    this.#init.onSettled?.(this.#bodyBytes)
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
export function describeFailure(error: Error): Error {
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
