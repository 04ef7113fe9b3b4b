/**
 * Spans for OpenTelemetry: a tracer that gives what this package does to whichever provider a program has registered with
 * `@opentelemetry/api`. It registers none itself, exports nothing, and keeps the content of messages and tasks to itself:
 * spans name actors, agents and the types of events.
 *
 * ```ts
 * import { createActorSystem } from 'kernell-os/actors'
 * import { createOpenTelemetryTracer } from 'kernell-os/telemetry'
 *
 * // Each message that an actor handles is a span below that of the message which made it be sent.
 * const system = createActorSystem({ tracer: createOpenTelemetryTracer() })
 * await system.stop()
 * ```
 */
export { adoptedSpanOf, type AdoptedSpan } from './adopt-span.ts'
export { createOpenTelemetryTracer, type OpenTelemetryTracerInit } from './open-telemetry-tracer.ts'
export type { AttributeValue, FinishedSpan, Span, TraceParent, Tracer } from '../ports/tracer.ts'
