import type { Did } from '../../core/evidence/names.ts'
import { SeveralWays } from '../../network/ways/several-ways.ts'
import { createLocalTransport } from '../../network/local/local-transport.ts'
import type { TransportIdentity } from '../../network/framed/framed-transport.ts'
import type { Transport } from '../../ports/transport.ts'
import type { PeerBans } from '../../network/peer-bans.ts'
import type { PeerWays } from './desks/peer-desk.ts'
import type { MarketComponents } from './market-components.ts'

export type WaysInit = {
  /** Whose connections these are: both may be of one data directory. */
  readonly role: 'node' | 'notary'
  readonly identity: TransportIdentity
  /** Multiaddrs: sockets of this machine, and TCP or WebSockets. */
  readonly listen: readonly string[]
  /** Addresses of others that are known now. */
  readonly known: readonly string[]
  /** Whom this node keeps away. */
  readonly bans: Pick<PeerBans, 'isBanned'>
  /** Announcements that it listens to; absent: it neither says nor hears any. */
  readonly topics?: readonly string[] | undefined
}

/** A node's transports as one, and each of them. */
export type OpenedWays = PeerWays & { readonly transport: Transport }

/**
 * How a node is reached and reaches others: over sockets of this machine, and, where it listens or knows somebody beyond them, over libp2p, which is loaded then.
 *
 * Throws `NETWORK_ADDRESS_INVALID`.
 */
export async function openWays(
  components: MarketComponents,
  { role, identity, listen, known, bans, topics }: WaysInit,
): Promise<OpenedWays> {
  const { clock, random, timers, directory, onError } = components
  const isBanned = (peer: Did): boolean => bans.isBanned(peer)
  const local = createLocalTransport({ identity, clock, random, isBanned }, { listen: listen.filter(isSocket) })
  if ([...listen, ...known].every(isSocket)) return { transport: local, local, libp2p: undefined }
  const { createLibp2pTransport } = await import('../../network/libp2p/create-libp2p-transport.ts')
  const addresses = directory.store.sublevel(`peers-of-${role}`)
  const libp2p = createLibp2pTransport(
    { identity, clock, random, timers, addresses, isBanned, onFailure: onError },
    {
      listen: listen.filter((address) => !isSocket(address)),
      ...(topics !== undefined && { gossipTopics: topics }),
    },
  )
  const ways = [
    { transport: local, isOf: isSocket },
    { transport: libp2p, isOf: (address: string) => !isSocket(address) },
  ]
  return { transport: new SeveralWays(ways), local, libp2p }
}

function isSocket(address: string): boolean {
  return address.startsWith('/unix/')
}
