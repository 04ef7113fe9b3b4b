const CHUNK = 4096

/**
 * Text of UTF-8 bytes, or `undefined` where they are none: overlong forms, surrogates, code points above U+10FFFF and cut sequences are refused
 * (Unicode 16, table 3-7). A byte order mark is a character like any other. Linear in the bytes.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const end = endOfAscii(bytes, at)
    if (end > at) {
      text += String.fromCharCode(...bytes.subarray(at, end))
      at = end
      continue
    }
    const size = sequenceSizeAt(bytes, at)
    if (size === 0) return undefined
    text += String.fromCodePoint(codePointAt(bytes, at, size))
    at += size
  }
  return text
}

function endOfAscii(bytes: Uint8Array, from: number): number {
  const most = Math.min(bytes.length, from + CHUNK)
  let at = from
  while (at < most && (bytes[at] ?? 0x80) < 0x80) at += 1
  return at
}

/** Length of the sequence that starts here, 2 to 4; 0 when none does. */
function sequenceSizeAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0
  const second = bytes[at + 1] ?? 0
  if (lead >= 0xc2 && lead <= 0xdf) return isTail(second) ? 2 : 0
  if (lead >= 0xe0 && lead <= 0xef) {
    const low = lead === 0xe0 ? 0xa0 : 0x80
    const high = lead === 0xed ? 0x9f : 0xbf
    return second >= low && second <= high && isTail(bytes[at + 2]) ? 3 : 0
  }
  if (lead < 0xf0 || lead > 0xf4) return 0
  const low = lead === 0xf0 ? 0x90 : 0x80
  const high = lead === 0xf4 ? 0x8f : 0xbf
  return second >= low && second <= high && isTail(bytes[at + 2]) && isTail(bytes[at + 3]) ? 4 : 0
}

function isTail(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

function codePointAt(bytes: Uint8Array, at: number, size: number): number {
  let code = (bytes[at] ?? 0) & (0x7f >> size)
  for (let place = 1; place < size; place += 1) code = (code << 6) | ((bytes[at + place] ?? 0) & 0x3f)
  return code
}
