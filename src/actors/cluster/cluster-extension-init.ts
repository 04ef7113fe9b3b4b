import { createRestartIntensity, type RestartIntensityLimit } from '../../core/supervision/restart-intensity.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { PeerPhase } from '../../core/cluster/peering.ts'
import type { Transport } from '../../ports/transport.ts'
import type { AgentDefinition } from '../agent-definition.ts'
import type { ActorEnvironment } from '../environment.ts'
import { isLabel } from './cluster-message.ts'

export type ClusterExtensionInit = {
  /** Name of this node; see `isLabel`. */
  readonly name: string
  /** The same on all nodes, 32 bytes or more. */
  readonly secret: string
  /** Started and stopped with the system. */
  readonly transport: Transport
  /** All other nodes, at most 64. */
  readonly peers: readonly ClusterPeerAddress[]
  /** What other nodes may start here. */
  readonly agents?: readonly AgentDefinition[]
  /** What `placement.labels` asks for. */
  readonly labels?: readonly string[]
  /** Actors of other nodes that this one takes. Default 10,000; 0: none. */
  readonly capacity?: number
  /** Between two heartbeats, 10 to 60,000. The same on all nodes. Default 1,000. */
  readonly heartbeatMs?: number
  /** How often an actor may lose its node and is placed anew. Default 5 within 10 minutes. */
  readonly intensity?: RestartIntensityLimit
  readonly environment: ActorEnvironment
}

/** Another node of the cluster as this one is told of it. Names and DIDs of all nodes differ; `clusterDidOf` gives the DID of a key. */
export type ClusterPeerAddress = {
  readonly name: string
  readonly did: Did
  /** Where the transport reaches it. */
  readonly address: string
}

/** What is known of another node of the cluster. */
export type ClusterMember = {
  readonly name: string
  readonly did: Did
  readonly phase: PeerPhase
  /** 1: just heard; 0: as good as lost. */
  readonly health: number
  readonly labels: readonly string[]
  readonly capacity: number
  readonly load: number
}

const PEERS_MAX = 64
export const CAPACITY_DEFAULT = 10_000
export const INTENSITY_DEFAULT: RestartIntensityLimit = { restarts: 5, withinMs: 600_000 }

/** @throws RangeError for a member that is out of its range. */
export function checkInit({
  name,
  peers,
  agents = [],
  labels = [],
  capacity = 0,
  intensity,
  transport,
}: ClusterExtensionInit): void {
  for (const each of [name, ...peers.map((peer) => peer.name), ...labels])
    if (!isLabel(each)) throw new RangeError(`A node or label has 1 to 64 of A-Z a-z 0-9 . _ : -, not '${each}'`)
  if (peers.length > PEERS_MAX) throw new RangeError(`A cluster has at most ${PEERS_MAX} other nodes`)
  const names = [name, ...peers.map((peer) => peer.name)]
  if (new Set(names).size < names.length) throw new RangeError('Two nodes of a cluster have different names')
  const dids = [transport.did, ...peers.map((peer) => peer.did)]
  if (new Set(dids).size < dids.length) throw new RangeError('Two nodes of a cluster have different keys')
  if (!Number.isSafeInteger(capacity) || capacity < 0)
    throw new RangeError(`capacity ${capacity} is not a whole number >= 0`)
  // Throws for a limit out of its range.
  createRestartIntensity(intensity ?? INTENSITY_DEFAULT)
  for (const agent of agents)
    if (agent.durable !== undefined)
      throw new RangeError(`Agent ${agent.name} is durable: such actors live where their data directory is`)
  if (new Set(agents.map((agent) => agent.name)).size < agents.length)
    throw new RangeError('Two agents of a node have different names')
}
