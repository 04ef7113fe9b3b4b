import { createTraceState, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { Attributes, HrTime, Link, SpanContext, SpanStatus, TimeInput } from '@opentelemetry/api'
import { ERROR_TYPE } from '../base/gen-ai-conventions.ts'
import { redactText } from '../core/redaction/redact-text.ts'
import type { AttributeValue, FinishedSpan, TraceParent } from '../ports/tracer.ts'

const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT } as const
const SCOPE = { name: 'kernell-os' }

/** `ReadableSpan` of an SDK: its packages are optional, and so are its types. */
export type AdoptedSpan<Resource> = {
  readonly name: string
  readonly kind: SpanKind
  readonly spanContext: () => SpanContext
  readonly parentSpanContext: SpanContext
  readonly startTime: HrTime
  readonly endTime: HrTime
  readonly duration: HrTime
  readonly status: SpanStatus
  readonly attributes: Attributes
  readonly links: Link[]
  readonly events: { readonly name: string; readonly time: HrTime & TimeInput }[]
  readonly ended: boolean
  readonly resource: Resource
  readonly instrumentationScope: { readonly name: string }
  readonly droppedAttributesCount: number
  readonly droppedEventsCount: number
  readonly droppedLinksCount: number
}

/** A span of another thread as a span processor of an SDK takes it: with the ids that it has there. `undefined` where those are none. */
export function adoptedSpanOf<Resource>(span: FinishedSpan, resource: Resource): AdoptedSpan<Resource> | undefined {
  const { name, kind, startedAtMs, endedAtMs, attributes, errorType } = span
  const [context, parent] = [contextOf(span.context, false), contextOf(span.parent, true)]
  if (context === undefined || parent === undefined) return undefined
  const kept = Object.entries(attributes).map(([key, value]) => [key, redactedValue(value)])
  return {
    name,
    kind: KINDS[kind],
    spanContext: () => context,
    parentSpanContext: parent,
    startTime: timeOf(startedAtMs),
    endTime: timeOf(endedAtMs),
    duration: timeOf(Math.max(0, endedAtMs - startedAtMs)),
    status: { code: errorType === undefined ? SpanStatusCode.UNSET : SpanStatusCode.ERROR },
    attributes: { ...Object.fromEntries(kept), ...(errorType !== undefined && { [ERROR_TYPE]: errorType }) },
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

/** Seconds and nanoseconds. */
function timeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000)
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)]
}

function contextOf({ traceparent, tracestate }: TraceParent, isRemote: boolean): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote,
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  }
}

/** Names of actors are of their callers, as those of other spans. */
export function redactedValue(value: AttributeValue): string | number | boolean | string[] {
  if (typeof value === 'string') return redactText(value)
  return typeof value === 'object' ? value.map((text) => redactText(text)) : value
}
