/**
 * Signed messages between machines: bytes to envelopes, and envelopes to what machines take. And records as they are written down and sent: snake_case
 * members, dollars as numbers rounded to 1e-9. Parsers refuse what is out of range and say which field; formatters and parsers are inverses. It computes
 * nothing: money becomes an exact amount again before anybody adds it.
 *
 * ```ts
 * import { parseTelemetryEvent } from 'kernell-os/wire'
 *
 * console.log(parseTelemetryEvent({}))
 * ```
 */
export {
  FEEDBACK_KINDS,
  FEEDBACK_SOURCES,
  formatFeedbackEvent,
  parseFeedbackEvent,
  type FeedbackEvent,
  type FeedbackEventReading,
} from './feedback-event.ts'
export { intentPlanSchema } from './intent-plan.ts'
export { formatShadowEvent, parseShadowEvent, type ShadowEvent, type ShadowEventReading } from './shadow-event.ts'
export { parseTelemetryEvent, type TelemetryEventReading } from './read-telemetry-event.ts'
export {
  formatTelemetryEvent,
  telemetryEventOf,
  type TelemetryContext,
  type TelemetryEvent,
} from './telemetry-event.ts'
export {
  TELEMETRY_CANDIDATES_MAX,
  type TelemetryAttempt,
  type TelemetryCandidate,
  type TelemetryOverheadCall,
} from './telemetry-parts.ts'
export {
  EXECUTION_TIERS,
  RAM_BUCKETS,
  TASK_DOMAINS,
  TASK_RISKS,
  TASK_ROUTES,
  type RamBucket,
} from './telemetry-vocabulary.ts'

// Signed messages between machines: protocol/spec/envelope.md.
export { authenticate, type Authenticated, type AuthenticateInit, type VerifyBytes } from './v1/authenticate.ts'
export { canonicalBytes, canonicalText, readCanonical, type CanonicalReading } from './v1/canonical.ts'
export { didOfPublicKey, publicKeyOfDid } from './v1/did-key.ts'
export { readDisputeMessage, type DisputeReading, type DisputeReadingInit } from './v1/dispute-events.ts'
export {
  decodeEnvelope,
  encodeEnvelope,
  prepareEnvelope,
  type Decoded,
  type Envelope,
  type EnvelopeInit,
  type PreparedEnvelope,
} from './v1/envelope.ts'
export { checkEquivocation, type EquivocationProof, type ProvenEquivocation } from './v1/equivocation.ts'
export { readEscrowMessage, type EscrowReading, type EscrowReadingInit } from './v1/escrow-events.ts'
export { contractIdOf } from './v1/escrow-terms.ts'
export { readGovernanceMessage, type GovernanceMessageEvent } from './v1/governance-events.ts'
export { readLedgerMessage } from './v1/ledger-events.ts'
export { isMessageType, MESSAGES, type MessageBody, type MessageType } from './v1/message-types.ts'
export { readReputationReceipts, type ReputationReading, type ReputationReadingInit } from './v1/reputation-events.ts'
