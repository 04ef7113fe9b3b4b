const CHUNK = 2048

/**
 * Text of UTF-8 bytes, or `undefined` where they are none: overlong forms, surrogates, code points above U+10FFFF and cut sequences are refused
 * (Unicode 16, table 3-7). A byte order mark is a character like any other. Linear in the bytes.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const units = new Uint16Array(Math.min(bytes.length, CHUNK) + 1)
  let text = ''
  let used = 0
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at] ?? 0
    if (byte < 0x80) {
      units[used] = byte
      used += 1
      at += 1
    } else {
      const size = sequenceSizeAt(bytes, at)
      if (size === 0) return undefined
      used = putCodePoint(units, used, codePointAt(bytes, at, size))
      at += size
    }
    if (used >= CHUNK) {
      text += textOf(units, used)
      used = 0
    }
  }
  return text + textOf(units, used)
}

function textOf(units: Uint16Array, used: number): string {
  return String.fromCharCode.apply(undefined, units.subarray(0, used) as unknown as number[])
}

function putCodePoint(units: Uint16Array, used: number, code: number): number {
  if (code < 0x10000) {
    units[used] = code
    return used + 1
  }
  units[used] = 0xd7c0 + (code >> 10)
  units[used + 1] = 0xdc00 | (code & 0x3ff)
  return used + 2
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
