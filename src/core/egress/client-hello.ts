/** What the first bytes of a connection are: `more` are needed to tell, a greeting by TLS with the name that it asks for, or something `else`. */
export type HelloReading =
  | { readonly kind: 'more' }
  | { readonly kind: 'hello'; readonly serverName: string | undefined }
  | { readonly kind: 'else' }

/** Longest greeting that is read, bytes; keys that resist quantum computers make them some 2,000 long. */
export const HELLO_BYTES_MAX = 16_384

const HANDSHAKE_RECORD = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const HOST_NAME = 0

/**
 * Reads the name of the server that a client asks for by TLS (RFC 8446, sections 4.1.2 and 5.1; RFC 6066, section 3), which may come in several records. A greeting that is broken, or names servers
 * twice, is something else.
 */
export function readClientHello(bytes: Uint8Array): HelloReading {
  const handshake = joinRecords(bytes)
  if (handshake === 'else') return { kind: 'else' }
  const { fragments } = handshake
  if (fragments.length < 4) return { kind: 'more' }
  const length = numberAt(fragments, 1, 3)
  if (fragments[0] !== CLIENT_HELLO || length + 4 > HELLO_BYTES_MAX) return { kind: 'else' }
  if (fragments.length < 4 + length) return { kind: 'more' }
  return readBody(fragments.slice(4, 4 + length))
}

/** What the handshake records carry, as far as they are there; what comes after the greeting is not looked at. */
function joinRecords(bytes: Uint8Array): { readonly fragments: readonly number[] } | 'else' {
  const fragments: number[] = []
  for (let at = 0; at < bytes.length && !isWhole(fragments);) {
    const head = [...bytes.subarray(at, at + 5)]
    const [type, major] = head
    if (type !== HANDSHAKE_RECORD || (major !== undefined && major !== 3)) return 'else'
    if (head.length < 5) break
    const length = numberAt(head, 3, 2)
    if (length === 0 || length > 16_384) return 'else'
    fragments.push(...bytes.subarray(at + 5, at + 5 + length))
    at += 5 + length
  }
  return { fragments }
}

/** Whether a greeting is there to its end, or is too long to be one. */
function isWhole(fragments: readonly number[]): boolean {
  return fragments.length >= 4 && fragments.length >= Math.min(HELLO_BYTES_MAX, 4 + numberAt(fragments, 1, 3))
}

function readBody(body: readonly number[]): HelloReading {
  // Version and random number, then three lists that say nothing of the name.
  let at = 34
  for (const width of [1, 2, 1]) {
    const end = endOfList(body, at, width)
    if (end === undefined) return { kind: 'else' }
    at = end
  }
  if (at === body.length) return { kind: 'hello', serverName: undefined }
  if (endOfList(body, at, 2) !== body.length) return { kind: 'else' }
  let serverName: string | undefined
  for (at += 2; at < body.length;) {
    const end = endOfList(body, at + 2, 2)
    if (end === undefined) return { kind: 'else' }
    if (numberAt(body, at, 2) === SERVER_NAME) {
      const name = readServerName(body.slice(at + 4, end))
      if (name === undefined || serverName !== undefined) return { kind: 'else' }
      serverName = name
    }
    at = end
  }
  return { kind: 'hello', serverName }
}

/** The one name of the list. */
function readServerName(list: readonly number[]): string | undefined {
  if (endOfList(list, 0, 2) !== list.length || list[2] !== HOST_NAME) return undefined
  if (endOfList(list, 3, 2) !== list.length) return undefined
  const name = list.slice(5)
  const isPlain = name.length > 0 && name.every((byte) => byte > 0x20 && byte < 0x7f)
  return isPlain ? String.fromCharCode(...name) : undefined
}

/** Where a list ends that begins at `at` with its length in `width` bytes; `undefined` where it is cut off. */
function endOfList(bytes: readonly number[], at: number, width: number): number | undefined {
  if (at + width > bytes.length) return undefined
  const end = at + width + numberAt(bytes, at, width)
  return end <= bytes.length ? end : undefined
}

function numberAt(bytes: readonly number[], at: number, width: number): number {
  return bytes.slice(at, at + width).reduce((sum, byte) => sum * 256 + byte, 0)
}
