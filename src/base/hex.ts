const CODES: readonly number[] = Array.from({ length: 16 }, (_, digit) => digit.toString(16).charCodeAt(0))
/** Bytes that are written by one call; what a call may be given is limited. */
const PIECE_MAX = 4_096

/** Bytes as lower-case hexadecimal digits, two for each. */
export function hexOfBytes(bytes: Uint8Array): string {
  if (bytes.length <= PIECE_MAX) return hexOfPiece(bytes)
  let text = ''
  for (let from = 0; from < bytes.length; from += PIECE_MAX) text += hexOfPiece(bytes.subarray(from, from + PIECE_MAX))
  return text
}

/** By their codes at once: a text put together digit by digit is a chain of so many parts. */
function hexOfPiece(bytes: Uint8Array): string {
  const codes: number[] = []
  for (const byte of bytes) codes.push(CODES[byte >>> 4] ?? 0, CODES[byte & 15] ?? 0)
  return String.fromCharCode(...codes)
}

/** The bytes of hexadecimal digits, an even number of them; what is none gives zeros. */
export function bytesOfHex(digits: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(digits.length >> 1)
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = byteAt(digits, 2 * at)
  return bytes
}

/** Value of a digit by its character; -1 for what is none. */
const VALUES: readonly number[] = Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()),
)

function byteAt(digits: string, at: number): number {
  const high = VALUES[digits.charCodeAt(at)] ?? -1
  const low = VALUES[digits.charCodeAt(at + 1)] ?? -1
  return high < 0 || low < 0 ? 0 : 16 * high + low
}
