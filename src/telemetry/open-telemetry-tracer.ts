import {
  ProxyTracerProvider,
  ROOT_CONTEXT,
  SpanKind as ApiSpanKind,
  SpanStatusCode,
  createTraceState,
  trace,
} from '@opentelemetry/api'
import type { Context, Span as ApiSpan } from '@opentelemetry/api'
import { ERROR_TYPE } from '../base/gen-ai-conventions.ts'
import { errorTypeOf } from '../base/error-type.ts'
import { NO_OP_SPAN } from '../ports/tracer.ts'
import { redactedValue } from './adopt-span.ts'
import type { AttributeValue, FinishedSpan, Span, SpanKind, TraceParent, Tracer } from '../ports/tracer.ts'

const SCOPE = 'kernell-os'
/** W3C Trace Context, section 3.2: version, trace id, parent id, flags. Version `ff` is not valid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/

/** Of `createOpenTelemetryTracer`. */
export type OpenTelemetryTracerInit = {
  /**
   * Takes spans that were made and have ended on worker threads, with ids of their own, which no SDK takes by its API: `(span) => processor.onEnd(adoptedSpanOf(span, resource))`
   * with a span processor of the SDK. Absent: work on worker threads has no spans.
   */
  readonly adopt?: (span: FinishedSpan) => void
}

/**
 * Spans through the OpenTelemetry API. While no SDK is registered every span is the shared one that does nothing; an SDK
 * registered later is noticed.
 */
export function createOpenTelemetryTracer({ adopt }: OpenTelemetryTracerInit = {}): Tracer {
  return adopt === undefined ? new OpenTelemetryTracer() : Object.assign(new OpenTelemetryTracer(), { adopt })
}

class OpenTelemetryTracer implements Tracer {
  get isRecording(): boolean {
    const provider = trace.getTracerProvider()
    return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(SCOPE) !== undefined
  }

  startSpan(name: string, parent?: Span | TraceParent, kind: SpanKind = 'internal'): Span {
    if (!this.isRecording || (parent !== undefined && 'isRecording' in parent && !parent.isRecording)) return NO_OP_SPAN
    const span = trace.getTracer(SCOPE).startSpan(name, { kind: KINDS[kind] }, contextOf(parent))
    return span.isRecording() ? new RecordingSpan(span) : NO_OP_SPAN
  }
}

const KINDS = { internal: ApiSpanKind.INTERNAL, server: ApiSpanKind.SERVER, client: ApiSpanKind.CLIENT } as const

class RecordingSpan implements Span {
  readonly isRecording = true
  readonly traceId: string
  readonly span: ApiSpan
  #isEnded = false

  constructor(span: ApiSpan) {
    this.span = span
    this.traceId = span.spanContext().traceId
  }

  get context(): TraceParent {
    const { traceId, spanId, traceFlags, traceState } = this.span.spanContext()
    const tracestate = traceState?.serialize()
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      ...(tracestate !== undefined && tracestate !== '' && { tracestate }),
    }
  }

  setAttribute(name: string, value: AttributeValue): void {
    this.span.setAttribute(name, redactedValue(value))
  }

  recordError(error: unknown): void {
    this.span.setAttribute(ERROR_TYPE, errorTypeOf(error))
    this.span.setStatus({ code: SpanStatusCode.ERROR })
  }

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.span.end()
  }
}

function contextOf(parent: Span | TraceParent | undefined): Context {
  if (parent instanceof RecordingSpan) return trace.setSpan(ROOT_CONTEXT, parent.span)
  if (parent === undefined || !('traceparent' in parent)) return ROOT_CONTEXT
  const [, traceId, spanId, flags] = TRACEPARENT.exec(parent.traceparent) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT
  const traceFlags = Number.parseInt(flags, 16)
  const { tracestate } = parent
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags,
    isRemote: true,
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  })
}
