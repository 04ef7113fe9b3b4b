import type { SignedBytes } from '../../ports/verifier.ts'

/**
 * How a batch crosses to a thread: one buffer that is handed over, not copied.
 *
 * ```text
 * to verify   count u32, then for each: length u32, public key 32, signature 64, bytes
 * to sign     count u32, then for each: length u32, bytes
 * verdicts    one byte each: 1 right, 0 not
 * signatures  64 bytes each
 * ```
 *
 * Numbers are little-endian. Both sides are ours, so nothing is checked but what a mistake of ours would break.
 */
const COUNT_BYTES = 4
const LENGTH_BYTES = 4
const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** Keys have 32 bytes and signatures 64 here; the caller has looked. */
export function encodeToVerify(batch: readonly SignedBytes[]): ArrayBuffer {
  const fixed = LENGTH_BYTES + PUBLIC_KEY_BYTES + SIGNATURE_BYTES
  const size = batch.reduce((sum, { bytes }) => sum + fixed + bytes.byteLength, COUNT_BYTES)
  const frame = new Uint8Array(size)
  const view = new DataView(frame.buffer)
  view.setUint32(0, batch.length, true)
  let offset = COUNT_BYTES
  for (const { publicKey, bytes, signature } of batch) {
    view.setUint32(offset, bytes.byteLength, true)
    frame.set(publicKey, offset + LENGTH_BYTES)
    frame.set(signature, offset + LENGTH_BYTES + PUBLIC_KEY_BYTES)
    frame.set(bytes, offset + fixed)
    offset += fixed + bytes.byteLength
  }
  return frame.buffer
}

export function decodeToVerify(buffer: ArrayBuffer): readonly SignedBytes[] {
  const view = new DataView(buffer)
  let offset = COUNT_BYTES
  const take = (length: number): Uint8Array => {
    const part = new Uint8Array(buffer, offset, length)
    offset += length
    return part
  }
  return Array.from({ length: view.getUint32(0, true) }, () => {
    const length = view.getUint32(offset, true)
    offset += LENGTH_BYTES
    return { publicKey: take(PUBLIC_KEY_BYTES), signature: take(SIGNATURE_BYTES), bytes: take(length) }
  })
}

export function encodeToSign(batch: readonly Uint8Array[]): ArrayBuffer {
  const size = batch.reduce((sum, bytes) => sum + LENGTH_BYTES + bytes.byteLength, COUNT_BYTES)
  const frame = new Uint8Array(size)
  const view = new DataView(frame.buffer)
  view.setUint32(0, batch.length, true)
  let offset = COUNT_BYTES
  for (const bytes of batch) {
    view.setUint32(offset, bytes.byteLength, true)
    frame.set(bytes, offset + LENGTH_BYTES)
    offset += LENGTH_BYTES + bytes.byteLength
  }
  return frame.buffer
}

export function decodeToSign(buffer: ArrayBuffer): readonly Uint8Array[] {
  const view = new DataView(buffer)
  let offset = COUNT_BYTES
  return Array.from({ length: view.getUint32(0, true) }, () => {
    const bytes = new Uint8Array(buffer, offset + LENGTH_BYTES, view.getUint32(offset, true))
    offset += LENGTH_BYTES + bytes.byteLength
    return bytes
  })
}

/** Signatures out of one buffer, each in bytes of its own. */
export function splitSignatures(buffer: ArrayBuffer): readonly Uint8Array[] {
  const count = buffer.byteLength / SIGNATURE_BYTES
  return Array.from({ length: count }, (_, index) =>
    new Uint8Array(buffer, index * SIGNATURE_BYTES, SIGNATURE_BYTES).slice(),
  )
}
