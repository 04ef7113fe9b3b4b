/**
 * The block of addresses that one operator usually gets whole: /24 of IPv4, /64 of IPv6. Addresses within a block cost nothing, so limits count blocks.
 *
 * @param host  An IP address in text, or the name of a host, which is a block of its own.
 */
export function addressBlockOf(host: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)
  const address = mapped?.[1] ?? host
  if (/^\d+\.\d+\.\d+\.\d+$/.test(address)) return `${address.slice(0, address.lastIndexOf('.'))}.0/24`
  if (!address.includes(':')) return address
  return `${groupsOf(address).slice(0, 4).join(':')}::/64`
}

/** The eight groups, without leading zeros. */
function groupsOf(address: string): readonly string[] {
  const [front = '', back] = address.toLowerCase().split('::')
  const left = front.split(':').filter((group) => group !== '')
  const right = (back ?? '').split(':').filter((group) => group !== '')
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return [...left, ...(back === undefined ? [] : zeros), ...right].map((group) => group.replace(/^0+(?=.)/, ''))
}
