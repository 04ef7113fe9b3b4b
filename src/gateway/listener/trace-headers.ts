import type { IncomingHttpHeaders } from 'node:http'
import type { TraceParent } from '../../ports/tracer.ts'

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** What W3C Trace Context lets a system cut; more than this goes no further. */
const TRACESTATE_LENGTH_MAX = 512

/** The trace that a request is part of; `undefined` where its headers name none. */
export function traceOf(headers: IncomingHttpHeaders): TraceParent | undefined {
  const { traceparent, tracestate } = headers
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined
  // A list that is sent in several headers is one list.
  const state = Array.isArray(tracestate) ? tracestate.join(',') : tracestate
  const isKept = state !== undefined && state.length <= TRACESTATE_LENGTH_MAX && /^[\x20-\x7e\t]+$/.test(state)
  return { traceparent, ...(isKept && { tracestate: state }) }
}
