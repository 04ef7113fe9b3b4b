const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Bytes as lower-case hexadecimal digits, two for each. */
export function hexOfBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += DIGITS[byte] ?? ''
  return text
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
