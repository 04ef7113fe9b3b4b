/** Float arrays as base64 (RFC 4648, with padding) of their little-endian bytes: exact, and a quarter of the size of decimals. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function encodeFloats(values: Float32Array | Float64Array): string {
  const isSingle = values instanceof Float32Array
  const size = isSingle ? 4 : 8
  const bytes = new Uint8Array(values.length * size)
  const view = new DataView(bytes.buffer)
  for (const [index, value] of values.entries()) {
    if (isSingle) view.setFloat32(index * size, value, true)
    else view.setFloat64(index * size, value, true)
  }
  return encodeBase64(bytes)
}

/** `undefined` when the text is not base64 of exactly `count` finite numbers. */
export function decodeFloat32(text: string, count: number): Float32Array | undefined {
  const bytes = decodeBase64(text, count * 4)
  if (bytes === undefined) return undefined
  const view = new DataView(bytes.buffer)
  const values = Float32Array.from({ length: count }, (_, index) => view.getFloat32(index * 4, true))
  return values.every((value) => Number.isFinite(value)) ? values : undefined
}

/** `undefined` when the text is not base64 of exactly `count` finite numbers. */
export function decodeFloat64(text: string, count: number): Float64Array | undefined {
  const bytes = decodeBase64(text, count * 8)
  if (bytes === undefined) return undefined
  const view = new DataView(bytes.buffer)
  const values = Float64Array.from({ length: count }, (_, index) => view.getFloat64(index * 8, true))
  return values.every((value) => Number.isFinite(value)) ? values : undefined
}

function encodeBase64(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    parts.push(ALPHABET.charAt(group >>> 18), ALPHABET.charAt((group >>> 12) & 63))
    parts.push(left > 1 ? ALPHABET.charAt((group >>> 6) & 63) : '=', left > 2 ? ALPHABET.charAt(group & 63) : '=')
  }
  return parts.join('')
}

function decodeBase64(text: string, byteCount: number): Uint8Array<ArrayBuffer> | undefined {
  if (text.length !== Math.ceil(byteCount / 3) * 4) return undefined
  const digits = createDigits()
  const bytes = new Uint8Array(Math.ceil(byteCount / 3) * 3)
  const padding = bytes.length - byteCount
  for (let at = 0, to = 0; at < text.length; at += 4, to += 3) {
    let group = 0
    for (let i = 0; i < 4; i += 1) {
      const code = text.charCodeAt(at + i)
      const isPadding = code === 61 && at + i >= text.length - padding
      const digit = isPadding ? 0 : (digits[code] ?? 255)
      if (digit === 255) return undefined
      group = (group << 6) | digit
    }
    bytes[to] = group >>> 16
    bytes[to + 1] = (group >>> 8) & 255
    bytes[to + 2] = group & 255
  }
  return bytes.slice(0, byteCount)
}

function createDigits(): Uint8Array {
  const digits = new Uint8Array(128).fill(255)
  for (let value = 0; value < 64; value += 1) digits[ALPHABET.charCodeAt(value)] = value
  return digits
}
