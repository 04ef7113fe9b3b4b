import { embeddedIpv4 as embeddedIn } from '../egress/address-reach.ts'
import { formatIpAddress, groupsOf, parseIpAddress } from '../egress/ip-address.ts'

/**
 * The block of addresses that one operator usually gets whole: /24 of IPv4, /64 of IPv6. Addresses within a block cost nothing, so limits count blocks. An IPv6 address that
 * stands for one of IPv4 is of the block of that one: else whoever has a single IPv4 address had as many blocks as there are ways to write it.
 *
 * @param host  An IP address in text, or the name of a host, which is a block of its own.
 */
export function addressBlockOf(host: string): string {
  const parsed = parseIpAddress(host.replace(/%.*$/, ''))
  if (parsed === undefined) return host
  const address = embeddedIn(parsed) ?? parsed
  if (address.length === 4) return `${address.slice(0, 3).join('.')}.0/24`
  return `${groupsOf(address).slice(0, 4).join(':')}::/64`
}

/** The IPv4 address, dotted, to which an IPv6 address leads; `undefined` for every other host. */
export function embeddedIpv4(host: string): string | undefined {
  const parsed = parseIpAddress(host)
  const embedded = parsed === undefined ? undefined : embeddedIn(parsed)
  return embedded === undefined ? undefined : formatIpAddress(embedded)
}
