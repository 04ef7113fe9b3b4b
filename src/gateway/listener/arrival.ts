import type { IncomingMessage, ServerResponse } from 'node:http'
import { CodedError } from '../../base/errors.ts'
import type { RateHold } from '../../node/access/rate-meter.ts'
import type { EndpointEntry } from '../endpoint.ts'
import type { Exchange } from '../exchange.ts'

/** A request before it is admitted. */
export type Arrival = Omit<Exchange, 'signal' | 'who' | 'params' | 'commonHeaders' | 'span'> & {
  readonly commonHeaders: string[]
  readonly arrivedMs: number
}

/** What was found out of a request before it is served. */
export type Admitted = Pick<Exchange, 'who' | 'params'> & {
  readonly entry: EndpointEntry
  readonly rates: RateHold | undefined
}

export type AdmittedArrival = Arrival & Pick<Exchange, 'span' | 'who'>

export function arrivalOf(request: IncomingMessage, response: ServerResponse, requestId: string): Arrival {
  return {
    request,
    response,
    requestId,
    path: pathOf(request.url),
    commonHeaders: ['x-request-id', requestId],
    arrivedMs: performance.now(),
  }
}

function pathOf(url: string | undefined): string {
  const text = url ?? '/'
  const end = text.indexOf('?')
  return end === -1 ? text : text.slice(0, end)
}

/** Two names of which two readers take different ones are how a request is smuggled past a check. Throws `REQUEST_INVALID`. */
export function requireOneHost({ rawHeaders, httpVersion }: IncomingMessage): void {
  let hostCount = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === 4 && name.toLowerCase() === 'host') hostCount += 1
  }
  if (hostCount === 1 || (hostCount === 0 && httpVersion === '1.0')) return
  const message = hostCount === 0 ? 'The header Host is missing' : 'The header Host may be sent once'
  throw new CodedError('REQUEST_INVALID', { message, details: { param: 'host' } })
}
