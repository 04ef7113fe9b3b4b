import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { addDuration, durationFromMs } from '../../../base/time.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { BAN_REASON_LENGTH_MAX, BAN_SPAN_MS_MAX } from '../../../core/peers/peer-bans.ts'
import type { FramedTransport } from '../../../network/framed/framed-transport.ts'
import type { Libp2pTransport } from '../../../network/libp2p/libp2p-transport.ts'
import type { PeerBans } from '../../../network/peer-bans.ts'
import type { Clock } from '../../../ports/clock.ts'
import {
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../../control/control-request.ts'
import { parsePeerName, peerIdOf } from '../../../wire/v1/peer-id.ts'
import { describePeer, type KnownPeer, peerRow } from './peer-documents.ts'

/** The transports of one key of this node. */
export type PeerWays = {
  /** Sockets of this machine. */
  readonly local: FramedTransport
  /** Connections between machines; absent where there are none. */
  readonly libp2p: Libp2pTransport | undefined
}

export type PeerDeskComponents = {
  readonly clock: Pick<Clock, 'now'>
  readonly bans: PeerBans
  /** Of the node's own key first, then of its notary. */
  readonly ways: readonly PeerWays[]
  /** Whether a key is of a member of the notary set that this node works with. */
  readonly isNotary: (peer: Did) => boolean
}

/** Rows of a list where nobody says how many. */
const ROWS_DEFAULT = 100
const ROWS_MAX = 10_000

/** What whoever runs this node asks and orders about its connections. */
export class PeerDesk {
  private readonly components: PeerDeskComponents

  constructor(components: PeerDeskComponents) {
    this.components = components
  }

  /** Answers `peers`, `peer`, `peer-ban` and `peer-unban`; `undefined` for what is about something else. Throws `PEER_NETWORK_MISSING`, and as the answer does. */
  async answer(request: ControlRequest): Promise<JsonValue | undefined> {
    const op = request['op']
    if (op !== 'peers' && op !== 'peer' && op !== 'peer-ban' && op !== 'peer-unban') return undefined
    if (this.components.ways.every(({ libp2p }) => libp2p === undefined))
      throw new CodedError('PEER_NETWORK_MISSING', { message: 'This node listens on sockets of this machine alone' })
    switch (op) {
      case 'peers':
        return this.list(request)
      case 'peer':
        return this.show(request)
      case 'peer-ban':
        return await this.ban(request)
      case 'peer-unban':
        return await this.unban(request)
    }
  }

  private list(request: ControlRequest): JsonValue {
    const limit = optionalNumber(request, 'limit') ?? ROWS_DEFAULT
    if (!Number.isInteger(limit) || limit < 1 || limit > ROWS_MAX)
      throw invalidRequest('limit', `limit must be a whole number from 1 to ${ROWS_MAX}`)
    const all = [...this.known()].map((peer) => this.know(peer))
    const wanted = all.filter(
      (peer) =>
        (request['isConnected'] !== true || peer.isConnected) && (request['isBanned'] !== true || isKeptAway(peer)),
    )
    const rows = wanted.toSorted(byInterest).slice(0, limit)
    return { peers: rows.map(peerRow), total: wanted.length }
  }

  /** Throws `PEER_ID_INVALID`, `PEER_UNKNOWN`. */
  private show(request: ControlRequest): JsonValue {
    const peer = peerOf(request)
    if (!this.known().has(peer))
      throw new CodedError('PEER_UNKNOWN', { message: `This node knows nothing of ${peer}`, details: { did: peer } })
    return describePeer(this.know(peer))
  }

  /** Throws `PEER_ID_INVALID`, `REQUEST_INVALID`, and as `PeerBans.ban`. */
  private async ban(request: ControlRequest): Promise<JsonValue> {
    const { clock, bans, ways, isNotary } = this.components
    const peer = peerOf(request)
    const spanMs = optionalNumber(request, 'spanMs')
    if (spanMs !== undefined && (spanMs < 1 || spanMs > BAN_SPAN_MS_MAX))
      throw invalidRequest('spanMs', `spanMs must be from 1 to ${BAN_SPAN_MS_MAX}`)
    const until = spanMs === undefined ? undefined : addDuration(clock.now(), durationFromMs(Math.round(spanMs)))
    const [reason, by] = [shortText(request, 'reason'), shortText(request, 'by')]
    const wasConnected = this.know(peer).isConnected
    const effect = await bans.ban({ peer, until, reason, by })
    for (const { local, libp2p } of ways) {
      local.cutOff(peer)
      libp2p?.cutOff(peer)
    }
    return { ...namesOf(peer), effect, bannedUntil: until ?? null, wasConnected, isNotary: isNotary(peer) }
  }

  /** Throws `PEER_ID_INVALID`, and as `PeerBans.unban`. */
  private async unban(request: ControlRequest): Promise<JsonValue> {
    const peer = peerOf(request)
    const effect = await this.components.bans.unban(peer)
    const pardons = this.components.ways.map(({ libp2p }) => libp2p?.pardon(peer) === true)
    return { ...namesOf(peer), effect: pardons.includes(true) ? 'applied' : effect }
  }

  private known(): ReadonlySet<Did> {
    const { ways, bans } = this.components
    const found = new Set<Did>(bans.list().map(({ peer }) => peer))
    for (const { local, libp2p } of ways)
      for (const peer of [...local.connectedPeers, ...(libp2p?.knownPeers() ?? [])]) found.add(peer)
    return found
  }

  private know(peer: Did): KnownPeer {
    const { ways, bans, clock } = this.components
    const views = ways.flatMap(({ libp2p }) => libp2p?.view(peer) ?? [])
    const traffic = ways.flatMap(({ local, libp2p }) => [libp2p?.trafficOf(peer), local.trafficOf(peer)])
    const isLocal = ways.some(({ local }) => local.connectedPeers.includes(peer))
    return {
      peer,
      views,
      traffic: traffic.filter((one) => one !== undefined),
      isLocal,
      isConnected: isLocal || views.some(({ connections }) => connections.length > 0),
      ban: bans.banOf(peer),
      now: clock.now(),
    }
  }
}

/** Connected ones first, then the latest seen, then those whose conduct counts. */
function byInterest(one: KnownPeer, other: KnownPeer): number {
  const connected = Number(other.isConnected) - Number(one.isConnected)
  return connected || seenAt(other) - seenAt(one) || (one.peer < other.peer ? -1 : 1)
}

function seenAt({ views }: KnownPeer): number {
  return Math.max(0, ...views.map(({ lastSeenAt }) => lastSeenAt ?? 0))
}

function isKeptAway({ ban, views }: KnownPeer): boolean {
  return ban !== undefined || views.some(({ score }) => score.bannedUntil !== undefined)
}

function namesOf(peer: Did): { readonly peerId: string | null; readonly did: Did } {
  return { peerId: peerIdOf(peer) ?? null, did: peer }
}

function peerOf(request: ControlRequest): Did {
  const text = requiredText(request, 'peer')
  const peer = parsePeerName(text)
  if (peer !== undefined) return peer
  throw new CodedError('PEER_ID_INVALID', { message: `${JSON.stringify(text.slice(0, 128))} is no name of a node` })
}

function shortText(request: ControlRequest, name: string): string {
  const text = optionalText(request, name) ?? ''
  if (text.length <= BAN_REASON_LENGTH_MAX) return text
  throw invalidRequest(name, `${name} has at most ${BAN_REASON_LENGTH_MAX} characters`)
}
