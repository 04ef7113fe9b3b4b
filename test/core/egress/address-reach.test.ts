import { BlockList, isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reachOf } from '../../../src/core/egress/address-reach.ts'
import { formatIpAddress, parseIpAddress } from '../../../src/core/egress/ip-address.ts'
import { SPECIAL_BLOCKS } from '../../../src/core/egress/special-blocks.ts'

/**
 * The registries as they are published, written down a second time and in their own notation, so that a slip in the bytes of the table cannot hide:
 * https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml and
 * https://www.iana.org/assignments/iana-ipv6-special-registry/iana-ipv6-special-registry.xhtml.
 */
const REGISTRY_V4 = [
  ['0.0.0.0/8', 'This network'],
  ['0.0.0.0/32', 'This host on this network'],
  ['10.0.0.0/8', 'Private-Use'],
  ['100.64.0.0/10', 'Shared Address Space'],
  ['127.0.0.0/8', 'Loopback'],
  ['169.254.0.0/16', 'Link Local'],
  ['172.16.0.0/12', 'Private-Use'],
  ['192.0.0.0/24', 'IETF Protocol Assignments'],
  ['192.0.0.0/29', 'IPv4 Service Continuity Prefix'],
  ['192.0.0.8/32', 'IPv4 dummy address'],
  ['192.0.0.9/32', 'Port Control Protocol Anycast'],
  ['192.0.0.10/32', 'Traversal Using Relays around NAT Anycast'],
  ['192.0.0.170/32', 'NAT64/DNS64 Discovery'],
  ['192.0.0.171/32', 'NAT64/DNS64 Discovery'],
  ['192.0.2.0/24', 'Documentation (TEST-NET-1)'],
  ['192.31.196.0/24', 'AS112-v4'],
  ['192.52.193.0/24', 'AMT'],
  ['192.88.99.0/24', 'Deprecated (6to4 Relay Anycast)'],
  ['192.88.99.2/32', '6a44-relay anycast address'],
  ['192.168.0.0/16', 'Private-Use'],
  ['192.175.48.0/24', 'Direct Delegation AS112 Service'],
  ['198.18.0.0/15', 'Benchmarking'],
  ['198.51.100.0/24', 'Documentation (TEST-NET-2)'],
  ['203.0.113.0/24', 'Documentation (TEST-NET-3)'],
  ['240.0.0.0/4', 'Reserved'],
  ['255.255.255.255/32', 'Limited Broadcast'],
  // Of no registry: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16.
  ['168.63.129.16/32', 'Azure platform'],
  // Of the registry of multicast addresses, https://www.iana.org/assignments/multicast-addresses.
  ['224.0.0.0/4', 'Multicast'],
] as const

const REGISTRY_V6 = [
  ['::1/128', 'Loopback Address'],
  ['::/128', 'Unspecified Address'],
  ['::ffff:0:0/96', 'IPv4-mapped Address'],
  ['64:ff9b::/96', 'IPv4-IPv6 Translat.'],
  ['64:ff9b:1::/48', 'IPv4-IPv6 Translat.'],
  ['100::/64', 'Discard-Only Address Block'],
  ['100:0:0:1::/64', 'Dummy IPv6 Prefix'],
  ['2001::/23', 'IETF Protocol Assignments'],
  ['2001::/32', 'TEREDO'],
  ['2001:1::1/128', 'Port Control Protocol Anycast'],
  ['2001:1::2/128', 'Traversal Using Relays around NAT Anycast'],
  ['2001:1::3/128', 'DNS-SD Service Registration Protocol Anycast'],
  ['2001:2::/48', 'Benchmarking'],
  ['2001:3::/32', 'AMT'],
  ['2001:4:112::/48', 'AS112-v6'],
  ['2001:10::/28', 'Deprecated (previously ORCHID)'],
  ['2001:20::/28', 'ORCHIDv2'],
  ['2001:30::/28', 'Drone Remote ID Protocol Entity Tags'],
  ['2001:db8::/32', 'Documentation'],
  ['2002::/16', '6to4'],
  ['2620:4f:8000::/48', 'Direct Delegation AS112 Service'],
  ['3fff::/20', 'Documentation'],
  ['5f00::/16', 'Segment Routing (SRv6) SIDs'],
  ['fc00::/7', 'Unique-Local'],
  ['fe80::/10', 'Link-Local Unicast'],
  // Of https://www.iana.org/assignments/ipv6-address-space: multicast, and the site-local prefix that was taken back.
  ['ff00::/8', 'Multicast'],
  ['fec0::/10', 'Site-Local'],
] as const

const REGISTRIES = [...REGISTRY_V4, ...REGISTRY_V6]

/** The same question to the platform's own lists of blocks, which share no line with ours. One list for both families would find every IPv4 address among the mapped ones. */
function listOf(registry: readonly (readonly [string, string])[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const [block] of registry) {
    const [address = '', bits = ''] = block.split('/')
    list.addSubnet(address, Number(bits), family)
  }
  return list
}
const specialV4 = listOf(REGISTRY_V4, 'ipv4')
const specialV6 = listOf(REGISTRY_V6, 'ipv6')
/** What the registries leave out: the rest of IPv6. */
const unicast = listOf([['2000::/3', 'Global Unicast']], 'ipv6')

function isPublicByPlatform(text: string): boolean {
  if (text.includes(':')) return unicast.check(text, 'ipv6') && !specialV6.check(text, 'ipv6')
  return !specialV4.check(text, 'ipv4')
}

const bytesOf = (text: string): readonly number[] => parseIpAddress(text) ?? []

function edgesOf(block: string): readonly (readonly number[])[] {
  const [first = '', bits = ''] = block.split('/')
  const address = bytesOf(first)
  const width = BigInt(address.length * 8)
  const start = address.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  const size = 1n << (width - BigInt(bits))
  const inside = [start, start + size / 2n, start + size - 1n]
  const around = [start - 1n, start + size].filter((value) => value >= 0n && value < 1n << width)
  return [...inside, ...around].map((value) =>
    Array.from({ length: address.length }, (_, index) =>
      Number((value >> BigInt((address.length - 1 - index) * 8)) & 255n),
    ),
  )
}

describe('blocks of the registries', () => {
  it.each(REGISTRIES)('%s (%s): no address of it is public, and those around it are as the platform says', (block) => {
    const [first, middle, last, ...around] = edgesOf(block).map(formatIpAddress)
    for (const address of [first, middle, last])
      expect(reachOf(address ?? ''), address).not.toMatchObject({ kind: 'public' })
    for (const address of around) expect(reachOf(address).kind === 'public', address).toBe(isPublicByPlatform(address))
  })

  it('are all that is refused: any address is public exactly where the platform finds it in none of them', () => {
    const anywhere = fc.oneof(
      fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }),
      fc.array(fc.nat(255), { minLength: 16, maxLength: 16 }),
      fc.constantFrom(...REGISTRIES.flatMap(([block]) => edgesOf(block))),
      fc.array(fc.nat(255), { minLength: 15, maxLength: 15 }).map((rest) => [0x20, ...rest]),
    )
    fc.assert(
      fc.property(anywhere, (bytes) => {
        const text = formatIpAddress(bytes)
        const isIsatap = /^(?:[^:]+:){4}[0-3]00:5efe:|^(?:[^:]+:){4}0:5efe:/.test(text)
        expect(reachOf(text).kind === 'public').toBe(isPublicByPlatform(text) && !isIsatap)
      }),
      { numRuns: 3_000 },
    )
  })

  it('name where each comes from', () => {
    expect(SPECIAL_BLOCKS.filter(({ name, source }) => name === '' || !/^(?:RFC \d|learn\.)/.test(source))).toEqual([])
  })
})

describe('an address', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.0.1', 'private'],
    ['100.100.100.200', 'private'],
    ['fd00:ec2::254', 'private'],
    ['169.254.169.254', 'other'],
    ['0.0.0.0', 'other'],
    ['255.255.255.255', 'other'],
    ['fe80::1', 'other'],
    ['::', 'other'],
    ['4000::1', 'other'],
    ['8.8.8.8', 'public'],
    ['172.32.0.1', 'public'],
    ['192.0.1.1', 'public'],
    ['2606:4700::1111', 'public'],
    ['2a00:1450:4001::1', 'public'],
  ])('%s is %s', (address, kind) => {
    expect(reachOf(address).kind).toBe(kind)
  })

  it.each([
    ['mapped', '::ffff:127.0.0.1'],
    ['mapped, in hexadecimal', '::ffff:a9fe:a9fe'],
    ['mapped, of a public one', '::ffff:8.8.8.8'],
    ['compatible', '::127.0.0.1'],
    ['translated by SIIT', '::ffff:0:127.0.0.1'],
    ['NAT64', '64:ff9b::127.0.0.1'],
    ['NAT64 of a local prefix', '64:ff9b:1::a00:1'],
    ['6to4', '2002:7f00:1::1'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['ISATAP', '2a00:1450::5efe:a00:1'],
    ['ISATAP of a public address', '2a00:1450::200:5efe:a00:1'],
  ])('of IPv6 that stands for IPv4 is never public: %s', (_, address) => {
    expect(reachOf(address).kind).toBe('other')
  })

  it.each([
    '',
    '127.1',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '2130706433',
    '127.0.0.1.',
    '1.2.3.256',
    ' 8.8.8.8',
    '8.8.8.8%eth0',
    'fe80::1%eth0',
    '2606:4700::1111%1',
    '[::1]',
    '::1::',
    '1:2:3:4:5:6:7::8',
    ':1',
    '1:2:3:4:5:6:7:8:9',
    '::ffff:8.8.8',
    '1.2.3.4::',
    '８.8.8.8',
    'localhost',
  ])('that is written as %j is none', (text) => {
    expect(reachOf(text)).toEqual({ kind: 'other', name: 'No address' })
  })

  it('is read exactly where the platform reads one, but for zones, and comes out as it went in', () => {
    const piece = fc.constantFrom(
      '::',
      ':',
      '.',
      '0',
      '1',
      '00',
      'ffff',
      '127',
      '255',
      '256',
      'g',
      'FE80',
      '1.2.3.4',
      '%',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('')
        const address = parseIpAddress(text)
        expect(address !== undefined, text).toBe(isIP(text) !== 0 && !text.includes('%'))
        if (address !== undefined) expect(parseIpAddress(formatIpAddress(address))).toEqual(address)
      }),
      { numRuns: 5_000 },
    )
  })
})
