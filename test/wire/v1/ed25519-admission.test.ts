import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  admitPublicKey,
  isCurvePoint,
  publicKeyRefusal,
  signatureRefusal,
} from '../../../src/wire/v1/ed25519-admission.ts'

const P = 2n ** 255n - 19n
const L = ed25519.Point.Fn.ORDER
const KEY = ed25519.getPublicKey(new Uint8Array(32).fill(5))
const SIGNATURE = ed25519.sign(Uint8Array.of(1), new Uint8Array(32).fill(5))

function littleEndian(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((number >> BigInt(8 * index)) & 0xffn))
}

function withSign(bytes: Uint8Array): Uint8Array {
  return bytes.with(31, (bytes[31] ?? 0) | 0x80)
}

function signatureOf(point: Uint8Array, scalar: Uint8Array): Uint8Array {
  return Uint8Array.from([...point, ...scalar])
}

describe('publicKeyRefusal', () => {
  it('admits what key generation makes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        expect(admitPublicKey(ed25519.getPublicKey(seed))).toBeUndefined()
      }),
    )
  })

  it('refuses other lengths', () => {
    expect([0, 31, 33, 64].map((length) => publicKeyRefusal(new Uint8Array(length)))).toEqual(
      Array(4).fill('KEY_LENGTH_WRONG'),
    )
  })

  it('refuses each point of the torsion subgroup', () => {
    expect(ED25519_TORSION_SUBGROUP).toHaveLength(8)
    for (const hex of ED25519_TORSION_SUBGROUP)
      expect(publicKeyRefusal(new Uint8Array(Buffer.from(hex, 'hex')))).toBe('KEY_ORDER_SMALL')
  })

  it('refuses every y from p upward, with either sign', () => {
    for (let y = P; y < 2n ** 255n; y += 1n) {
      expect(publicKeyRefusal(littleEndian(y))).toBe('KEY_NOT_CANONICAL')
      expect(publicKeyRefusal(withSign(littleEndian(y)))).toBe('KEY_NOT_CANONICAL')
    }
    expect(publicKeyRefusal(littleEndian(P - 2n))).toBeUndefined()
    expect(publicKeyRefusal(withSign(littleEndian(P - 2n)))).toBeUndefined()
  })

  it('refuses x = 0 with the sign set', () => {
    expect(publicKeyRefusal(withSign(littleEndian(1n)))).toBe('KEY_NOT_CANONICAL')
    expect(publicKeyRefusal(withSign(littleEndian(P - 1n)))).toBe('KEY_NOT_CANONICAL')
  })
})

describe('signatureRefusal', () => {
  it('admits a signature', () => {
    expect(signatureRefusal(SIGNATURE)).toBeUndefined()
  })

  it('refuses other lengths', () => {
    expect([0, 63, 65].map((length) => signatureRefusal(new Uint8Array(length)))).toEqual(
      Array(3).fill('SIGNATURE_LENGTH_WRONG'),
    )
  })

  it('refuses S from L upward and nothing below', () => {
    const refusals = [0n, L - 1n, L, L + 1n, 2n ** 253n, 2n ** 256n - 1n].map((scalar) =>
      signatureRefusal(signatureOf(KEY, littleEndian(scalar))),
    )
    const large = 'SIGNATURE_SCALAR_LARGE'
    expect(refusals).toEqual([undefined, undefined, large, large, large, large])
  })

  it('refuses R that is not canonical or of small order', () => {
    expect(signatureRefusal(signatureOf(littleEndian(P + 3n), littleEndian(1n)))).toBe('SIGNATURE_POINT_NOT_CANONICAL')
    expect(signatureRefusal(signatureOf(littleEndian(1n), littleEndian(1n)))).toBe('SIGNATURE_POINT_ORDER_SMALL')
  })
})

describe('isCurvePoint', () => {
  it('says of any bytes what a library says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const canonical = bytes.with(31, (bytes[31] ?? 0) & 0x3f)
        expect(isCurvePoint(canonical)).toBe(isPointForLibrary(canonical))
      }),
      { numRuns: 300 },
    )
  })

  it('is asked at admission', () => {
    expect(admitPublicKey(littleEndian(2n))).toBe('KEY_NOT_ON_CURVE')
    expect(isCurvePoint(new Uint8Array(31))).toBe(false)
  })
})

function isPointForLibrary(bytes: Uint8Array): boolean {
  try {
    ed25519.Point.fromBytes(bytes)
    return true
  } catch {
    return false
  }
}
