import { CodedError } from '../../base/errors.ts'
import { type HostPattern, isReachable, parseHostPattern, plainHost } from '../../core/egress/host-pattern.ts'
import { createOutboundFetch, type GuardedOutboundFetch } from '../../guard/outbound-fetch.ts'
import type { ResolveHost } from '../../guard/pin-host.ts'
import { createPublicFetch, type PublicFetch } from '../../guard/public-fetch.ts'
import type { Clock } from '../../ports/clock.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'

export type PushWaysComponents = {
  readonly clock: Clock
  /** Default: the domain name system. */
  readonly resolve?: ResolveHost | undefined
}

/** Origins of private networks that are told at one time. */
const ORIGINS_MAX = 32
/** A name that is not found in this time is judged when it is told something. */
const LOOKUP_MS = 3_000

/**
 * Where notifications may go: to any machine of the internet by https, and to the hosts that the operator names. Every request is judged, redirects are not followed, and
 * a name that leads into a private network is refused whenever it does.
 */
export class PushWays {
  readonly #components: PushWaysComponents
  readonly #patterns: readonly HostPattern[]
  readonly #web: PublicFetch
  readonly #named = new Map<string, GuardedOutboundFetch>()

  /** @param hosts  Names, or `*.name`, that are told although they may be private; at any port. */
  constructor(components: PushWaysComponents, hosts: readonly string[]) {
    const { clock, resolve } = components
    this.#components = components
    this.#patterns = hosts.flatMap((host) => parseHostPattern(host) ?? [])
    this.#web = createPublicFetch({ clock, ...(resolve !== undefined && { resolve }) }, { redirectsMax: 0 })
  }

  /** Throws `A2A_PUSH_REFUSED`. */
  admit = async (url: string): Promise<void> => {
    if (this.#isNamed(url)) return
    if (!url.startsWith('https://')) throw refused('The address has to be an https one')
    try {
      await this.#web.admit(url, { signal: this.#components.clock.timeoutSignal(LOOKUP_MS) })
    } catch (error) {
      if (CodedError.is(error, 'OUTBOUND_NOT_ALLOWED')) throw refused(error.message, error)
      // A name that nobody knows now may be known when there is something to tell; it is judged then as well.
    }
  }

  wayTo = (url: string): OutboundFetch => {
    if (!this.#isNamed(url)) return this.#web
    const { origin, hostname } = new URL(url)
    const known = this.#named.get(origin)
    if (known !== undefined) return known
    if (this.#named.size >= ORIGINS_MAX) this.close().catch(() => undefined)
    const { resolve } = this.#components
    const way = createOutboundFetch({
      allowedOrigins: [origin],
      privateHosts: plainHost(hostname) === undefined ? [] : [hostname],
      connectionsPerOriginMax: 4,
      ...(resolve !== undefined && { resolve }),
    })
    this.#named.set(origin, way)
    return way
  }

  async close(): Promise<void> {
    const ways = [...this.#named.values()]
    this.#named.clear()
    await Promise.all(ways.map(async (way) => await way.close()))
  }

  #isNamed(text: string): boolean {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false
    if (url.username !== '' || url.password !== '') return false
    const host = plainHost(url.hostname)
    return host !== undefined && this.#patterns.some((each) => isReachable([each], { host, port: each.port }))
  }
}

function refused(message: string, cause?: unknown): CodedError {
  return new CodedError('A2A_PUSH_REFUSED', { message, ...(cause !== undefined && { cause }) })
}
