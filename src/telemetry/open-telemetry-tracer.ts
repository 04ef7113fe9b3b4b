import { ProxyTracerProvider, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Context, Span as ApiSpan } from '@opentelemetry/api'
import { CodedError } from '../base/errors.ts'
import { redactText } from '../core/redaction/redact-text.ts'
import { NO_OP_SPAN } from '../ports/tracer.ts'
import type { AttributeValue, Span, TraceParent, Tracer } from '../ports/tracer.ts'

const SCOPE = 'kernell-os'
/** W3C Trace Context, section 3.2: version, trace id, parent id, flags. Version `ff` is not valid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/

/**
 * Spans through the OpenTelemetry API. While no SDK is registered every span is the shared one that does nothing; an SDK
 * registered later is noticed.
 */
export function createOpenTelemetryTracer(): Tracer {
  return new OpenTelemetryTracer()
}

class OpenTelemetryTracer implements Tracer {
  get isRecording(): boolean {
    const provider = trace.getTracerProvider()
    return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(SCOPE) !== undefined
  }

  startSpan(name: string, parent?: Span | TraceParent): Span {
    if (!this.isRecording) return NO_OP_SPAN
    const span = trace.getTracer(SCOPE).startSpan(name, {}, contextOf(parent))
    return span.isRecording() ? new RecordingSpan(span) : NO_OP_SPAN
  }
}

class RecordingSpan implements Span {
  readonly isRecording = true
  readonly traceId: string
  readonly span: ApiSpan
  #isEnded = false

  constructor(span: ApiSpan) {
    this.span = span
    this.traceId = span.spanContext().traceId
  }

  setAttribute(name: string, value: AttributeValue): void {
    this.span.setAttribute(name, typeof value === 'string' ? redactText(value) : value)
  }

  recordError(error: unknown): void {
    this.span.setAttribute('error.type', errorTypeOf(error))
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
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}

/** A code or a class, both of a small set; a message could quote a task. */
function errorTypeOf(error: unknown): string {
  if (CodedError.is(error)) return error.code
  return error instanceof Error ? error.name : 'unknown'
}
