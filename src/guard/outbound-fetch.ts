import type { Pool } from 'undici'
import { CodedError } from '../base/errors.ts'
import type { OutboundFetch, OutboundRequest, OutboundResponse } from '../ports/outbound-fetch.ts'
import { exchange } from './exchange.ts'
import { createOriginRules, type OriginRules } from './origin-rules.ts'
import type { ResolveHost } from './pin-host.ts'
import { resolveBySystem } from './resolve-host.ts'

export type OutboundFetchInit = {
  /**
   * Where the process may connect: base URLs (their origin counts) or `https://*.example.com` for every name under a domain.
   * Everything else is refused.
   */
  readonly allowedOrigins: readonly string[]
  /**
   * Names, or `*.name`, among them that may lead into a private network. Without that, a name of the internet has to lead to a machine of the internet; addresses, `localhost` and names
   * that only a local network has need not be listed.
   */
  readonly privateHosts?: readonly string[]
  /** Who is asked for the addresses of a name. Default: this machine's own resolver, with its file of hosts. */
  readonly resolve?: ResolveHost
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
  readonly #resolve: ResolveHost
  readonly #settings: Required<Omit<OutboundFetchInit, 'allowedOrigins' | 'privateHosts' | 'resolve'>>
  readonly #pools = new Map<string, Pool>()
  readonly #endpoints = new Map<string, Endpoint>()
  #isClosed = false

  constructor(init: OutboundFetchInit) {
    const { allowedOrigins: allowed, privateHosts = [], resolve = resolveBySystem, ...settings } = init
    this.#rules = createOriginRules({ allowed, privateHosts })
    this.#resolve = resolve
    this.#settings = { ...OUTBOUND_DEFAULTS, ...settings }
  }

  async request(request: OutboundRequest): Promise<OutboundResponse> {
    request.signal?.throwIfAborted()
    const { pool: dispatcher, path } = this.#endpoints.get(request.url) ?? (await this.#openEndpoint(request.url))
    return await exchange({ dispatcher, request, path, limits: this.#settings })
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

  async #openEndpoint(url: string): Promise<Endpoint> {
    const { origin, path, demand } = this.#rules.admit(url)
    // Most commands connect nowhere, and loading what connects takes longer than many of them run.
    const { openPool } = await import('./open-pool.ts')
    if (this.#isClosed) throw new CodedError('OUTBOUND_UNREACHABLE', { message: 'The outbound connections are closed' })
    const pool = this.#pools.get(origin) ?? openPool(origin, { ...this.#settings, demand, resolve: this.#resolve })
    this.#pools.set(origin, pool)
    if (this.#endpoints.size >= ENDPOINTS_MAX) this.#endpoints.clear()
    const endpoint = { pool, path }
    this.#endpoints.set(url, endpoint)
    return endpoint
  }
}
