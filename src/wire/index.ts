/**
 * Records as they are written down and sent: snake_case members, dollars as numbers rounded to 1e-9. Parsers refuse what is out of range and say which
 * field; formatters and parsers are inverses. It computes nothing: money becomes an exact amount again before anybody adds it.
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
