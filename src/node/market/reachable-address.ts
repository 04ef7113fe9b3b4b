import { CodedError } from '../../base/errors.ts'
import { SOCKET_PATH_MAX } from '../../network/local/local-address.ts'

const UNSPECIFIED = new Set(['0.0.0.0', '::', '0:0:0:0:0:0:0:0'])

/** Throws `NOTARY_ADDRESS_UNREACHABLE` for an address at which nobody can be asked: a port that is drawn at each start, or no host. */
export function refuseUnreachable(address: string): void {
  const why = whyUnreachable(address)
  if (why !== undefined)
    throw new CodedError('NOTARY_ADDRESS_UNREACHABLE', { message: `${address}: ${why}`, details: { address } })
}

function whyUnreachableSocket(path: string): string | undefined {
  if (path.length < 2) return 'it names no socket'
  const bytes = Buffer.byteLength(path)
  return bytes > SOCKET_PATH_MAX
    ? `a socket's path has ${SOCKET_PATH_MAX} bytes at most, and this one ${bytes}`
    : undefined
}

function whyUnreachable(address: string): string | undefined {
  if (!address.startsWith('/')) return 'it is no multiaddr'
  if (address.startsWith('/unix/')) return whyUnreachableSocket(address.slice('/unix'.length))
  const [, kind, host = '', protocol, port] = address.split('/')
  if (kind === 'ip4' || kind === 'ip6') {
    if (UNSPECIFIED.has(host))
      return `${host} is no address of a machine, it stands for all of those of the one that listens`
    if (host === '' || protocol === undefined || port === undefined) return 'it has no port'
  }
  const isPort = protocol === 'tcp' || protocol === 'udp'
  if (isPort && !/^[1-9][0-9]{0,4}$/.test(port ?? '')) return `port ${port ?? ''} is one that others cannot know`
  return undefined
}
