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

/** What an attribute of a span may be. */
export type AttributeValue = string | number | boolean | readonly string[]

/** On which side of a call between processes a span is; `internal` is on neither. */
export type SpanKind = 'internal' | 'server' | 'client'

/** One step of a trace, from its start to its `end`. */
export interface Span {
  /** False: attributes, events and errors given to this span are dropped. */
  readonly isRecording: boolean
  /** 32 lower-case hex digits, or `undefined` when not recording. */
  readonly traceId: string | undefined
  /** The span as the parent of spans elsewhere: in another process, or on another thread. `undefined` when not recording. */
  readonly context: TraceParent | undefined
  setAttribute(name: string, value: AttributeValue): void
  /** Marks the span as failed. Only the error's code or class is kept, never its message: it may quote a task. A code alone does as well. */
  recordError(error: unknown): void
  /** Idempotent. */
  end(): void
}

/** Starts spans. It is given to whatever does work; where traces are off it is `NO_OP_TRACER`. */
export interface Tracer {
  readonly isRecording: boolean
  /**
   * Never throws. Without `parent` the span starts a trace or joins the one of `traceparent`. Below a span that does not record
   * nothing does: a trace that was not sampled has no parts. Default kind `internal`.
   */
  startSpan(name: string, parent?: Span | TraceParent, kind?: SpanKind): Span
  /** Takes a span that was made and has ended on another thread, as it is. Never throws. Absent: such spans cannot be taken, and are not made. */
  adopt?(span: FinishedSpan): void
}

/** A span that has ended, where nobody exports it. */
export type FinishedSpan = {
  readonly name: string
  readonly kind: SpanKind
  /** The span itself, and the one that it is a part of. */
  readonly context: TraceParent
  readonly parent: TraceParent
  /** Milliseconds since 1970, with fractions. */
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly attributes: Readonly<Record<string, AttributeValue>>
  /** Code or class of the error that it failed with; absent: it did not. */
  readonly errorType?: string
}

/** The headers of W3C Trace Context, as they are received and sent. */
export type TraceParent = { readonly traceparent: string; readonly tracestate?: string }

/** A span that records nothing. */
export const NO_OP_SPAN: Span = Object.freeze({
  isRecording: false,
  traceId: undefined,
  context: undefined,
  setAttribute(): void {},
  recordError(): void {},
  end(): void {},
})

/** Spans that record nothing: tracing is off. */
export const NO_OP_TRACER: Tracer = Object.freeze({
  isRecording: false,
  startSpan: (): Span => NO_OP_SPAN,
})
