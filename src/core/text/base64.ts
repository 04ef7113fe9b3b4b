const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The two digits of every twelve bits, so that three bytes cost two look-ups. */
const DIGIT_PAIRS: readonly string[] = Array.from(
  { length: 4096 },
  (_, bits) => ALPHABET.charAt(bits >> 6) + ALPHABET.charAt(bits & 63),
)

/** Standard base64 with padding (RFC 4648, section 4), without a host function, so that it is the same everywhere. */
export function encodeBase64(bytes: Uint8Array): string {
  const wholeLength = bytes.length - (bytes.length % 3)
  let text = ''
  for (let at = 0; at < wholeLength; at += 3) {
    const word = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    text += pairOf(word >> 12) + pairOf(word & 4095)
  }
  if (wholeLength === bytes.length) return text
  const word = ((bytes[wholeLength] ?? 0) << 16) | ((bytes[wholeLength + 1] ?? 0) << 8)
  const isOneByte = bytes.length - wholeLength === 1
  return text + pairOf(word >> 12) + (isOneByte ? '==' : `${ALPHABET.charAt((word >> 6) & 63)}=`)
}

/** The bytes, or `undefined` when the text is not base64 with padding. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined
  const padding = Number(text.endsWith('=')) + Number(text.endsWith('=='))
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  let to = 0
  for (let at = 0; at < text.length; at += 4) {
    let word = 0
    for (let place = 0; place < 4; place += 1) {
      const code = text.charCodeAt(at + place)
      const value = at + place >= text.length - padding ? 0 : (DIGITS[code] ?? -1)
      if (value < 0) return undefined
      word = (word << 6) | value
    }
    for (let shift = 16; shift >= 0 && to < bytes.length; shift -= 8) {
      bytes[to] = (word >> shift) & 0xff
      to += 1
    }
  }
  return bytes
}

function pairOf(bits: number): string {
  return DIGIT_PAIRS[bits] ?? ''
}

const DIGITS: Int8Array = new Int8Array(128).fill(-1)
for (let value = 0; value < ALPHABET.length; value += 1) DIGITS[ALPHABET.charCodeAt(value)] = value
