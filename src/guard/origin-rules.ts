import { CodedError } from '../base/errors.ts'

/** A URL that may be called, split as connections need it. */
export type AdmittedUrl = { readonly origin: string; readonly path: string }

export type OriginRules = {
  /** Throws `OUTBOUND_NOT_ALLOWED`, whose message names the origin and never the path, query or credentials. */
  admit(url: string): AdmittedUrl
}

/**
 * Rules that admit only the origins the operator configured. Names are compared after the URL parser has brought them into one
 * form (case, punycode, default ports, numeric hosts), so that no spelling of a host slips past the list.
 *
 * @param allowed Base URLs, of which the origin counts, or `https://*.example.com`: every name under a domain, not the domain itself.
 *   Throws `RangeError` for anything else.
 */
export function createOriginRules(allowed: readonly string[]): OriginRules {
  const origins = new Set<string>()
  const suffixes: string[] = []
  for (const entry of allowed) {
    const wildcard = /^https:\/\/\*(\.[a-z0-9-]+(?:\.[a-z0-9-]+)+)$/.exec(entry)
    if (wildcard?.[1] !== undefined) suffixes.push(wildcard[1])
    else origins.add(parseAllowedOrigin(entry))
  }
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
      if (!isAllowed(url)) throw refuse(`The origin ${url.origin} is not among the configured ones`, url.origin)
      return { origin: url.origin, path: url.pathname + url.search }
    },
  }
}

function parseAllowedOrigin(entry: string): string {
  const url = URL.canParse(entry) ? new URL(entry) : undefined
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (url === undefined || !isHttp || url.username !== '' || url.password !== '' || url.hostname.includes('*')) {
    throw new RangeError('An allowed origin is an http(s) URL without credentials, or https://*.domain')
  }
  return url.origin
}

function refuse(message: string, origin?: string): CodedError {
  return new CodedError('OUTBOUND_NOT_ALLOWED', { message, ...(origin !== undefined && { details: { origin } }) })
}
