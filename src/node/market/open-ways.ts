import { SeveralWays, type Way } from '../../network/ways/several-ways.ts'
import { createLocalTransport } from '../../network/local/local-transport.ts'
import type { TransportIdentity } from '../../network/framed/framed-transport.ts'
import type { Transport } from '../../ports/transport.ts'
import type { MarketComponents } from './market-components.ts'

export type WaysInit = {
  /** Whose connections these are: both may be of one data directory. */
  readonly role: 'node' | 'notary'
  readonly identity: TransportIdentity
  /** Multiaddrs: sockets of this machine, and TCP or WebSockets. */
  readonly listen: readonly string[]
  /** Addresses of others that are known now. */
  readonly known: readonly string[]
}

/**
 * How a node is reached and reaches others: over sockets of this machine, and, where it listens or knows somebody beyond them, over libp2p, which is loaded then.
 *
 * Throws `NETWORK_ADDRESS_INVALID`.
 */
export async function openWays(
  components: MarketComponents,
  { role, identity, listen, known }: WaysInit,
): Promise<Transport> {
  const { clock, random, timers, directory, onError } = components
  const local: Way = {
    transport: createLocalTransport({ identity, clock, random }, { listen: listen.filter(isSocket) }),
    isOf: isSocket,
  }
  if ([...listen, ...known].every(isSocket)) return local.transport
  const { createLibp2pTransport } = await import('../../network/libp2p/create-libp2p-transport.ts')
  const addresses = directory.store.sublevel(`peers-of-${role}`)
  const transport = createLibp2pTransport(
    { identity, clock, random, timers, addresses, onFailure: onError },
    { listen: listen.filter((address) => !isSocket(address)) },
  )
  return new SeveralWays([local, { transport, isOf: (address) => !isSocket(address) }])
}

function isSocket(address: string): boolean {
  return address.startsWith('/unix/')
}
