import { isIP } from 'node:net'
import { isAbsolute } from 'node:path'
import { CodedError } from '../../base/errors.ts'

/** What `net.connect` and `net.Server.listen` take. */
export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number }

/** Longest path of a Unix socket that every system takes (104 bytes with its end on macOS). */
export const SOCKET_PATH_MAX = 103

/**
 * Reads `/unix/PATH` (PATH absolute, its leading slash written once), `/ip4/127.x.y.z/tcp/PORT` or `/ip6/::1/tcp/PORT`. Throws
 * `NETWORK_ADDRESS_INVALID`: other addresses are outside of this machine, where this transport would be readable by everybody between.
 */
export function parseLocalAddress(address: string): SocketAddress {
  const path = address.startsWith('/unix/') ? address.slice('/unix'.length) : undefined
  if (path !== undefined) {
    if (isAbsolute(path) && path.length > 1 && Buffer.byteLength(path) <= SOCKET_PATH_MAX && !path.includes('\0'))
      return { path }
    throw invalid(address, `a socket's path has 2 to ${SOCKET_PATH_MAX} bytes`)
  }
  const [, kind, host = '', protocol, portText = '', ...rest] = address.split('/')
  const port = /^(0|[1-9][0-9]{0,4})$/.test(portText) ? Number(portText) : Number.NaN
  if (protocol !== 'tcp' || rest.length > 0 || !(port <= 65_535)) throw invalid(address, 'it names no socket')
  const isLoopback = kind === 'ip4' ? isIP(host) === 4 && host.startsWith('127.') : kind === 'ip6' && host === '::1'
  if (!isLoopback) throw invalid(address, 'it is not of this machine')
  return { host, port }
}

/** The address as others on this machine open it. */
export function formatLocalAddress(address: SocketAddress): string {
  if ('path' in address) return `/unix${address.path}`
  return `/${isIP(address.host) === 6 ? 'ip6' : 'ip4'}/${address.host}/tcp/${address.port}`
}

function invalid(address: string, why: string): CodedError {
  return new CodedError('NETWORK_ADDRESS_INVALID', { message: `${address}: ${why}` })
}
