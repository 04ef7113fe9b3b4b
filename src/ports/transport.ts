/**
 * Transport: questions and answers between nodes that know each other by key. A request reaches the node that holds the key of its DID or fails; who
 * asked is known to whoever answers. It is not a message queue: nothing is kept for a node that is away, and after a failure the asker does not know
 * whether the question arrived, so every question must be one that may be asked twice. What must be shown to others later is a signed envelope inside
 * the body, never the transport's word.
 *
 * ```ts
 * import type { Transport } from 'kernell-os/ports'
 *
 * const echo = (transport: Transport): (() => void) => transport.handle('/kernell/echo/1.0.0', async ({ body }) => body)
 * ```
 */
import type { Did } from '../core/evidence/names.ts'
import type { AbortOptions } from './abort-options.ts'
import type { Startable } from './startable.ts'

/** Largest body of a question or an answer, bytes. Larger things travel in pieces, each named by its hash. */
export const BODY_BYTES_MAX = 1_048_576

/** A question as its `RequestHandler` gets it. That it comes from `from` is certain; what the body holds is for the handler to check. */
export type PeerRequest = {
  /** The key that the asker has proved to hold. */
  readonly from: Did
  readonly body: Uint8Array
}

/**
 * Answers questions of one protocol, several at a time. A `CodedError` reaches the asker as what it is, anything else as `INTERNAL_ERROR` without its
 * message. The signal is aborted when the asker has gone or asks no longer.
 */
export type RequestHandler = (request: PeerRequest, options: { readonly signal: AbortSignal }) => Promise<Uint8Array>

/** What another node is asked. After a failure nobody knows whether it arrived, so it has to be one that may be asked twice. */
export type PeerQuestion = {
  /** `/kernell/<name>/1.0.0`: 1 to 64 printable ASCII characters. */
  readonly protocol: string
  /** At most `BODY_BYTES_MAX` bytes; not changed by anybody until the answer is there. */
  readonly body: Uint8Array
  /** Longest wait for the answer, milliseconds, connecting included. */
  readonly timeoutMs: number
}

/**
 * Questions and answers between nodes that know each other by key: a request reaches the node that holds the key of its DID, or fails. Nothing is kept for
 * a node that is away.
 */
export interface Transport extends Startable {
  /** The DID of this node. */
  readonly did: Did
  /** Where this node is reached, as multiaddrs; empty before `start` and for a node that only asks. */
  readonly addresses: readonly string[]
  /** Nodes with which there is a connection now. */
  readonly connectedPeers: readonly Did[]
  /** Says where a node is reached; a later address replaces an earlier one. Throws `NETWORK_ADDRESS_INVALID`. */
  addPeer(peer: Did, address: string): void
  /** Answers `protocol` from now on. Throws `RangeError` where it has a handler already. @returns Ends it. */
  handle(protocol: string, handler: RequestHandler): () => void
  /**
   * @throws `NETWORK_PEER_UNKNOWN` without an address or connection, `NETWORK_UNREACHABLE` (also when the connection breaks while waiting),
   *   `NETWORK_PEER_WRONG` when somebody else answers there, `NETWORK_TIMEOUT`, `NETWORK_PROTOCOL_UNKNOWN`, `NETWORK_BODY_TOO_LARGE`,
   *   `NETWORK_OVERLOADED` when as many questions wait as may, `NETWORK_CLOSED` after `stop`, the signal's reason, and what the handler threw.
   */
  request(to: Did, question: PeerQuestion, options?: AbortOptions): Promise<Uint8Array>
}
