/**
 * Writes `text` as UTF-8 and returns the number of bytes; a character that does not fit any more ends it. A lone surrogate becomes U+FFFD.
 * The same bytes as the platform's `TextEncoder.encodeInto`, which core does not have.
 */
export function encodeUtf8(text: string, out: Uint8Array): number {
  let at = 0
  for (let index = 0; index < text.length; index += 1) {
    let code = text.charCodeAt(index)
    if (code < 0x80) {
      if (at === out.length) return at
      out[at] = code
      at += 1
      continue
    }
    if (code >= 0xd800 && code <= 0xdfff) {
      const low = code <= 0xdbff ? text.charCodeAt(index + 1) : 0
      if (low >= 0xdc00 && low <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
        index += 1
      } else code = 0xfffd
    }
    const size = sequenceSize(code)
    if (at + size > out.length) return at
    writeSequence(out, at, { code, size })
    at += size
  }
  return at
}

/** UTF-8 of a text, as `encodeUtf8` writes it; the longest form is three bytes for each UTF-16 unit. */
export function utf8Bytes(text: string): Uint8Array<ArrayBuffer> {
  const ascii = asciiBytes(text)
  if (ascii !== undefined) return ascii
  const room = new Uint8Array(3 * text.length)
  return room.slice(0, encodeUtf8(text, room))
}

/** Nearly every text that is hashed is ASCII, and then takes no more room than it has units; `undefined` for one that is not. */
function asciiBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  const { length } = text
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) return undefined
    bytes[at] = code
  }
  return bytes
}

function writeSequence(
  out: Uint8Array,
  at: number,
  { code, size }: { readonly code: number; readonly size: number },
): void {
  for (let place = size - 1, rest = code; place > 0; place -= 1, rest >>>= 6) out[at + place] = 0x80 | (rest & 0x3f)
  out[at] = ((0xf00 >> size) & 0xff) | (code >>> (6 * (size - 1)))
}

function sequenceSize(code: number): number {
  if (code < 0x800) return 2
  return code < 0x10000 ? 3 : 4
}
