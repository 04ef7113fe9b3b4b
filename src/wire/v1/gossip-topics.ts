/**
 * What is announced to everybody, and how large one announcement may be. The payload of a topic is the canonical bytes of one signed document, so that whoever passes
 * it on can judge it without asking anybody.
 *
 * @see protocol/spec/gossip.md
 */

/** `agent-card` envelopes of nodes. */
export const CARD_TOPIC = '/kernell/cards/1.0.0'
/** Signed checkpoints of notaries' journals. */
export const CHECKPOINT_TOPIC = '/kernell/checkpoints/1.0.0'
/** Proofs that a notary has signed what cannot both be true. */
export const PROOF_TOPIC = '/kernell/proofs/1.0.0'

/** `auction-announcement` envelopes: calls for proposals to everybody. */
export const CALL_TOPIC = '/kernell/calls/1.0.0'

/** Everything that a node of the market listens to. */
export const MARKET_TOPICS: readonly string[] = [CARD_TOPIC, CHECKPOINT_TOPIC, PROOF_TOPIC, CALL_TOPIC]
/** What notaries tell each other: no more, since they have no use for the rest. */
export const NOTARY_TOPICS: readonly string[] = [CHECKPOINT_TOPIC, PROOF_TOPIC]

/** Bytes of one payload at most. */
export const TOPIC_BYTES_MAX: Readonly<Record<string, number>> = {
  [CARD_TOPIC]: 16_384,
  [CHECKPOINT_TOPIC]: 2_048,
  [PROOF_TOPIC]: 16_384,
  [CALL_TOPIC]: 12_288,
}
