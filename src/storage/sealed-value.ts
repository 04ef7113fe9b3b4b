import { crc32 } from 'node:zlib'

const CHECKSUM_BYTES = 4

/** The value with the CRC-32 of key and value behind it, little-endian: a store that does not verify what it reads keeps values so. */
export function sealValue(key: string, value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(value.byteLength + CHECKSUM_BYTES)
  stored.set(value)
  new DataView(stored.buffer).setUint32(value.byteLength, crc32(value, crc32(key)), true)
  return stored
}

/** The value, a view of `stored`, or `undefined` when it fails its checksum. */
export function unsealValue(key: string, stored: Uint8Array): Uint8Array | undefined {
  const size = stored.byteLength - CHECKSUM_BYTES
  if (size < 0) return undefined
  const value = stored.subarray(0, size)
  const expected = new DataView(stored.buffer, stored.byteOffset + size, CHECKSUM_BYTES).getUint32(0, true)
  return crc32(value, crc32(key)) === expected ? value : undefined
}
