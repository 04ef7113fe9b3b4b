import type { LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import { CodedError } from '../base/errors.ts'
import { type AddressReach, reachOf } from '../core/egress/address-reach.ts'
import { parseIpAddress } from '../core/egress/ip-address.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import { refuse } from './refuse.ts'

/** All addresses of a name, of both families. Rejects where they cannot be found out. */
export type ResolveHost = (name: string, options: AbortOptions) => Promise<readonly string[]>

/**
 * What may lie behind a host. `public`: machines of the internet alone; `private`: those, and networks of one owner, this machine among them; `loopback`: this machine alone; `any`: whatever the
 * operator wrote, who named the address itself.
 */
export type HostDemand = 'public' | 'private' | 'loopback' | 'any'

export type PinnedAddress = { readonly address: string; readonly family: 4 | 6 }

export type PinRules = AbortOptions & { readonly demand: HostDemand; readonly resolve: ResolveHost }

/** Addresses that a connection is tried with. */
const ADDRESSES_MAX = 16

/**
 * The addresses behind a host, looked up once: a connection goes to one of these and asks nobody again. Where one of them is not what is demanded, none is given: whoever answers for the name would
 * choose which is taken.
 *
 * @param host  A plain name, or an address, without brackets.
 *
 * Throws `OUTBOUND_NOT_ALLOWED`, `OUTBOUND_UNREACHABLE` for a name without addresses, what `resolve` rejects with, or the signal's reason.
 */
export async function pinHost(host: string, { demand, resolve, signal }: PinRules): Promise<readonly PinnedAddress[]> {
  const isAddress = parseIpAddress(host) !== undefined
  const found = isAddress ? [host] : await resolve(host, signal === undefined ? {} : { signal })
  signal?.throwIfAborted()
  if (found.length === 0) throw new CodedError('OUTBOUND_UNREACHABLE', { message: `The name ${host} has no address` })
  for (const address of found) {
    const reach = reachOf(address)
    if (isMet(demand, reach)) continue
    const what = isAddress ? `The address ${host} is not` : `The name ${host} leads to an address that is not`
    throw refuse(`${what} ${WANTED[demand]} (${reach.name})`, { host, reach: reach.kind })
  }
  return found.slice(0, ADDRESSES_MAX).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
}

const WANTED: Readonly<Record<HostDemand, string>> = {
  public: 'of the public internet',
  private: 'of the public internet or of a private network',
  loopback: 'of this machine',
  any: 'an address',
}

function isMet(demand: HostDemand, { kind }: AddressReach): boolean {
  if (demand === 'any') return true
  if (demand === 'loopback') return kind === 'loopback'
  return kind === 'public' || (demand === 'private' && kind !== 'other')
}

/** The lookup of a socket that is given these addresses and no others; sockets ask it once for each connection. Names in certificates and SNI stay those of the host. */
export function lookupOf(pin: (host: string) => Promise<readonly PinnedAddress[]>): LookupFunction {
  const lookup = callbackify(pin)
  return (host, options, callback) => {
    lookup(host, (error, pinned) => {
      const [first] = error === null ? pinned : []
      if (error !== null) callback(error, '')
      else if (options.all === true) callback(null, [...pinned])
      else callback(null, first?.address ?? '', first?.family)
    })
  }
}
