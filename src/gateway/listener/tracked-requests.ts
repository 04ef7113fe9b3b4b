import { CodedError } from '../../base/errors.ts'
import type { RateHold } from '../../node/access/rate-meter.ts'
import type { EndpointEntry } from '../endpoint.ts'
import type { GatewayLimits } from '../exchange.ts'
import type { GatewayInit } from '../gateway.ts'
import type { AdmittedArrival, Arrival } from './arrival.ts'
import { InFlight } from './in-flight.ts'
import { logAccess } from './request-log.ts'
import { endRequestSpan } from './request-span.ts'

type TrackedRequestsInit = Pick<GatewayInit, 'node' | 'logger'> & {
  readonly limits: Pick<GatewayLimits, 'requestTimeoutMs' | 'concurrentRequestsMax'>
}

/** Recorded for callers that left before their answer was complete. No response ever carries it. */
const CLIENT_CLOSED_REQUEST = 499

/** Requests from when they are served until their answers are closed: what ends them early, and what is told of them. */
export class TrackedRequests {
  readonly #init: TrackedRequestsInit
  readonly #inFlight = new InFlight()
  /** Of requests that have no end of their own. */
  readonly #openEnded = new Set<AbortController>()

  constructor(init: TrackedRequestsInit) {
    this.#init = init
  }

  /** Throws `GATEWAY_OVERLOADED`. */
  refuseOverload(): void {
    if (this.#inFlight.work < this.#init.limits.concurrentRequestsMax) return
    throw new CodedError('GATEWAY_OVERLOADED', { message: `${this.#inFlight.work} requests are being served` })
  }

  /** Counts further work of a request that is tracked already, until its end; all of it or none. Throws `GATEWAY_OVERLOADED`. */
  trackMore(count: number): { readonly end: () => void } {
    const { work } = this.#inFlight
    if (work + count <= this.#init.limits.concurrentRequestsMax) return this.#inFlight.beginMore(count)
    const message = `${work} requests are being served, and there is no room for ${count} more`
    throw new CodedError('GATEWAY_OVERLOADED', { message })
  }

  /** Counts a request until its response is closed, and aborts it when the caller leaves first or it takes too long. */
  track(admitted: AdmittedArrival, entry: EndpointEntry, rates: RateHold | undefined): AbortController {
    const { node } = this.#init
    const { response, span } = admitted
    const controller = new AbortController()
    const timer = entry.isOpenEnded === true ? undefined : this.#limitTime(controller)
    if (entry.isOpenEnded === true) this.#openEnded.add(controller)
    const served = this.#inFlight.begin(controller, entry.isWork)
    node.trackHttp?.(1)
    response.on('close', () => {
      clearTimeout(timer)
      this.#openEnded.delete(controller)
      if (!response.writableFinished)
        controller.abort(new CodedError('REQUEST_ABORTED', { message: 'The caller went away' }))
      const statusCode = this.observe(admitted, entry.route)
      if (span !== undefined) endRequestSpan(span, statusCode)
      served.end()
      rates?.end()
      node.trackHttp?.(-1)
    })
    return controller
  }

  /** A request that nobody's leaving ends: the time limit does, and the end of the node. */
  trackUnattended(): { readonly signal: AbortSignal; readonly end: () => void } {
    const controller = new AbortController()
    const timer = this.#limitTime(controller)
    const served = this.#inFlight.begin(controller, false)
    const end = (): void => {
      clearTimeout(timer)
      served.end()
    }
    return { signal: controller.signal, end }
  }

  /** Tells metrics and the log of a request that is over, and returns its status. */
  observe(arrival: Arrival | AdmittedArrival, route: string): number {
    const { response, arrivedMs } = arrival
    const { node, logger } = this.#init
    const statusCode = response.writableEnded ? response.statusCode : CLIENT_CLOSED_REQUEST
    const served = { route, statusCode, durationMs: performance.now() - arrivedMs }
    node.observeHttp?.(served)
    if (node.config.log.access && logger?.isEnabled('info') === true) logAccess(logger, arrival, served)
    return statusCode
  }

  /** Aborts what would never end by itself. */
  abortOpenEnded(reason: () => CodedError): void {
    for (const controller of this.#openEnded) controller.abort(reason())
  }

  abort(reason: () => CodedError): void {
    this.#inFlight.abort(reason)
  }

  /** Resolves when none is left, at the latest after this time, milliseconds. */
  async idle(deadlineMs: number): Promise<void> {
    await this.#inFlight.idle(deadlineMs)
  }

  #limitTime(controller: AbortController): NodeJS.Timeout {
    const { requestTimeoutMs } = this.#init.limits
    return setTimeout(() => {
      const message = `The request took longer than ${requestTimeoutMs} ms`
      controller.abort(new CodedError('GATEWAY_TIMEOUT', { message }))
    }, requestTimeoutMs)
  }
}
