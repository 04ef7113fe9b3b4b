import type { IncomingMessage } from 'node:http'
import { CodedError } from '../../base/errors.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Span } from '../../ports/tracer.ts'
import type { AuthenticatedCaller } from './authenticate.ts'
import { traceOf } from './trace-headers.ts'

export type LoggedRequest = {
  readonly request: IncomingMessage
  readonly requestId: string
  readonly span?: Span | undefined
  /** Absent: it was refused before anybody knew. */
  readonly who?: AuthenticatedCaller | undefined
}

/** A line about a failure that is the program's own, or that its reader could not be told of any more. */
export function logFailure(logger: Logger, logged: LoggedRequest, error: unknown): void {
  const log = logger.child(idsOf(logged))
  if (CodedError.is(error)) log.warn('answer broke off', { error })
  else log.error('request failed', { error })
}

export type ServedRequest = { readonly route: string; readonly statusCode: number; readonly durationMs: number }

/** A line about a request that was answered or dropped. Of its path the pattern alone is told, and of its headers nothing. */
export function logAccess(logger: Logger, logged: LoggedRequest, served: ServedRequest): void {
  const { request, who } = logged
  logger.child(idsOf(logged)).info('request', {
    method: request.method,
    route: served.route,
    status: served.statusCode,
    duration_ms: Math.round(served.durationMs * 1_000) / 1_000,
    ...(who !== undefined && { tenant: who.caller.tenant }),
    ...(who?.caller.keyId !== undefined && { key_id: who.caller.keyId }),
  })
}

/** What finds a request again in answers, traces and records. */
function idsOf({ requestId, span, request }: LoggedRequest): Readonly<Record<string, string>> {
  const traceId = span?.traceId ?? traceOf(request.headers)?.traceparent.slice(3, 35)
  return { request_id: requestId, ...(traceId !== undefined && { trace_id: traceId }) }
}
