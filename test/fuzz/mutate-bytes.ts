import type { RandomStream } from '../../src/base/random-stream.ts'

/** Bytes that begin something in CBOR, length prefixes that lie, ends of ranges, marks of text. */
const TELLING_BYTES = [
  0x00, 0x01, 0x0a, 0x18, 0x1b, 0x20, 0x22, 0x2c, 0x3b, 0x40, 0x5b, 0x60, 0x7b, 0x7d, 0x7f, 0x80, 0x9f, 0xa0, 0xbf,
  0xc0, 0xd8, 0xed, 0xef, 0xf6, 0xfb, 0xff,
]

/** One change to bytes; `other` is what may be spliced in. */
export function mutateBytes(bytes: Uint8Array, other: Uint8Array, random: RandomStream): Uint8Array {
  const at = random.nextBelow(bytes.length + 1)
  const length = random.nextBelow(16)
  switch (random.nextBelow(9)) {
    case 0:
      return at < bytes.length ? bytes.with(at, (bytes[at] ?? 0) ^ (1 << random.nextBelow(8))) : bytes
    case 1:
      return at < bytes.length ? bytes.with(at, telling(random)) : bytes
    case 2:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length))
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at))
    case 4:
      return joined(bytes.subarray(0, at), new Uint8Array(1 + length).fill(telling(random)), bytes.subarray(at))
    case 5:
      return joined(bytes.subarray(0, at), other.subarray(random.nextBelow(other.length + 1)))
    case 6:
      return withNumber(bytes, at, random)
    case 7:
      return randomBytes(random, 1 + random.nextBelow(64))
    default:
      return bytes.slice(0, at)
  }
}

export function randomBytes(random: RandomStream, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.nextBelow(256))
}

/** A whole number of two, four or eight bytes where a length may be: nothing, one too many, the largest. */
function withNumber(bytes: Uint8Array, at: number, random: RandomStream): Uint8Array {
  const width = [2, 4, 8][random.nextBelow(3)] ?? 4
  if (at + width > bytes.length) return bytes
  const changed = new Uint8Array(bytes)
  const view = new DataView(changed.buffer)
  const value = [0n, 1n, BigInt(bytes.length), BigInt(bytes.length - at), 2n ** 31n, 2n ** 32n - 1n, 2n ** 64n - 1n][
    random.nextBelow(7)
  ]
  const isLittle = random.nextBelow(2) === 0
  if (width === 2) view.setUint16(at, Number(BigInt.asUintN(16, value ?? 0n)), isLittle)
  else if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, value ?? 0n)), isLittle)
  else view.setBigUint64(at, value ?? 0n, isLittle)
  return changed
}

function telling(random: RandomStream): number {
  return TELLING_BYTES[random.nextBelow(TELLING_BYTES.length)] ?? 0
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
