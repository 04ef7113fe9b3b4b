import { CodedError } from '../base/errors.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { OutboundFetch, OutboundRequest, OutboundResponse } from '../ports/outbound-fetch.ts'
import { checkPublicRequest } from './check-public-request.ts'
import { CallLimit } from './call-limit.ts'
import { type OutboundRecord, OutboundRecords, type OpenRecord } from './outbound-records.ts'
import { type PinnedAddress, pinHost, type ResolveHost } from './pin-host.ts'
import { portOf, type PublicUrl, readPublicUrl } from './public-url.ts'
import { followRedirect } from './redirects.ts'
import { refuse } from './refuse.ts'
import { createDnsResolver } from './resolve-host.ts'
import type { SendPinned } from './send-pinned.ts'

export type PublicFetchComponents = {
  readonly clock: Pick<Clock, 'now' | 'timeoutSignal'>
  /** Default: the domain name system. */
  readonly resolve?: ResolveHost
  /** Default: a connection. */
  readonly send?: SendPinned
}

export type PublicFetchInit = {
  /** Ports that may be asked. Default 80 and 443. */
  readonly ports?: readonly number[]
  /** Redirects that are followed, 0 or more; one more is refused. Default 5. */
  readonly redirectsMax?: number
  /** From the call to the end of the answer's body, redirects included, milliseconds. Default 30,000. */
  readonly timeoutMs?: number
  readonly connectTimeoutMs?: number
  readonly requestBytesMax?: number
  readonly responseBytesMax?: number
  /** Calls at one time; one more is refused. Default 64. */
  readonly callsMax?: number
  /** Requests that `records` keeps. Default 1,000. */
  readonly recordsMax?: number
  /** Told of each request when it is over, refused ones included. */
  readonly onRecord?: (record: OutboundRecord) => void
}

export const PUBLIC_DEFAULTS = {
  ports: [80, 443],
  redirectsMax: 5,
  timeoutMs: 30_000,
  connectTimeoutMs: 10_000,
  requestBytesMax: 1_048_576,
  responseBytesMax: 8_388_608,
  callsMax: 64,
  recordsMax: 1_000,
} as const

/**
 * The way out to machines of the internet that nobody configured, for agents and their tools: any public host, and none that is not. Each name is looked up once, all of its addresses have to be
 * public, and the connection goes to one of them; each redirect is judged anew.
 */
export type PublicFetch = OutboundFetch & {
  /**
   * Judges a URL without asking for it, for those who hand it to somebody else: the form of it that is to be handed on. Its name may lead elsewhere by the time that somebody asks.
   *
   * Throws `OUTBOUND_NOT_ALLOWED`, `OUTBOUND_UNREACHABLE`, or the signal's reason.
   */
  admit(url: string, options?: AbortOptions): Promise<string>
  /** The last requests, oldest first. */
  records(): readonly OutboundRecord[]
}

/** Creates the way out. */
export function createPublicFetch(components: PublicFetchComponents, init: PublicFetchInit = {}): PublicFetch {
  return new GuardedPublicFetch(components, init)
}

/** Loads what connects with the first request that may go out. */
const send: SendPinned = async (pinned) => await (await import('./send-pinned.ts')).sendPinned(pinned)

type Settings = Required<Omit<PublicFetchInit, 'onRecord'>>

class GuardedPublicFetch implements PublicFetch {
  readonly #components: Required<PublicFetchComponents>
  readonly #settings: Settings
  readonly #records: OutboundRecords
  readonly #calls: CallLimit

  constructor(components: PublicFetchComponents, { onRecord, ...settings }: PublicFetchInit) {
    this.#components = { resolve: createDnsResolver(), send, ...components }
    this.#settings = { ...PUBLIC_DEFAULTS, ...settings }
    this.#records = new OutboundRecords(this.#settings.recordsMax, onRecord)
    this.#calls = new CallLimit(components.clock, this.#settings)
  }

  records(): readonly OutboundRecord[] {
    return this.#records.list()
  }

  async admit(text: string, options: AbortOptions = {}): Promise<string> {
    const url = readPublicUrl(text, this.#settings.ports)
    await this.#pin(url, options.signal)
    return url.href
  }

  /** Throws as `OutboundFetch.request`, and `OUTBOUND_BUSY`. */
  async request(given: OutboundRequest): Promise<OutboundResponse> {
    given.signal?.throwIfAborted()
    this.#check(given)
    const call = this.#calls.begin(given.signal)
    try {
      return await this.#follow({ ...given, signal: call.signal }, call.end)
    } catch (error: unknown) {
      call.end()
      throw error
    }
  }

  #check(request: OutboundRequest): void {
    try {
      checkPublicRequest(request, this.#settings)
    } catch (error: unknown) {
      this.#open(request).complete(failureOf(error))
      throw error
    }
  }

  /** `onEnd` is told when nothing more of the answer will arrive. */
  async #follow(first: OutboundRequest, onEnd: () => void): Promise<OutboundResponse> {
    const { ports, redirectsMax } = this.#settings
    let request = first
    for (let redirects = 0; ; redirects += 1) {
      const { url, response, keep } = await this.#ask(request)
      let next: OutboundRequest | undefined
      try {
        next = followRedirect(request, response, { url, ports })
        if (next !== undefined && redirects === redirectsMax)
          throw refuse(`The server redirects more than ${redirectsMax} times`)
      } catch (error: unknown) {
        response.cancel()
        throw error
      }
      if (next === undefined) {
        keep(onEnd)
        return response
      }
      response.cancel()
      request = next
    }
  }

  async #ask(request: OutboundRequest): Promise<Asked> {
    const record = this.#open(request)
    const settled = new Settled()
    try {
      const url = readPublicUrl(request.url, this.#settings.ports)
      const addresses = await this.#pin(url, request.signal)
      const { onSettled } = settled
      const response = await this.#components.send({ request, url, addresses, limits: this.#limits(), onSettled })
      record.say({ outcome: 'answered', status: response.status })
      settled.tell((bodyBytes) => record.complete({ bodyBytes }))
      return { url, response, keep: (end) => settled.tell(end) }
    } catch (error: unknown) {
      record.complete(failureOf(error))
      throw error
    }
  }

  async #pin({ host }: PublicUrl, signal: AbortSignal | undefined): Promise<readonly PinnedAddress[]> {
    const { resolve } = this.#components
    try {
      return await pinHost(host, { demand: 'public', resolve, ...(signal !== undefined && { signal }) })
    } catch (error: unknown) {
      if (CodedError.is(error) || signal?.aborted === true) throw error
      throw new CodedError('OUTBOUND_UNREACHABLE', {
        message: `The name ${host} could not be looked up`,
        cause: error,
        details: { host },
      })
    }
  }

  #open({ method, url }: OutboundRequest): OpenRecord {
    const parsed = URL.canParse(url) ? new URL(url) : undefined
    const port = parsed === undefined ? 0 : portOf(parsed)
    return this.#records.open({ at: this.#components.clock.now(), method, host: parsed?.hostname ?? '', port })
  }

  #limits(): Settings & { readonly headersTimeoutMs: number; readonly idleTimeoutMs: number } {
    return { ...this.#settings, headersTimeoutMs: this.#settings.timeoutMs, idleTimeoutMs: this.#settings.timeoutMs }
  }
}

/** The end of an answer's body, which may come before anybody asks for it. */
class Settled {
  #bodyBytes: number | undefined
  readonly #waiting: ((bodyBytes: number) => void)[] = []

  readonly onSettled = (bodyBytes: number): void => {
    this.#bodyBytes = bodyBytes
    for (const each of this.#waiting.splice(0)) each(bodyBytes)
  }

  tell(each: (bodyBytes: number) => void): void {
    if (this.#bodyBytes === undefined) this.#waiting.push(each)
    else each(this.#bodyBytes)
  }
}

type Asked = {
  readonly url: PublicUrl
  readonly response: OutboundResponse
  /** Calls `end` when nothing more will arrive. */
  readonly keep: (end: () => void) => void
}

function failureOf(error: unknown): Pick<OutboundRecord, 'outcome' | 'reason'> {
  const isRefused = CodedError.is(error, 'OUTBOUND_NOT_ALLOWED')
  return {
    outcome: isRefused ? 'refused' : 'failed',
    reason: CodedError.is(error) ? error.message : 'The call was ended',
  }
}
