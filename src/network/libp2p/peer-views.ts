import type { Connection } from '@libp2p/interface'
import type { Timestamp } from '../../base/time.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { KnownAddress } from '../../core/peers/address-book.ts'
import type { ScoreExplanation } from '../../core/peers/conduct-tally.ts'
import type { PeerScore } from '../../core/peers/peer-score.ts'
import type { PeerRefusals } from './connection-gate.ts'
import { withoutPeer } from './libp2p-addresses.ts'

/** One connection with a peer. */
export type ConnectionView = {
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  /** Protocol that encrypts it; absent for one that is not told. */
  readonly encryption: string | undefined
  readonly openedAt: number
  readonly streams: number
  /** Over a relay, which limits its time and its bytes. */
  readonly isRelayed: boolean
  /** How long the last ping took; `undefined` before the first. */
  readonly latencyMs: number | undefined
}

/** What this transport knows of a peer. */
export type PeerView = ScoreExplanation & {
  readonly peer: Did
  /** Best known first. */
  readonly addresses: readonly KnownAddress[]
  readonly connections: readonly ConnectionView[]
  readonly score: PeerScore
  /** When it was connected last, as far as this is known: now for one that is. */
  readonly lastSeenAt: Timestamp | undefined
  readonly refusals: PeerRefusals
}

export function viewConnection(connection: Connection): ConnectionView {
  const { remoteAddr, direction, encryption, timeline, streams, limits, rtt } = connection
  return {
    address: withoutPeer(remoteAddr).toString(),
    direction,
    encryption,
    openedAt: timeline.open,
    streams: streams.length,
    isRelayed: limits !== undefined,
    latencyMs: rtt,
  }
}

/** The latest instant at which a peer was reached. */
export function provedAt(addresses: readonly KnownAddress[]): Timestamp | undefined {
  const instants = addresses.filter(({ source }) => source === 'proved').map(({ at }) => at)
  return instants.toSorted((one, other) => other - one)[0]
}
