import { randomBytes } from 'node:crypto'
import {
  type AttributeValue,
  type FinishedSpan,
  NO_OP_SPAN,
  type Span,
  type SpanKind,
  type TraceParent,
  type Tracer,
} from '../../ports/tracer.ts'
import { errorTypeOf } from '../../base/error-type.ts'

/** W3C Trace Context, section 3.2: trace id, parent id, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/**
 * Spans of a worker thread. It has no exporter: a span that has ended goes to the first thread, which has one. Only what belongs to a trace of
 * another thread is recorded, since only there is decided which traces are.
 */
export class ThreadTracer implements Tracer {
  readonly isRecording = true
  private readonly onEnded: (span: FinishedSpan) => void

  /** @param onEnded  Told of each span that has ended; must not throw. */
  constructor(onEnded: (span: FinishedSpan) => void) {
    this.onEnded = onEnded
  }

  startSpan(name: string, parent?: Span | TraceParent, kind: SpanKind = 'internal'): Span {
    const above = parent !== undefined && 'isRecording' in parent ? parent.context : parent
    const [, traceId, , flags] = TRACEPARENT.exec(above?.traceparent ?? '') ?? []
    if (above === undefined || traceId === undefined) return NO_OP_SPAN
    return new ThreadSpan({ name, kind, parent: above, traceId, flags: flags ?? '01' }, this.onEnded)
  }
}

type ThreadSpanInit = Pick<FinishedSpan, 'name' | 'kind' | 'parent'> & {
  readonly traceId: string
  readonly flags: string
}

class ThreadSpan implements Span {
  readonly isRecording = true
  readonly traceId: string
  readonly context: TraceParent
  private readonly init: ThreadSpanInit
  private readonly startedAtMs = nowMs()
  private readonly attributes: Record<string, AttributeValue> = {}
  private readonly onEnded: (span: FinishedSpan) => void
  private errorType: string | undefined
  private isEnded = false

  constructor(init: ThreadSpanInit, onEnded: (span: FinishedSpan) => void) {
    const { traceId, flags, parent } = init
    this.init = init
    this.traceId = traceId
    this.onEnded = onEnded
    this.context = {
      traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-${flags}`,
      ...(parent.tracestate !== undefined && { tracestate: parent.tracestate }),
    }
  }

  setAttribute(name: string, value: AttributeValue): void {
    this.attributes[name] = value
  }

  recordError(error: unknown): void {
    this.errorType = errorTypeOf(error)
  }

  end(): void {
    if (this.isEnded) return
    this.isEnded = true
    const { name, kind, parent } = this.init
    const { context, startedAtMs, attributes, errorType } = this
    this.onEnded({
      name,
      kind,
      parent,
      context,
      startedAtMs,
      endedAtMs: nowMs(),
      attributes,
      ...(errorType !== undefined && { errorType }),
    })
  }
}

/** Of the wall clock, as fine as the platform has it. */
function nowMs(): number {
  return performance.timeOrigin + performance.now()
}
