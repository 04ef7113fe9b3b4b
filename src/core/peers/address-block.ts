/**
 * The block of addresses that one operator usually gets whole: /24 of IPv4, /64 of IPv6. Addresses within a block cost nothing, so limits count blocks. An IPv6 address that
 * stands for one of IPv4 is of the block of that one: else whoever has a single IPv4 address had as many blocks as there are ways to write it.
 *
 * @param host  An IP address in text, or the name of a host, which is a block of its own.
 */
export function addressBlockOf(host: string): string {
  const address = embeddedIpv4(host) ?? host
  if (DOTTED.test(address)) return `${address.slice(0, address.lastIndexOf('.'))}.0/24`
  if (!address.includes(':')) return address
  return `${groupsOf(address).slice(0, 4).join(':')}::/64`
}

/** The IPv4 address, dotted, to which an IPv6 address leads: mapped (RFC 4291), translated under the well-known prefix (RFC 6052), or 6to4 (RFC 3056); `undefined` for every other host. */
export function embeddedIpv4(host: string): string | undefined {
  if (!host.includes(':')) return undefined
  const groups = groupsOf(host)
  if (groups.length !== 8) return undefined
  const [first = '', second = '', third = '', ...rest] = groups
  if (first === '2002') return dotted(second, third)
  const prefix = [first, second, third, ...rest.slice(0, 3)].join(':')
  return PREFIXES_OF_96.has(prefix) ? dotted(rest[3] ?? '', rest[4] ?? '') : undefined
}

const DOTTED = /^\d+\.\d+\.\d+\.\d+$/
/** Mapped, and translated. */
const PREFIXES_OF_96: ReadonlySet<string> = new Set(['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0'])

/** Two groups of an IPv6 address as the four numbers that they are. */
function dotted(high: string, low: string): string {
  const [left, right] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [left >> 8, left & 255, right >> 8, right & 255].join('.')
}

/** The eight groups, without leading zeros; an end in dotted form is two of them. */
function groupsOf(address: string): readonly string[] {
  const [front = '', back] = address.toLowerCase().split('::')
  const left = front.split(':').flatMap(groupsOfPart)
  const right = (back ?? '').split(':').flatMap(groupsOfPart)
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return [...left, ...(back === undefined ? [] : zeros), ...right].map((group) => group.replace(/^0+(?=.)/, ''))
}

function groupsOfPart(part: string): readonly string[] {
  if (part === '') return []
  if (!DOTTED.test(part)) return [part]
  const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
  return [(a * 256 + b).toString(16), (c * 256 + d).toString(16)]
}
