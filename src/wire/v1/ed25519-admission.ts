/**
 * Which bytes may be an Ed25519 public key or signature at all. Every verifier asks here first, and only then its library; so all of them give the same
 * verdict. It verifies no signature, and it holds no secret.
 *
 * The verdict, in the order of its steps (p = 2^255 - 19, L = 2^252 + 27742317777372353535851937790883648493, B the base point):
 *
 * 1. the public key A has 32 bytes, the signature R || S has 64;
 * 2. y of A and y of R, the low 255 bits of their little-endian numbers, are smaller than p, and where x is 0 (y is 1 or p - 1) the high bit is 0;
 * 3. neither A nor R is of order 1, 2, 4 or 8;
 * 4. S < L;
 * 5. A is a point of the curve, and the encoding of [S]B - [k]A equals R byte for byte, k = SHA-512(R || A || message) mod L. No cofactor: a part of small
 *    order in A or R that survives in the equation makes it wrong.
 *
 * Steps 1 to 4 are here, step 5 is the library's. This is the rule of `crypto_sign_verify_detached` in libsodium 1.0.16 to 1.0.18 built without
 * `ED25519_COMPAT`, which refuses a small-order R too. A key with a part of small order (A + T) is not refused as a key: an honest verifier cannot tell
 * cheaply, and the equation decides about each signature.
 *
 * The encodings of small order, as little-endian hexadecimal digits; the first eight are canonical, the others refused by step 2 already:
 *
 * ```text
 * order 1  0100..00                                                          (y = 1)
 * order 2  ecff..ff7f                                                        (y = p - 1)
 * order 4  0000..00  0000..0080                                              (y = 0)
 * order 8  26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05  and the same with the high bit, ..85
 *          c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a  and the same with the high bit, ..fa
 * again    0100..0080  ecff..ffff                                            (x = 0 with the high bit)
 *          edff..ff7f  edff..ffff                                            (y = p, which is 0)
 *          eeff..ff7f  eeff..ffff                                            (y = p + 1, which is 1)
 * ```
 *
 * ```ts
 * console.log(publicKeyRefusal(new Uint8Array(32))) // KEY_ORDER_SMALL
 * ```
 *
 * @see RFC 8032, sections 5.1.3 and 5.1.7; Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs (2020), sections 3 and 5; protocol/spec/signatures.md
 */
import type { KeyRefusal } from '../../core/evidence/key-refusals.ts'

export const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** The steps that come before the library; a test may plant a weaker one. */
export type SignatureAdmission = {
  readonly publicKeyRefusal: (publicKey: Uint8Array) => KeyRefusal | undefined
  readonly signatureRefusal: (signature: Uint8Array) => KeyRefusal | undefined
}

/** Big-endian, so that they compare digit by digit. */
const FIELD_PRIME = '7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed'
const MINUS_ONE = '7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec'
const GROUP_ORDER = '1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed'
const ZERO = '0000000000000000000000000000000000000000000000000000000000000000'
const ONE = '0000000000000000000000000000000000000000000000000000000000000001'
/** y of the points of order 1, 2, 4 and 8, big-endian. */
const SMALL_ORDER_Y = [
  ONE,
  MINUS_ONE,
  ZERO,
  '05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826',
  '7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7',
]

/** Steps 1 to 3 for a key; `undefined` when it may be one. Whether it is on the curve, `isCurvePoint` says. */
export function publicKeyRefusal(publicKey: Uint8Array): KeyRefusal | undefined {
  if (publicKey.byteLength !== PUBLIC_KEY_BYTES) return 'KEY_LENGTH_WRONG'
  if (!isCanonicalPoint(publicKey)) return 'KEY_NOT_CANONICAL'
  return hasSmallOrder(publicKey) ? 'KEY_ORDER_SMALL' : undefined
}

/** Steps 1 to 4 for a signature; `undefined` when the library may judge it. */
export function signatureRefusal(signature: Uint8Array): KeyRefusal | undefined {
  if (signature.byteLength !== SIGNATURE_BYTES) return 'SIGNATURE_LENGTH_WRONG'
  if (compareNumbers(signature, PUBLIC_KEY_BYTES, { number: GROUP_ORDER, topMask: 0xff }) >= 0)
    return 'SIGNATURE_SCALAR_LARGE'
  if (!isCanonicalPoint(signature)) return 'SIGNATURE_POINT_NOT_CANONICAL'
  return hasSmallOrder(signature) ? 'SIGNATURE_POINT_ORDER_SMALL' : undefined
}

export const SIGNATURE_ADMISSION: SignatureAdmission = { publicKeyRefusal, signatureRefusal }

/**
 * All that can be said of a key before it signs anything: steps 1 to 3, and that it is a point of the curve. For registration and for connections; about
 * 0.2 ms, where `publicKeyRefusal` takes a microsecond.
 */
export function admitPublicKey(publicKey: Uint8Array): KeyRefusal | undefined {
  return publicKeyRefusal(publicKey) ?? (isCurvePoint(publicKey) ? undefined : 'KEY_NOT_ON_CURVE')
}

const P = (1n << 255n) - 19n
/** d = -121665 / 121666 of RFC 8032, section 5.1. */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n

/** Whether a point of the curve has this y: x^2 = (y^2 - 1) / (d y^2 + 1) has to be a square (Euler's criterion; d y^2 + 1 is never 0). */
export function isCurvePoint(encoded: Uint8Array): boolean {
  if (encoded.byteLength !== PUBLIC_KEY_BYTES) return false
  let y = 0n
  for (let index = PUBLIC_KEY_BYTES - 1; index >= 0; index -= 1) {
    const byte = encoded[index] ?? 0
    y = (y << 8n) | BigInt(index === PUBLIC_KEY_BYTES - 1 ? byte & 0x7f : byte)
  }
  const square = (y * y) % P
  const numerator = (square + P - 1n) % P
  const denominator = (D * square + 1n) % P
  const quotientClass = (numerator * denominator) % P
  return quotientClass === 0n || powerModP(quotientClass, (P - 1n) >> 1n) === 1n
}

function powerModP(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % P
    square = (square * square) % P
  }
  return result
}

/** Step 2, of the 32 bytes from the start. */
function isCanonicalPoint(bytes: Uint8Array): boolean {
  if (compareY(bytes, FIELD_PRIME) >= 0) return false
  const isSignSet = (bytes[PUBLIC_KEY_BYTES - 1] ?? 0) >= 0x80
  return !isSignSet || (compareY(bytes, ONE) !== 0 && compareY(bytes, MINUS_ONE) !== 0)
}

function hasSmallOrder(bytes: Uint8Array): boolean {
  return SMALL_ORDER_Y.some((y) => compareY(bytes, y) === 0)
}

function compareY(bytes: Uint8Array, number: string): number {
  return compareNumbers(bytes, 0, { number, topMask: 0x7f })
}

/** Compares a little-endian number of 32 bytes with one in big-endian digits: negative, 0 or positive. Public values; it stops at the first difference. */
function compareNumbers(
  bytes: Uint8Array,
  offset: number,
  { number, topMask }: { readonly number: string; readonly topMask: number },
): number {
  for (let index = 0; index < PUBLIC_KEY_BYTES; index += 1) {
    const byte = (bytes[offset + PUBLIC_KEY_BYTES - 1 - index] ?? 0) & (index === 0 ? topMask : 0xff)
    const difference = byte - (digitAt(number, 2 * index) * 16 + digitAt(number, 2 * index + 1))
    if (difference !== 0) return difference
  }
  return 0
}

function digitAt(text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code < 58 ? code - 48 : code - 87
}
