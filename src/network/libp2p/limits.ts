/**
 * Every number of the libp2p transport. What is counted in frames is in `framed/`; what a peer's conduct is worth is in `core/peers/peer-score.ts`.
 *
 * Memory that others can take of this node is at most: `HELD_BYTES_MAX` of frames (`framed-transport.ts`), and for each of `CONNECTIONS_MAX` connections
 * `STREAMS_IN_MAX` streams with `STREAM_BUFFER_BYTES` unread, which protocols that read at once never come near.
 */

/** Connections at a time, in and out together; each costs about 130 KB. */
export const CONNECTIONS_MAX = 512
/** Of these, connections that others opened; the rest is kept for those that this node opens itself. */
export const CONNECTIONS_IN_MAX = 384
/** Connections of one peer: one each way after a simultaneous dial, one over a relay, and one that is about to be replaced. */
export const CONNECTIONS_PER_PEER_MAX = 4
/** Connections from one /24 of IPv4 or /64 of IPv6, however many keys they bring. */
export const CONNECTIONS_PER_BLOCK_MAX = 32
/** The same from this machine, on which all nodes of a trial share a block. */
export const CONNECTIONS_OF_LOOPBACK_MAX = 256
/** Connections from one block that have not proved a key yet: who opens and says nothing takes these places from neighbours only. */
export const PENDING_PER_BLOCK_MAX = 8
/** The same from this machine. */
export const PENDING_OF_LOOPBACK_MAX = 64
/** New connections of one block in a second, on average. */
export const ARRIVALS_PER_BLOCK = { perSecond: 5, burst: 20 } as const
/** The same from this machine. */
export const ARRIVALS_OF_LOOPBACK = { perSecond: 200, burst: 400 } as const
/** Blocks whose arrivals are remembered; the least recent are forgotten, and come back with a full bucket. */
export const BLOCKS_REMEMBERED_MAX = 4_096

/** Longest time for a whole dial, name resolution and encryption included. */
export const DIAL_MS = 10_000
/** Longest time for one address of a node that has several. */
export const DIAL_ADDRESS_MS = 6_000
/** Neighbours on the local network with which this node connects by itself, or tries to; the others are known, and connected with when they are asked something. Dials of its own have room beside them. */
export const NEIGHBOURS_MET_MAX = 16
/** Dials at a time. */
export const DIALS_MAX = 32
/** Dials that wait for their turn. */
export const DIALS_WAITING_MAX = 128
/** Addresses that are tried for one node. */
export const DIAL_ADDRESSES_MAX = 8
/** Longest time for somebody who connected to prove a key and choose a multiplexer. */
export const UPGRADE_MS = 8_000
/** Bytes over a connection before its encryption is chosen, and again before its multiplexer is: some names. Each costs about 6 microseconds where they make none. */
export const NEGOTIATION_BYTES_MAX = 4_096
/** Bytes over a stream before its protocol is chosen, behind whose name others send on at once; and over a connection of a private network, greetings included. */
export const EARLY_BYTES_MAX = 16_384
/** Longest time for both sides to agree on the protocol of a stream. */
export const NEGOTIATION_MS = 8_000
/** Longest time that closing waits for the other side. */
export const CLOSE_MS = 1_000

/** Streams that the other side may have open on one connection, all protocols together. */
export const STREAMS_IN_MAX = 64
/** Streams that this node opens on one connection. */
export const STREAMS_OUT_MAX = 64
/** Streams before the connection is ready for them. */
export const STREAMS_EARLY_MAX = 10
/** Streams of frames on one connection: the one in use, and one that takes its place. */
export const FRAME_STREAMS_MAX = 2
/** Bytes of a stream that nobody has read; beyond it the stream is reset. The window of yamux is kept below it. */
export const STREAM_BUFFER_BYTES = 2_097_152
/** Bytes of a stream that the other side may send unasked; yamux never grows it beyond. */
export const STREAM_WINDOW_BYTES = 1_048_576
/** Bytes that libp2p keeps for a stream whose window is used up; frames wait outside of it, so that it is never reached. */
export const STREAM_WRITE_BUFFER_BYTES = 4_194_304
/** A stream without traffic stays for so long: frames share one stream for days. */
export const STREAM_IDLE_MS = 86_400_000

/** Questions of one peer in a second, on average; beyond it nothing more is read from it for a while. */
export const QUESTIONS_PER_PEER = { perSecond: 5_000, burst: 10_000 } as const

/** How often a connection is asked whether it lives; one that does not answer is closed. */
export const PING_MS = 10_000
/** Peers whose conduct is remembered, whose refusals are counted, and of which it is known when they were here last; those that did least, good or bad, are forgotten first. */
export const SCORES_MAX = 4_096
/** Peers of which libp2p itself remembers protocols and keys; the least recently changed are forgotten first. */
export const LIBP2P_RECORDS_MAX = 2_048
/** Largest description of itself that a peer may send when it is identified. */
export const IDENTIFY_BYTES_MAX = 8_192

/** Reservations that a relay gives at a time. */
export const RELAY_RESERVATIONS_MAX = 32
/** Life of a relayed connection, ms: long enough for both ends to find a direct way. */
export const RELAY_CONNECTION_MS = 120_000
/** Bytes of a relayed connection, each way. */
export const RELAY_CONNECTION_BYTES = 1_048_576
/** Streams that the other side may open on one connection in a second, on average: pings, identification, questions of the table of peers. */
export const STREAM_ARRIVALS = { perSecond: 20, burst: 200 } as const

/** Streams of gossip in each direction on one connection. */
export const GOSSIP_STREAMS_MAX = 2
/** One message between neighbours, payloads and control together. */
export const GOSSIP_RPC_BYTES_MAX = 524_288
/** Bytes that wait for one neighbour to read. */
export const GOSSIP_QUEUE_BYTES_MAX = 4_194_304
/** Memory for the topics of one neighbour: about 1,000 bytes are counted for each. */
export const GOSSIP_TOPIC_BYTES_MAX = 65_536
/** Payloads in one message between neighbours. */
export const GOSSIP_MESSAGES_MAX = 64
/** Names of messages, and entries of each kind of control, in one message between neighbours. */
export const GOSSIP_CONTROL_MAX = 512

/** Nodes that the table of peers keeps for each distance. */
export const KAD_BUCKET = 20
/** Nodes that are asked at a time when one is looked for. */
export const KAD_QUESTIONS = 3
/** Streams of the table of peers in each direction on one connection. */
export const KAD_STREAMS_MAX = 16
