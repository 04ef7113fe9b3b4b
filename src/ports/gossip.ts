/**
 * Gossip: announcements that reach everybody who listens to a topic, passed on from neighbour to neighbour. Nobody is told who has heard one, some may
 * hear it late or not at all, and it comes from whoever passed it on: what must be known of its author is a signature inside the payload. Whoever
 * subscribes judges each payload before it goes further, so that a node never passes on what it would not say itself. It is not for questions, not for
 * what only one node should read, and not for much: each payload is sent once to each of a few neighbours of every node.
 *
 * ```ts
 * import type { Gossip } from 'kernell-os/ports'
 *
 * const listen = (gossip: Gossip, hear: (data: Uint8Array) => void): (() => void) =>
 *   gossip.subscribe('/kernell/offers/1.0.0', {
 *     judge: ({ data }) => (data.byteLength > 0 ? 'accept' : 'reject'),
 *     receive: ({ data }) => hear(data),
 *   })
 * ```
 */
import type { Did, Hash } from '../core/evidence/names.ts'

/** Largest payload, bytes. */
export const GOSSIP_BYTES_MAX = 65_536

/** An announcement as a neighbour passed it on; who wrote it, the payload alone can show. */
export type GossipMessage = {
  /** SHA-256 of the payload: two with the same bytes are one message. */
  readonly id: Hash
  /** The neighbour that passed it on, who need not be its author. */
  readonly from: Did
  readonly data: Uint8Array
}

/**
 * `accept`: right, and passed on. `ignore`: of no use now (too old, known already in another form), and nobody's fault. `reject`: wrong in a way that whoever
 * passed it on could have seen, which counts against that neighbour.
 */
export type GossipVerdict = 'accept' | 'ignore' | 'reject'

/** The one listener of this node to a topic: it judges each message before others get it, and receives those that it accepted. */
export type GossipSubscriber = {
  /** Within a tenth of a second: others wait for it. One that throws has ignored the message. */
  readonly judge: (message: GossipMessage) => GossipVerdict | Promise<GossipVerdict>
  /** Told of each accepted message once. It does not throw. */
  readonly receive: (message: GossipMessage) => void
}

/**
 * Announcements that go from neighbour to neighbour to everybody who listens to a topic; some hear one late or not at all. Who wrote one is known only by
 * a signature inside the payload.
 */
export interface Gossip {
  /** Topics that this node may subscribe, named when it was made: nobody else chooses what it listens to. */
  readonly topics: readonly string[]
  /** Neighbours that listen to a topic. */
  peersOf(topic: string): readonly Did[]
  /** Throws `RangeError` for a topic that was not named, or that has a subscriber already. @returns Ends it. */
  subscribe(topic: string, subscriber: GossipSubscriber): () => void
  /**
   * Hands a payload to the neighbours that listen; it need not be anybody, and one's own subscriber is not told. The same payload again is nothing.
   * Rejects with `NETWORK_BODY_TOO_LARGE`, `NETWORK_CLOSED` while it does not run, and `RangeError` for a topic that was not named.
   */
  publish(topic: string, data: Uint8Array): Promise<void>
}
