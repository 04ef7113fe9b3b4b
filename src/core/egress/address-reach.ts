import { type IpAddress, isWithin, parseIpAddress } from './ip-address.ts'
import { GLOBAL_UNICAST_V6, SPECIAL_BLOCKS, type SpecialUse } from './special-blocks.ts'

/** Where an address leads: `public` is a machine of the internet, and everything else is not. */
export type AddressReach = {
  readonly kind: 'public' | SpecialUse
  /** What it is, in words: the name of its block. */
  readonly name: string
}

/**
 * Where the address in a text leads. What is not known to be global unicast is not public: a text that is no address, blocks for special purposes, and all of IPv6 that nobody was given
 * yet. An IPv6 address that stands for one of IPv4 is none of the internet either, whichever that is: where it really leads depends on the translator on the way.
 */
export function reachOf(text: string): AddressReach {
  const address = parseIpAddress(text)
  return address === undefined ? { kind: 'other', name: 'No address' } : reachOfAddress(address)
}

/** The same of an address that is parsed. */
export function reachOfAddress(address: IpAddress): AddressReach {
  const block = SPECIAL_BLOCKS.find((candidate) => isWithin(address, candidate))
  if (block !== undefined) return { kind: block.use, name: block.name }
  if (address.length === 4) return { kind: 'public', name: 'Global unicast' }
  if (!isWithin(address, GLOBAL_UNICAST_V6)) return { kind: 'other', name: 'Unassigned' }
  return isIsatap(address) ? { kind: 'other', name: 'ISATAP' } : { kind: 'public', name: 'Global unicast' }
}

/** The IPv4 address to which an IPv6 address leads: mapped (RFC 4291), translated under the well-known prefix (RFC 6052), or 6to4 (RFC 3056); `undefined` for every other. */
export function embeddedIpv4(address: IpAddress): IpAddress | undefined {
  if (address.length !== 16) return undefined
  if (isWithin(address, SIX_TO_FOUR)) return address.slice(2, 6)
  return isWithin(address, MAPPED) || isWithin(address, TRANSLATED) ? address.slice(12) : undefined
}

const SIX_TO_FOUR = { length: 16, prefix: [0x20, 2], bits: 16 }
const MAPPED = { length: 16, prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], bits: 96 }
const TRANSLATED = { length: 16, prefix: [0, 0x64, 0xff, 0x9b], bits: 96 }

/** An interface that is an IPv4 address of its site (RFC 5214, section 6.1), under whichever prefix: the router of that site sends it on to there. */
function isIsatap(address: IpAddress): boolean {
  const [first = 0, second = 0, third = 0, fourth = 0] = address.slice(8, 12)
  return (first & 0xfc) === 0 && second === 0 && third === 0x5e && fourth === 0xfe
}
