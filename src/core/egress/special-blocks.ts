import type { AddressBlock } from './ip-address.ts'

/**
 * What a block of addresses that is not plain internet is for. `loopback`: this machine; `private`: a network of one owner; `other`: neither of the two may be meant by a name, among
 * them the address under which clouds hand keys to their machines.
 */
export type SpecialUse = 'loopback' | 'private' | 'other'

export type SpecialBlock = AddressBlock & { readonly name: string; readonly source: string; readonly use: SpecialUse }

/**
 * Every block of the registries of special-purpose addresses (https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry), those that may be routed
 * included: what such an anycast address leads to is a device nearby. Blocks that lie within one of these are not repeated. Beside them, what the registries leave to others: multicast,
 * the reserved end of IPv4, old forms of IPv6 that stand for IPv4 or for a site, and one address of a cloud.
 */
export const SPECIAL_BLOCKS: readonly SpecialBlock[] = [
  v4([0], 8, ['This network', 'RFC 791, section 3.2']),
  v4([10], 8, ['Private use', 'RFC 1918', 'private']),
  v4([100, 64], 10, ['Shared address space', 'RFC 6598', 'private']),
  v4([127], 8, ['Loopback', 'RFC 1122, section 3.2.1.3', 'loopback']),
  v4([169, 254], 16, ['Link local', 'RFC 3927']),
  // Looks public, and leads to what looks after a machine from within its cloud.
  v4([168, 63, 129, 16], 32, [
    'Azure platform',
    'learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16',
  ]),
  v4([172, 16], 12, ['Private use', 'RFC 1918', 'private']),
  v4([192, 0, 0], 24, ['IETF protocol assignments', 'RFC 6890, section 2.1']),
  v4([192, 0, 2], 24, ['Documentation', 'RFC 5737']),
  v4([192, 31, 196], 24, ['AS112', 'RFC 7535']),
  v4([192, 52, 193], 24, ['Automatic multicast tunneling', 'RFC 7450']),
  v4([192, 88, 99], 24, ['6to4 relay anycast', 'RFC 7526']),
  v4([192, 168], 16, ['Private use', 'RFC 1918', 'private']),
  v4([192, 175, 48], 24, ['AS112', 'RFC 7534']),
  v4([198, 18], 15, ['Benchmarking', 'RFC 2544']),
  v4([198, 51, 100], 24, ['Documentation', 'RFC 5737']),
  v4([203, 0, 113], 24, ['Documentation', 'RFC 5737']),
  v4([224], 4, ['Multicast', 'RFC 5771']),
  v4([240], 4, ['Reserved', 'RFC 1112, section 4']),
  v6([], 128, ['Unspecified', 'RFC 4291, section 2.5.2']),
  v6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128, ['Loopback', 'RFC 4291, section 2.5.3', 'loopback']),
  v6([], 96, ['Compatible with IPv4', 'RFC 4291, section 2.5.5.1']),
  v6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 96, ['Mapped from IPv4', 'RFC 4291, section 2.5.5.2']),
  v6([0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 96, ['Translated from IPv4', 'RFC 2765, section 2.1']),
  v6([0, 0x64, 0xff, 0x9b], 96, ['Translation to IPv4', 'RFC 6052']),
  v6([0, 0x64, 0xff, 0x9b, 0, 1], 48, ['Translation to IPv4', 'RFC 8215']),
  v6([1], 64, ['Discard only', 'RFC 6666']),
  v6([1, 0, 0, 0, 0, 0, 0, 1], 64, ['Dummy prefix', 'RFC 9780']),
  v6([0x20, 1], 32, ['Teredo', 'RFC 4380']),
  v6([0x20, 1], 23, ['IETF protocol assignments', 'RFC 2928']),
  v6([0x20, 1, 0x0d, 0xb8], 32, ['Documentation', 'RFC 3849']),
  v6([0x20, 2], 16, ['6to4', 'RFC 3056']),
  v6([0x26, 0x20, 0, 0x4f, 0x80], 48, ['AS112', 'RFC 7534']),
  v6([0x3f, 0xff], 20, ['Documentation', 'RFC 9637']),
  v6([0x5f], 16, ['Segment routing', 'RFC 9602']),
  v6([0xfc], 7, ['Unique local', 'RFC 4193', 'private']),
  v6([0xfe, 0x80], 10, ['Link local', 'RFC 4291, section 2.5.6']),
  v6([0xfe, 0xc0], 10, ['Site local', 'RFC 3879']),
  v6([0xff], 8, ['Multicast', 'RFC 4291, section 2.7']),
]

/** All that is handed out as global unicast so far (https://www.iana.org/assignments/ipv6-address-space); what lies outside is nobody's. */
export const GLOBAL_UNICAST_V6: AddressBlock = { length: 16, prefix: [0x20], bits: 3 }

type Labels = readonly [name: string, source: string, use?: SpecialUse]

function v4(prefix: readonly number[], bits: number, [name, source, use = 'other']: Labels): SpecialBlock {
  return { length: 4, prefix, bits, name, source, use }
}

function v6(prefix: readonly number[], bits: number, [name, source, use = 'other']: Labels): SpecialBlock {
  return { length: 16, prefix, bits, name, source, use }
}
