import { isHostName, plainName } from './host-name.ts'
import { formatIpAddress, parseIpAddress } from './ip-address.ts'

/** Where nothing else is said, a program may speak TLS. */
export const DEFAULT_PORT = 443

/** A host that may be reached: one by its name or address, or every name under a domain, but not that domain; at one port. */
export type HostPattern = { readonly kind: 'host' | 'under'; readonly host: string; readonly port: number }

/** Host and port of a connection. The host is a plain name, or an address as `plainAddress` writes it. */
export type HostPort = { readonly host: string; readonly port: number }

/** Reads `name`, `name:port`, `*.name`, `*.name:port`, and the same of an address, that of IPv6 in brackets. `undefined` for anything else, among it every name under a whole ending (`*.com`). */
export function parseHostPattern(text: string): HostPattern | undefined {
  const parts = /^(\*\.)?(\[[^\]]*\]|[^:*[\]]+)(?::(\d{1,5}))?$/.exec(text)
  if (parts === null) return undefined
  const [, star, written = '', digits] = parts
  const port = digits === undefined ? DEFAULT_PORT : Number(digits)
  const host = plainHost(written)
  if (host === undefined || port < 1 || port > 65_535) return undefined
  if (star === undefined) return { kind: 'host', host, port }
  return isHostName(host) && host.includes('.') ? { kind: 'under', host, port } : undefined
}

/** The one form in which hosts are compared: of an address its own, of a name the plain one; `undefined` for what is neither. Brackets around an address of IPv6 are taken off. */
export function plainHost(written: string): string | undefined {
  const address = parseIpAddress(written.startsWith('[') && written.endsWith(']') ? written.slice(1, -1) : written)
  if (address !== undefined)
    return address.length === 4 || written.startsWith('[') ? formatIpAddress(address) : undefined
  const name = plainName(written)
  return isHostName(name) ? name : undefined
}

/** Whether one of the patterns lets a connection through. */
export function isReachable(patterns: readonly HostPattern[], { host, port }: HostPort): boolean {
  return patterns.some((pattern) => {
    if (pattern.port !== port) return false
    return pattern.kind === 'host' ? pattern.host === host : host.endsWith(`.${pattern.host}`)
  })
}
