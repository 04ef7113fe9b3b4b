import type { KeyValueOperation } from '../../ports/key-value-store.ts'

/** Kind, length of the key, length of the value: one byte and two numbers of 32 bits, little-endian. Key and value follow. */
const HEAD_BYTES = 9
const PUT = 1
const DELETE = 0
const NOTHING = new Uint8Array()

/** Operations of one batch as a record of a journal. */
export function encodeOperations(operations: readonly KeyValueOperation[]): Uint8Array {
  const encoder = new TextEncoder()
  const parts = operations.map((operation) => ({
    kind: operation.type === 'put' ? PUT : DELETE,
    key: encoder.encode(operation.key),
    value: operation.type === 'put' ? operation.value : NOTHING,
  }))
  const bytes = new Uint8Array(parts.reduce((sum, { key, value }) => sum + HEAD_BYTES + key.length + value.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { kind, key, value } of parts) {
    view.setUint8(at, kind)
    view.setUint32(at + 1, key.length, true)
    view.setUint32(at + 5, value.length, true)
    bytes.set(key, at + HEAD_BYTES)
    bytes.set(value, at + HEAD_BYTES + key.length)
    at += HEAD_BYTES + key.length + value.length
  }
  return bytes
}

/** What `encodeOperations` wrote; a journal gives nothing else back. */
export function decodeOperations(bytes: Uint8Array): readonly KeyValueOperation[] {
  const decoder = new TextDecoder()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const operations: KeyValueOperation[] = []
  for (let at = 0; at < bytes.length;) {
    const keyEnd = at + HEAD_BYTES + view.getUint32(at + 1, true)
    const end = keyEnd + view.getUint32(at + 5, true)
    const key = decoder.decode(bytes.subarray(at + HEAD_BYTES, keyEnd))
    operations.push(
      view.getUint8(at) === PUT ? { type: 'put', key, value: bytes.slice(keyEnd, end) } : { type: 'delete', key },
    )
    at = end
  }
  return operations
}
