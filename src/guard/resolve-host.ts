import { lookup, Resolver } from 'node:dns/promises'
import { plainName } from '../core/egress/host-name.ts'
import type { ResolveHost } from './pin-host.ts'

/** What this machine itself understands by a name, its own file of hosts included: for names that the operator configured. */
export const resolveBySystem: ResolveHost = async (name, { signal }) => {
  signal?.throwIfAborted()
  const found = await lookup(name, { all: true, verbatim: true })
  return found.map(({ address }) => address)
}

export type DnsResolverInit = {
  /** `address` or `address:port` of the servers to ask; absent: those of this machine. */
  readonly servers?: readonly string[]
  /** Wait for one answer, milliseconds. Default 3,000; each server is asked twice. */
  readonly timeoutMs?: number
}

/** Answers that say that there is nothing, which the other family may have. */
const NOTHING = new Set(['ENODATA', 'ENOTFOUND'])

/**
 * What the domain name system says of a name, and nobody else: neither the file of hosts nor a domain of the local network is tried, and no thread of the process is kept waiting. Where one family
 * cannot be found out, the addresses of the other are given alone.
 *
 * Rejects with the failure of the resolver where nothing is found, or the signal's reason.
 */
export function createDnsResolver({ servers, timeoutMs = 3_000 }: DnsResolverInit = {}): ResolveHost {
  return async (name, { signal }) => {
    signal?.throwIfAborted()
    // One for each name, because `cancel` ends all questions of a resolver.
    const resolver = new Resolver({ timeout: timeoutMs, tries: 2 })
    if (servers !== undefined) resolver.setServers(servers)
    const cancel = (): void => resolver.cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      const plain = plainName(name)
      const answers = await Promise.allSettled([resolver.resolve4(plain), resolver.resolve6(plain)])
      signal?.throwIfAborted()
      const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
      const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []))
      if (found.length === 0) throw failures.find((failure) => !NOTHING.has(codeOf(failure))) ?? failures[0]
      return found
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }
}

function codeOf(failure: unknown): string {
  const isNamed = typeof failure === 'object' && failure !== null && 'code' in failure
  return isNamed ? String(failure.code) : ''
}
