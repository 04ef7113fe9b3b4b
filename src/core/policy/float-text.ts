import { decodeBase64, encodeBase64 } from '../text/base64.ts'

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** The little-endian bytes of floats, in order. Where the machine is little-endian they are the floats' own memory, not a copy: read them at once. */
export function floatBytes(values: Float32Array | Float64Array): Uint8Array {
  if (IS_LITTLE_ENDIAN) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return reorderedBytes(values)
}

function reorderedBytes(values: Float32Array | Float64Array): Uint8Array<ArrayBuffer> {
  const isSingle = values instanceof Float32Array
  const size = isSingle ? 4 : 8
  const bytes = new Uint8Array(values.length * size)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0
    if (isSingle) view.setFloat32(index * size, value, true)
    else view.setFloat64(index * size, value, true)
  }
  return bytes
}

/** Float arrays as base64 of their little-endian bytes: exact, and a quarter of the size of decimals. */
export function encodeFloats(values: Float32Array | Float64Array): string {
  return encodeBase64(floatBytes(values))
}

/** `undefined` when the text is not base64 of exactly `count` finite numbers. */
export function decodeFloat32(text: string, count: number): Float32Array | undefined {
  const bytes = decodeBase64(text)
  if (bytes === undefined || bytes.length !== count * 4) return undefined
  const view = new DataView(bytes.buffer)
  const values = Float32Array.from({ length: count }, (_, index) => view.getFloat32(index * 4, true))
  return values.every((value) => Number.isFinite(value)) ? values : undefined
}

/** `undefined` when the text is not base64 of exactly `count` finite numbers. */
export function decodeFloat64(text: string, count: number): Float64Array | undefined {
  const bytes = decodeBase64(text)
  if (bytes === undefined || bytes.length !== count * 8) return undefined
  const view = new DataView(bytes.buffer)
  const values = Float64Array.from({ length: count }, (_, index) => view.getFloat64(index * 8, true))
  return values.every((value) => Number.isFinite(value)) ? values : undefined
}
