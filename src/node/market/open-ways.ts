import type { Did } from '../../core/evidence/names.ts'
import { CodedError } from '../../base/errors.ts'
import { SeveralWays } from '../../network/ways/several-ways.ts'
import { createLocalTransport } from '../../network/local/local-transport.ts'
import type { Libp2pNodeInit } from '../../network/libp2p/create-libp2p-transport.ts'
import type { TransportIdentity } from '../../network/framed/framed-transport.ts'
import type { Transport } from '../../ports/transport.ts'
import type { PeerBans } from '../../network/peer-bans.ts'
import type { NetworkConfig } from '../config/node-config.ts'
import { readNetworkKey } from './network-key.ts'
import { isSocket } from './listen-addresses.ts'
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
  /** What others are told instead of `listen`. */
  readonly announce?: readonly string[]
  /** Announcements that it listens to; absent: it neither says nor hears any. */
  readonly topics?: readonly string[] | undefined
}

/** A node's transports as one, and each of them. */
export type OpenedWays = PeerWays & { readonly transport: Transport }

/**
 * How a node is reached and reaches others: over sockets of this machine, and, where it listens or knows somebody beyond them, over libp2p, which is loaded then.
 *
 * Throws `NETWORK_ADDRESS_INVALID`, `NETWORK_KEY_INVALID`.
 */
export async function openWays(
  components: MarketComponents,
  { role, identity, listen, announce = [], known, bans, topics }: WaysInit,
): Promise<OpenedWays> {
  const { clock, random, timers, directory, network, onError } = components
  const isBanned = (peer: Did): boolean => bans.isBanned(peer)
  const local = createLocalTransport({ identity, clock, random, isBanned }, { listen: listen.filter(isSocket) })
  // A notary answers where its set says, and is nobody's relay.
  const finding = role === 'node' && findsOthers(network)
  if (role === 'node' && listen.every(isSocket)) {
    if (network.isRelay) throw noWayForOthers('`network.relay` passes on connections of other machines')
    if (announce.length > 0) throw noWayForOthers(`Others are told of ${announce.join(', ')}`)
  }
  if (!finding && [...listen, ...known].every(isSocket)) return { transport: local, local, libp2p: undefined }
  const { createLibp2pTransport } = await import('../../network/libp2p/create-libp2p-transport.ts')
  const addresses = directory.store.sublevel(`peers-of-${role}`)
  const libp2p = createLibp2pTransport(
    { identity, clock, random, timers, addresses, isBanned, onFailure: onError },
    {
      listen: listen.filter((address) => !isSocket(address)),
      ...(announce.length > 0 && { announce }),
      ...(role === 'node' && meetingOthers(network)),
      ...(network.keyFile !== undefined && { privateNetworkKey: readNetworkKey(network.keyFile) }),
      ...(topics !== undefined && { gossipTopics: topics }),
    },
  )
  const ways = [
    { transport: local, isOf: isSocket },
    { transport: libp2p, isOf: (address: string) => !isSocket(address) },
  ]
  return { transport: new SeveralWays(ways), local, libp2p }
}

function findsOthers({ isMdnsOn, table }: NetworkConfig): boolean {
  return isMdnsOn || table !== undefined
}

function meetingOthers({ isMdnsOn, isRelay, table }: NetworkConfig): Libp2pNodeInit {
  return { isMdnsOn, isRelay, ...(table !== undefined && { kademlia: table }) }
}

function noWayForOthers(what: string): CodedError {
  return new CodedError('NETWORK_ADDRESS_INVALID', {
    message: `${what}, and no address for other machines is listened to: name one with --listen`,
  })
}
