/**
 * Tracer: spans around the steps of a request. It is not a log and not a metric. Names and attributes follow the
 * GenAI semantic conventions of OpenTelemetry where those have a word. With tracing off every span is one shared object
 * and nothing is allocated; build attributes only when `isRecording` says so.
 *
 * ```ts
 * const traced = async (tracer: Tracer, call: () => Promise<string>): Promise<string> => {
 *   const span = tracer.startSpan('chat gpt-4.1')
 *   if (span.isRecording) span.setAttribute('gen_ai.request.model', 'gpt-4.1')
 *   try {
 *     return await call()
 *   } catch (error: unknown) {
 *     span.recordError(error)
 *     throw error
 *   } finally {
 *     span.end()
 *   }
 * }
 * ```
 */
export type AttributeValue = string | number | boolean

export interface Span {
  /** False: attributes, events and errors given to this span are dropped. */
  readonly isRecording: boolean
  /** 32 lower-case hex digits, or `undefined` when not recording. */
  readonly traceId: string | undefined
  setAttribute(name: string, value: AttributeValue): void
  /** Marks the span as failed. Only the error's code and class are kept, never its message: it may quote a task. */
  recordError(error: unknown): void
  /** Idempotent. */
  end(): void
}

export interface Tracer {
  readonly isRecording: boolean
  /** Never throws. Without `parent` the span starts a trace or joins the one of `traceparent`. */
  startSpan(name: string, parent?: Span | TraceParent): Span
}

/** The W3C `traceparent` header of an incoming request, as it was received. */
export type TraceParent = { readonly traceparent: string }

/** A span that records nothing. */
export const NO_OP_SPAN: Span = Object.freeze({
  isRecording: false,
  traceId: undefined,
  setAttribute(): void {},
  recordError(): void {},
  end(): void {},
})

/** Spans that record nothing: tracing is off. */
export const NO_OP_TRACER: Tracer = Object.freeze({
  isRecording: false,
  startSpan: (): Span => NO_OP_SPAN,
})
