/** Longest name of the domain name system, and longest part of one, without the final dot (RFC 1035, section 2.3.4). */
const NAME_LENGTH_MAX = 253
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/**
 * Endings of names that no public server answers for: special uses (RFC 6761, 6762, 8375), the one that is set aside for private use, and those that were never given away because so many
 * networks use them for themselves.
 */
const LOCAL_ENDINGS = ['localhost', 'local', 'internal', 'home.arpa', 'lan', 'home', 'corp']

/** The name in the one form that is compared, looked up and shown to servers: without the dot at its end, in lower case. */
export function plainName(host: string): string {
  return (host.endsWith('.') ? host.slice(0, -1) : host).toLowerCase()
}

/** Whether a text, in its plain form, can be the name of a host: parts of letters, digits, hyphens and underscores. Other alphabets are there as `xn--`. */
export function isHostName(name: string): boolean {
  return (
    name.length <= NAME_LENGTH_MAX && name.split('.').every((label) => LABEL.test(label)) && !/(?:^|\.)\d+$/.test(name)
  )
}

/** Whether a name by its form belongs to one network alone: without a dot, or under an ending that the internet does not have. */
export function isLocalName(name: string): boolean {
  return !name.includes('.') || LOCAL_ENDINGS.some((ending) => name.endsWith(`.${ending}`))
}

/** Whether a name means this machine, whatever a resolver says (RFC 6761, section 6.3). */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost')
}
