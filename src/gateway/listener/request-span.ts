import type { IncomingMessage } from 'node:http'
import { ERROR_TYPE } from '../../base/gen-ai-conventions.ts'
import type { Span, Tracer } from '../../ports/tracer.ts'
import type { EndpointEntry } from '../endpoint.ts'
import { traceOf } from './trace-headers.ts'

/**
 * Begins the span of a request, where it is traced, below that of its caller where `traceparent` names one. Names are those of OpenTelemetry's conventions
 * for HTTP servers, which are stable; of the path the pattern alone is kept.
 */
export function startRequestSpan(
  tracer: Tracer | undefined,
  { request, requestId }: { readonly request: IncomingMessage; readonly requestId: string },
  { method, route }: EndpointEntry,
): Span | undefined {
  if (tracer?.isRecording !== true) return undefined
  const span = tracer.startSpan(`${method} ${route}`, traceOf(request.headers), 'server')
  if (!span.isRecording) return undefined
  span.setAttribute('http.request.method', method)
  span.setAttribute('http.route', route)
  span.setAttribute('url.scheme', 'http')
  span.setAttribute('kernell.request.id', requestId)
  return span
}

/** Ends it with the status that was sent. Only a failure of the server is one of the span. */
export function endRequestSpan(span: Span, statusCode: number): void {
  span.setAttribute('http.response.status_code', statusCode)
  if (statusCode >= 500) {
    span.recordError('SERVER_FAILED')
    span.setAttribute(ERROR_TYPE, String(statusCode))
  }
  span.end()
}
