/** The four or sixteen bytes of an address, and nothing else: neither port nor zone. */
export type IpAddress = readonly number[]

/**
 * An address in the one form that its standard gives it: four decimal numbers without leading zeros (RFC 6943, section 3.1.1), or groups as in RFC 4291, section 2.2. Everything else is
 * `undefined`: numbers in octal or hexadecimal, short forms, zones (`fe80::1%eth0`), brackets. What other programs make of those, nobody can tell.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** The form that `parseIpAddress` reads; of IPv6 with all eight groups, without leading zeros. */
export function formatIpAddress(address: IpAddress): string {
  return address.length === 4 ? address.join('.') : groupsOf(address).join(':')
}

/** The eight groups of an IPv6 address in hexadecimal, without leading zeros. */
export function groupsOf(address: IpAddress): readonly string[] {
  return Array.from({ length: address.length / 2 }, (_, index) => {
    const [high = 0, low = 0] = address.slice(index * 2, index * 2 + 2)
    return (high * 256 + low).toString(16)
  })
}

/** Whether the first `bits` of an address are those of `prefix`, whose missing bytes are zero. Addresses of the other family never are. */
export function isWithin(address: IpAddress, block: AddressBlock): boolean {
  if (address.length !== block.length) return false
  for (let bit = 0; bit < block.bits; bit += 8) {
    const mask = (0xff00 >> Math.min(8, block.bits - bit)) & 0xff
    const index = bit / 8
    if (((address[index] ?? 0) & mask) !== ((block.prefix[index] ?? 0) & mask)) return false
  }
  return true
}

/** All addresses that begin with the same bits. */
export type AddressBlock = {
  /** Bytes of an address: 4 or 16. */
  readonly length: number
  /** First bytes; those that are left out are zero. */
  readonly prefix: readonly number[]
  /** How many bits count. */
  readonly bits: number
}

const DECIMAL = /^(?:0|[1-9]\d{0,2})$/
const GROUP = /^[0-9a-f]{1,4}$/i

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part))) return undefined
  const bytes = parts.map(Number)
  return bytes.every((byte) => byte <= 255) ? bytes : undefined
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [front, back] = halves.map((half, index) => parseGroups(half, index === halves.length - 1))
  if (front === undefined) return undefined
  if (halves.length === 1) return front.length === 16 ? front : undefined
  // The two colons stand for one group of zeros at least.
  if (back === undefined || front.length + back.length > 14) return undefined
  return [...front, ...Array.from({ length: 16 - front.length - back.length }, () => 0), ...back]
}

/** Bytes of groups between colons; the last of an address may be one of IPv4. */
function parseGroups(text: string, isLast: boolean): readonly number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    const embedded = isLast && index === groups.length - 1 ? parseIpv4(group) : undefined
    if (embedded !== undefined) bytes.push(...embedded)
    else if (GROUP.test(group)) bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255)
    else return undefined
  }
  return bytes.length <= 16 ? bytes : undefined
}
