import type { JsonValue } from '../../../base/canonical-json.ts'
import type { Timestamp } from '../../../base/time.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { PeerBan } from '../../../core/peers/peer-bans.ts'
import type { PeerTraffic } from '../../../network/framed/framed-transport.ts'
import type { PeerView } from '../../../network/libp2p/peer-views.ts'
import { peerIdOf } from '../../../wire/v1/peer-id.ts'

/** All that this node knows of a peer. */
export type KnownPeer = {
  readonly peer: Did
  /** By each transport between machines; of a node that is a notary as well there are two. */
  readonly views: readonly PeerView[]
  readonly traffic: readonly PeerTraffic[]
  /** Connected over a socket of this machine. */
  readonly isLocal: boolean
  readonly isConnected: boolean
  readonly ban: PeerBan | undefined
  readonly now: Timestamp
}

type Document = { readonly [name: string]: JsonValue }

/** A peer as a row of a list. Bytes and questions are those of the connections that are open now; `null` is not known. */
export function peerRow(known: KnownPeer): Document {
  const { peer, views, traffic, isConnected } = known
  const addresses = addressesOf(known)
  const connections = views.flatMap((view) => view.connections)
  const latencies = connections.flatMap(({ latencyMs }) => latencyMs ?? [])
  const seen = views.flatMap(({ lastSeenAt }) => lastSeenAt ?? [])
  const sumOf = (name: 'bytesIn' | 'bytesOut' | 'asked' | 'answered'): number | null =>
    traffic.length === 0 ? null : traffic.reduce((sum, one) => sum + one[name], 0)
  return {
    peerId: peerIdOf(peer) ?? null,
    did: peer,
    address: connections[0]?.address ?? addresses[0] ?? null,
    addresses,
    connected: isConnected,
    direction: directionOf(known),
    score: roundPoints(worst(views)?.score.points ?? 0),
    scoreParts: scorePartsOf(worst(views)),
    latencyMs: latencies.length === 0 ? null : Math.min(...latencies),
    lastSeenAt: latestOf(isConnected ? [known.now] : seen),
    bytesIn: sumOf('bytesIn'),
    bytesOut: sumOf('bytesOut'),
    questionsAsked: sumOf('asked'),
    questionsAnswered: sumOf('answered'),
    refusals: refusalsOf(views),
    ban: banOf(known),
  }
}

/** The row with all that is behind it. */
export function describePeer(known: KnownPeer): Document {
  const { views } = known
  return {
    ...peerRow(known),
    cuts: worst(views)?.score.bans ?? 0,
    connections: views.flatMap((view) =>
      view.connections.map((connection) => ({
        ...connection,
        encryption: connection.encryption ?? null,
        latencyMs: connection.latencyMs ?? null,
      })),
    ),
    knownAddresses: views.flatMap((view) => view.addresses.map(({ address, source, at }) => ({ address, source, at }))),
  }
}

function latestOf(instants: readonly number[]): number | null {
  return instants.length === 0 ? null : Math.max(...instants)
}

function addressesOf({ views }: KnownPeer): readonly string[] {
  return [...new Set(views.flatMap((view) => view.addresses.map(({ address }) => address)))]
}

function directionOf({ views, traffic, isConnected }: KnownPeer): string | null {
  if (!isConnected) return null
  const ways = [
    ...views.flatMap((view) => view.connections.map(({ direction }) => direction)),
    ...traffic.map(({ isOpenedHere }) => (isOpenedHere ? 'outbound' : 'inbound')),
  ]
  return new Set(ways).size > 1 ? 'both' : (ways[0] ?? null)
}

/** What a peer did to one of this node's keys counts against it as such. */
function worst(views: readonly PeerView[]): PeerView | undefined {
  return views.toSorted((one, other) => one.score.points - other.score.points)[0]
}

function scorePartsOf(view: PeerView | undefined): JsonValue {
  if (view === undefined) return { conduct: [], fadedPoints: 0 }
  return { conduct: view.parts.map((part) => ({ ...part })), fadedPoints: roundPoints(view.fadedPoints) }
}

function refusalsOf(views: readonly PeerView[]): Document {
  const sums: Record<string, number> = {}
  for (const { refusals } of views)
    for (const [why, count] of Object.entries(refusals)) sums[why] = (sums[why] ?? 0) + count
  return sums
}

/** By order, which is told first, or for its conduct. */
function banOf({ ban, views }: KnownPeer): JsonValue {
  if (ban !== undefined) {
    const { since, until, reason, by } = ban
    return { kind: 'operator', since, until: until ?? null, reason, by }
  }
  const ends = views.flatMap(({ score }) => score.bannedUntil ?? [])
  const until = latestOf(ends)
  return until === null ? null : { kind: 'conduct', until }
}

function roundPoints(points: number): number {
  return Math.round(points * 100) / 100
}
