/** Points and numbers of edwards25519 for `signature-vectors.ts`, with the encodings that only lenient decoders read. */
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'

export type Point = InstanceType<typeof ed25519.Point>

export const P: bigint = 2n ** 255n - 19n
export const L: bigint = ed25519.Point.Fn.ORDER
export const BASE: Point = ed25519.Point.BASE
export const TORSION: readonly Point[] = ED25519_TORSION_SUBGROUP.map((hex) => ed25519.Point.fromHex(hex))
const NEUTRAL = ed25519.Point.ZERO.toBytes()

/** All 14 encodings that a lenient decoder reads as a point of small order. */
export const SMALL_ORDER: readonly {
  readonly bytes: Uint8Array
  readonly point: Point
  readonly isCanonical: boolean
}[] = [
  ...TORSION.map((point) => ({ bytes: point.toBytes(), point, isCanonical: true })),
  ...[
    withSign(numberBytes(1n)),
    withSign(numberBytes(P - 1n)),
    numberBytes(P),
    withSign(numberBytes(P)),
    numberBytes(P + 1n),
    withSign(numberBytes(P + 1n)),
  ].map((bytes) => ({ bytes, point: ed25519.Point.fromBytes(lenient(bytes), true), isCanonical: false })),
]

/** A secret scalar, its point, and the nonce of a name, all from the name. */
export function keyOf(name: string): { readonly scalar: bigint; readonly point: Point; readonly nonce: bigint } {
  const scalar = scalarOf(`${name}/key`)
  return { scalar, point: BASE.multiply(scalar), nonce: scalarOf(`${name}/nonce`) }
}

export function scalarOf(name: string): bigint {
  return (bytesNumber(sha512(text(name))) % (L - 1n)) + 1n
}

export function challenge(parts: {
  readonly point: Uint8Array
  readonly key: Uint8Array
  readonly message: Uint8Array
}): bigint {
  return bytesNumber(sha512(joined(parts.point, parts.key, parts.message))) % L
}

/** The first numbered message whose challenge `isWanted`. */
export function messageWhere(name: string, isWanted: (message: Uint8Array) => boolean): Uint8Array {
  for (let number = 0; number < 100_000; number += 1) {
    const message = text(`${name} ${number}`)
    if (isWanted(message)) return message
  }
  throw new Error(`No message for ${name}`)
}

export function isReachable(point: Point, answer: Point): boolean {
  for (let count = 0n; count < 8n; count += 1n) if (times(point, count).add(answer).is0()) return true
  return false
}

/** [k]T of a point of order 8 at most, without asking for the order of k. */
export function times(point: Point, count: bigint): Point {
  let sum = ed25519.Point.ZERO
  for (let left = count % 8n; left > 0n; left -= 1n) sum = sum.add(point)
  return sum
}

export function isNeutral(point: Point): boolean {
  return hex(point.toBytes()) === hex(NEUTRAL)
}

/** The canonical encoding that a lenient decoder reads these bytes as. */
export function lenient(bytes: Uint8Array): Uint8Array {
  const y = bytesNumber(bytes.with(31, (bytes[31] ?? 0) & 0x7f)) % P
  const isSignKept = y !== 1n && y !== P - 1n && (bytes[31] ?? 0) >= 0x80
  return isSignKept ? withSign(numberBytes(y)) : numberBytes(y)
}

export function isPoint(bytes: Uint8Array): boolean {
  try {
    ed25519.Point.fromBytes(bytes)
    return true
  } catch {
    return false
  }
}

export function numberBytes(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((number >> BigInt(8 * index)) & 0xffn))
}

export function bytesNumber(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

export function withSign(bytes: Uint8Array): Uint8Array {
  return bytes.with(31, (bytes[31] ?? 0) | 0x80)
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
