import { CodedError } from '../../base/errors.ts'

const UNSPECIFIED = new Set(['0.0.0.0', '::', '0:0:0:0:0:0:0:0'])

/** Throws `NOTARY_ADDRESS_UNREACHABLE` for an address at which nobody can be asked: a port that is drawn at each start, or no host. */
export function refuseUnreachable(address: string): void {
  const why = whyUnreachable(address)
  if (why !== undefined)
    throw new CodedError('NOTARY_ADDRESS_UNREACHABLE', { message: `${address}: ${why}`, details: { address } })
}

function whyUnreachable(address: string): string | undefined {
  if (!address.startsWith('/')) return 'it is no multiaddr'
  if (address.startsWith('/unix/')) return address.length > '/unix/'.length ? undefined : 'it names no socket'
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
