import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { createLibp2p, type Libp2p, type Libp2pOptions } from 'libp2p'
import { BoundedDatastore } from './bounded-datastore.ts'
import type { ConnectionGate } from './connection-gate.ts'
import type { Libp2pGossip } from './libp2p-gossip.ts'
import type { Libp2pStack, Libp2pTransportInit } from './libp2p-init.ts'
import { ListenedAddresses } from './listened-addresses.ts'
import {
  CLOSE_MS,
  CONNECTIONS_MAX,
  DIAL_ADDRESS_MS,
  DIAL_ADDRESSES_MAX,
  DIAL_MS,
  DIALS_MAX,
  DIALS_WAITING_MAX,
  IDENTIFY_BYTES_MAX,
  LIBP2P_RECORDS_MAX,
  NEGOTIATION_MS,
  PING_MS,
  UPGRADE_MS,
} from './limits.ts'
import { type Libp2pIdentity, peerIdOfDid, privateKeyOf } from './peer-identity.ts'
import { createSilentLogger } from './silent-logger.ts'
import type { UpgradeWatch } from './watched-upgrade.ts'

export type NodeParts = {
  readonly gossip: Libp2pGossip | undefined
  readonly identity: Pick<Libp2pIdentity, 'did' | 'sign'>
  readonly stack: Libp2pStack
  readonly gate: ConnectionGate
  readonly watch: UpgradeWatch
}

/** A libp2p node that was not started yet, with every default that has no bound replaced. */
export async function buildNode(
  { identity, stack, gate, watch, gossip }: NodeParts,
  { listen, announce }: Libp2pTransportInit,
): Promise<{ readonly node: Libp2p; readonly records: BoundedDatastore }> {
  const ownRecord = peerIdOfDid(identity.did).toCID().toString()
  const records = new BoundedDatastore(LIBP2P_RECORDS_MAX, (key) => key.endsWith(ownRecord))
  const options: Libp2pOptions = {
    start: false,
    privateKey: privateKeyOf(identity),
    datastore: records,
    logger: createSilentLogger(),
    nodeInfo: { name: 'kernell-os', version: '1', userAgent: 'kernell-os' },
    addresses: { listen: [...listen], announce: [...(announce ?? [])] },
    transports: stack.transports,
    connectionEncrypters: stack.encrypters.map((create) => watch.encrypter(create)),
    streamMuxers: [watch.muxer(stack.muxer)],
    connectionGater: gate.gater,
    connectionManager: connectionManager(),
    connectionMonitor: { pingInterval: PING_MS },
    services: {
      identify: identify({ maxMessageSize: IDENTIFY_BYTES_MAX }),
      identifyPush: identifyPush({ maxMessageSize: IDENTIFY_BYTES_MAX }),
      ping: ping(),
      listened: (components) => new ListenedAddresses(components),
      ...(gossip !== undefined && { gossip: gossip.service() }),
      ...stack.services,
    },
    peerDiscovery: [stack.bootstrap, stack.neighbours].filter((found) => found !== undefined),
    ...(stack.protector !== undefined && { connectionProtector: stack.protector }),
  }
  return { node: await createLibp2p(options), records }
}

/** Arrivals are counted by the gate, per block of addresses; libp2p's own counts know one number for all and would let one host fill it. */
function connectionManager(): NonNullable<Libp2pOptions['connectionManager']> {
  return {
    maxConnections: CONNECTIONS_MAX,
    inboundConnectionThreshold: Number.MAX_SAFE_INTEGER,
    maxIncomingPendingConnections: Number.MAX_SAFE_INTEGER,
    maxParallelDials: DIALS_MAX,
    maxDialQueueLength: DIALS_WAITING_MAX,
    maxPeerAddrsToDial: DIAL_ADDRESSES_MAX,
    dialTimeout: DIAL_MS,
    addressDialTimeout: DIAL_ADDRESS_MS,
    inboundUpgradeTimeout: UPGRADE_MS,
    outboundStreamProtocolNegotiationTimeout: NEGOTIATION_MS,
    inboundStreamProtocolNegotiationTimeout: NEGOTIATION_MS,
    connectionCloseTimeout: CLOSE_MS,
    // Names that stand for many addresses are not followed.
    resolvers: {},
    reconnectRetries: 0,
  }
}
