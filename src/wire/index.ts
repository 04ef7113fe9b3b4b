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
  EXECUTION_TIERS,
  formatTelemetryEvent,
  parseTelemetryEvent,
  RAM_BUCKETS,
  TASK_DOMAINS,
  TASK_RISKS,
  TASK_ROUTES,
  telemetryEventOf,
  type RamBucket,
  type TelemetryContext,
  type TelemetryEvent,
  type TelemetryEventReading,
  type TelemetryOverheadCall,
} from './telemetry-event.ts'
