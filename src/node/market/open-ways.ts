import { SeveralWays, type Way } from '../../network/ways/several-ways.ts'
import { createLocalTransport } from '../../network/local/local-transport.ts'
import type { Libp2pTransport } from '../../network/libp2p/libp2p-transport.ts'
import type { TransportIdentity } from '../../network/framed/framed-transport.ts'
import type { Gossip } from '../../ports/gossip.ts'
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
  /** Announcements that it listens to; absent: it neither says nor hears any. */
  readonly topics?: readonly string[] | undefined
}

export type OpenedWays = {
  readonly transport: Transport
  /** Announcements to everybody; only over libp2p. */
  readonly gossip: Gossip | undefined
  /** Takes addresses that nodes say of themselves. */
  readonly tell: Libp2pTransport['tell'] | undefined
  /** Becomes the neighbour of a node. */
  readonly join: Libp2pTransport['join'] | undefined
}

/**
 * How a node is reached and reaches others: over sockets of this machine, and, where it listens or knows somebody beyond them, over libp2p, which is loaded then.
 *
 * Throws `NETWORK_ADDRESS_INVALID`.
 */
export async function openWays(components: MarketComponents, init: WaysInit): Promise<OpenedWays> {
  const { role, identity, listen, known, topics } = init
  const { clock, random, timers, directory, onError } = components
  const local: Way = {
    transport: createLocalTransport({ identity, clock, random }, { listen: listen.filter(isSocket) }),
    isOf: isSocket,
  }
  if ([...listen, ...known].every(isSocket))
    return { transport: local.transport, gossip: undefined, tell: undefined, join: undefined }
  const { createLibp2pTransport } = await import('../../network/libp2p/create-libp2p-transport.ts')
  const addresses = directory.store.sublevel(`peers-of-${role}`)
  const transport = createLibp2pTransport(
    { identity, clock, random, timers, addresses, onFailure: onError },
    {
      listen: listen.filter((address) => !isSocket(address)),
      ...(topics !== undefined && { gossipTopics: topics }),
    },
  )
  return {
    transport: new SeveralWays([local, { transport, isOf: (address) => !isSocket(address) }]),
    gossip: transport.gossip,
    tell: (peer, told) => transport.tell(peer, told),
    join: async (peer) => await transport.join(peer),
  }
}

function isSocket(address: string): boolean {
  return address.startsWith('/unix/')
}
