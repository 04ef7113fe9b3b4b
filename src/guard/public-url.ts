import { isLocalName } from '../core/egress/host-name.ts'
import { plainHost } from '../core/egress/host-pattern.ts'
import { parseIpAddress } from '../core/egress/ip-address.ts'
import { refuse } from './refuse.ts'

/** A URL by which a machine of the internet may be asked, as far as its text tells; where its name leads is another question. */
export type PublicUrl = {
  /** The whole of it in the one form that the URL parser writes, without a dot after the name: what others are to be given, so that no other reading of the text matters. */
  readonly href: string
  readonly origin: string
  /** Path and query. */
  readonly path: string
  /** A plain name, or an address without brackets. */
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
}

/** The port of a URL, that of its scheme where it names none; 0 for other schemes than http(s). */
export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  if (protocol === 'https:') return 443
  return protocol === 'http:' ? 80 : 0
}

/**
 * Reads a URL that somebody untrusted gave. Its host is what the parser of the URL standard makes of it (https://url.spec.whatwg.org/#host-parsing), which every connection here is made by: digits of
 * other alphabets, percent signs, octal, hexadecimal and short forms of IPv4 come out as the address that they are, other alphabets as `xn--`, and what it cannot read is no URL.
 *
 * Throws `OUTBOUND_NOT_ALLOWED` for what is not http(s), carries credentials, goes to another port, or names a host of a local network.
 */
export function readPublicUrl(text: string, ports: readonly number[]): PublicUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw refuse('The address is not a URL')
  const isSecure = url.protocol === 'https:'
  if (!isSecure && url.protocol !== 'http:') throw refuse(`The scheme ${url.protocol} is not http or https`)
  if (url.username !== '' || url.password !== '') throw refuse('The URL carries credentials')
  const host = plainHost(url.hostname)
  if (host === undefined) throw refuse('The host of the URL is no name and no address')
  if (parseIpAddress(host) === undefined) {
    if (isLocalName(host)) throw refuse(`The name ${host} is one of a local network`, { host })
    // Certificates and SNI know no final dot.
    url.hostname = host
  }
  const port = portOf(url)
  if (!ports.includes(port)) throw refuse(`Port ${port} is not among those that may be asked`, { host, port })
  return { href: url.href, origin: url.origin, path: url.pathname + url.search, host, port, isSecure }
}
