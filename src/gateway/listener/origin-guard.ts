import { CodedError } from '../../base/errors.ts'

export type OriginGuardInit = {
  /** True when no key is asked for: then only the names of this machine may stand in `Host`. */
  readonly isOpen: boolean
  /** More names for `Host`, without port. */
  readonly allowedHosts: readonly string[]
  /** Origins of web pages that may call the node, `https://app.example`. */
  readonly allowedOrigins: readonly string[]
}

export type OriginGuard = {
  /**
   * Refuses what a browser was lured into sending: a foreign page's request (its `Origin`), and a foreign name that resolves to this machine
   * (its `Host`; DNS rebinding). Programs send no `Origin` and are not concerned.
   *
   * @returns The origin when it is an allowed foreign one and has to be named in the answer.
   *
   * Throws `GATEWAY_FOREIGN_ORIGIN`.
   */
  check(headers: { readonly host?: string | undefined; readonly origin?: string | undefined }): string | undefined
}

/** Whether a host name or address, without port, is this machine's loopback. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

/** Makes the check for one listener. */
export function createOriginGuard(init: OriginGuardInit): OriginGuard {
  const hosts = new Set(init.allowedHosts.map((host) => host.toLowerCase()))
  const origins = new Set(init.allowedOrigins.map((origin) => origin.toLowerCase()))
  // Clients repeat one Host for the life of a connection; a check that passed is not made again.
  let lastGoodHost: string | undefined
  return {
    check({ host, origin }) {
      if (init.isOpen && host !== lastGoodHost) {
        const name = host?.toLowerCase().replace(/:\d+$/, '') ?? ''
        if (!isLoopbackHost(name) && !hosts.has(name))
          throw refuse('The header Host names a host that this node does not serve')
        lastGoodHost = host
      }
      if (origin === undefined) return undefined
      const lower = origin.toLowerCase()
      if (origins.has(lower)) return origin
      if (host !== undefined && (lower === `http://${host.toLowerCase()}` || lower === `https://${host.toLowerCase()}`))
        return undefined
      throw refuse('The header Origin names a web page that may not call this node')
    },
  }
}

function refuse(message: string): CodedError {
  return new CodedError('GATEWAY_FOREIGN_ORIGIN', { message })
}

/** Headers of the answers to pages of an allowed foreign origin. Names and values alternate. */
export function crossOriginHeaders(origin: string): readonly string[] {
  const requestHeaders = `authorization, x-api-key, anthropic-version, content-type, idempotency-key, traceparent, ${CONTROL_HEADERS}`
  const fixed = [
    'access-control-allow-methods',
    'GET, POST, PATCH, DELETE',
    'access-control-expose-headers',
    '*',
    'vary',
    'origin',
  ]
  return ['access-control-allow-origin', origin, 'access-control-allow-headers', requestHeaders, ...fixed]
}

const CONTROL_HEADERS =
  'x-kernell-max-cost-usd, x-kernell-quality, x-kernell-allow, x-kernell-cache, x-kernell-conversation'
