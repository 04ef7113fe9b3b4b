import { isLocalName, isLoopbackName, plainName } from '../core/egress/host-name.ts'
import { type HostPattern, isReachable, parseHostPattern, plainHost } from '../core/egress/host-pattern.ts'
import { parseIpAddress } from '../core/egress/ip-address.ts'
import type { HostDemand } from './pin-host.ts'
import { refuse } from './refuse.ts'

/** A URL that may be called, split as connections need it. `demand` says what its host may lead to. */
export type AdmittedUrl = { readonly origin: string; readonly path: string; readonly demand: HostDemand }

export type OriginRules = {
  /** Throws `OUTBOUND_NOT_ALLOWED`, whose message names the origin and never the path, query or credentials. */
  admit(url: string): AdmittedUrl
}

export type OriginRulesInit = {
  /** Base URLs, of which the origin counts, or `https://*.example.com`: every name under a domain, not the domain itself. */
  readonly allowed: readonly string[]
  /** Names, or `*.name`, that may lead to private networks though they look like names of the internet. */
  readonly privateHosts?: readonly string[]
}

/**
 * Rules that admit only the origins the operator configured. Names are compared after the URL parser has brought them into one
 * form (case, punycode, default ports, numeric hosts), so that no spelling of a host slips past the list.
 *
 * A list of names says nothing of where they lead: whoever answers for a name could point it into the operator's network. So a name of the internet has to lead there. An address that is
 * named outright may be any; `localhost` leads to this machine; a name that only one network can have (`ollama`, `nas.local`) may lead into a private network, and so may `privateHosts`.
 *
 * Throws `RangeError` for an entry that is none.
 */
export function createOriginRules({ allowed, privateHosts = [] }: OriginRulesInit): OriginRules {
  const origins = new Set<string>()
  const suffixes: string[] = []
  for (const entry of allowed) {
    const wildcard = /^https:\/\/\*(\.[a-z0-9-]+(?:\.[a-z0-9-]+)+)$/.exec(entry)
    if (wildcard?.[1] !== undefined) suffixes.push(wildcard[1])
    else origins.add(parseAllowedOrigin(entry))
  }
  const privates = privateHosts.map(parsePrivateHost)
  const isAllowed = (url: URL): boolean =>
    origins.has(url.origin) ||
    (url.protocol === 'https:' && url.port === '' && suffixes.some((suffix) => url.hostname.endsWith(suffix)))
  return {
    admit(text) {
      const url = URL.canParse(text) ? new URL(text) : undefined
      if (url === undefined) throw refuse('The address is not a URL')
      if (url.protocol !== 'https:' && url.protocol !== 'http:') {
        throw refuse(`The scheme ${url.protocol} is not http or https`)
      }
      if (url.username !== '' || url.password !== '') throw refuse('The URL carries credentials')
      const { origin } = url
      if (!isAllowed(url)) throw refuse(`The origin ${origin} is not among the configured ones`, { origin })
      return { origin, path: url.pathname + url.search, demand: demandOf(url.hostname, privates) }
    },
  }
}

/** What a host that the operator configured may lead to. */
function demandOf(hostname: string, privates: readonly HostPattern[]): HostDemand {
  const host = plainHost(hostname)
  if (host !== undefined && parseIpAddress(host) !== undefined) return 'any'
  const name = host ?? plainName(hostname)
  if (isLoopbackName(name)) return 'loopback'
  const isPrivate =
    isLocalName(name) || privates.some((pattern) => isReachable([pattern], { host: name, port: pattern.port }))
  return isPrivate ? 'private' : 'public'
}

function parsePrivateHost(text: string): HostPattern {
  const pattern = parseHostPattern(text)
  if (pattern === undefined) throw new RangeError('A private host is a name, or *.name')
  return pattern
}

function parseAllowedOrigin(entry: string): string {
  const url = URL.canParse(entry) ? new URL(entry) : undefined
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (url === undefined || !isHttp || url.username !== '' || url.password !== '' || url.hostname.includes('*')) {
    throw new RangeError('An allowed origin is an http(s) URL without credentials, or https://*.domain')
  }
  return url.origin
}
