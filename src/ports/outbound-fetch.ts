/**
 * The only way out to HTTP servers: models, downloads and price lists go through it, so that one place holds the rules on where the
 * process may connect. The guard implements it. It is not a browser `fetch`: it follows no redirect, keeps no cookie, sends no header of
 * its own but `host` and lengths, and never retries.
 *
 * ```ts
 * const statusOf = async (outbound: OutboundFetch, url: string): Promise<number> => {
 *   const response = await outbound.request({ url, method: 'GET' })
 *   response.cancel()
 *   return response.status
 * }
 * ```
 */

export type OutboundRequest = {
  /** Absolute `http:` or `https:` URL without credentials, on an origin that the operator configured. */
  readonly url: string
  readonly method: 'GET' | 'POST' | 'HEAD' | 'DELETE'
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Longest wait for the response's headers; absent: the implementation's default. */
  readonly headersTimeoutMs?: number
  /** Longest pause between two pieces of the body; absent: the implementation's default. */
  readonly idleTimeoutMs?: number
  /** Largest body that is accepted; absent: the implementation's default. */
  readonly responseBytesMax?: number
  /** Ends the call; what waits rejects with the signal's reason and the connection is closed. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The head of a response, whose body is still to come. Whoever has it reads the body to its end, or calls `release` or `cancel`: until then it holds a
 * connection.
 */
export interface OutboundResponse {
  /** 100..599; any status is an answer, not an error. Redirects arrive as they are. */
  readonly status: number
  /** Value of a header by its lower-case name; several values are joined with `, `. */
  header(name: string): string | undefined
  /**
   * The body in pieces, once. Leaving the loop early closes the connection. Throws `OUTBOUND_TIMEOUT`, `OUTBOUND_UNREACHABLE`,
   * `OUTBOUND_RESPONSE_TOO_LARGE`, or the signal's reason.
   */
  readonly body: AsyncIterable<Uint8Array>
  /** The whole body as UTF-8 text, once. Throws as `body`. */
  text(): Promise<string>
  /**
   * The reader has all it needs: what is left of the body is dropped as it arrives, so that the connection can be used again; a long rest
   * closes it. Idempotent.
   */
  release(): void
  /** Drops what is left of the body and closes the connection. Idempotent. */
  cancel(): void
}

/** The only way out to HTTP servers: one place holds the rules on where the process may connect. It follows no redirect, keeps no cookie and never retries. */
export interface OutboundFetch {
  /**
   * Sends a request and resolves with the response's head.
   *
   * Throws `OUTBOUND_NOT_ALLOWED` before anything is sent, `OUTBOUND_UNREACHABLE`, `OUTBOUND_TIMEOUT`, or the signal's reason.
   */
  request(request: OutboundRequest): Promise<OutboundResponse>
}
