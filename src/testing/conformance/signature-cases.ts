import { bytesOfHex } from '../../base/hex.ts'
import type { BatchSigner, Signer } from '../../ports/signer.ts'
import type { BatchVerifier, Verifier } from '../../ports/verifier.ts'
import { type ConformanceCase, expectSame } from './conformance-case.ts'

/** RFC 8032, section 7.1, test 2: a message of one byte. */
const SEED = bytesOfHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
const PUBLIC_KEY_HEX = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'
const MESSAGE = Uint8Array.of(0x72)
const SIGNATURE = bytesOfHex(
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
)
const SIGNED = { publicKey: bytesOfHex(PUBLIC_KEY_HEX), bytes: MESSAGE, signature: SIGNATURE }
/** The order of the group, little-endian. */
const GROUP_ORDER = bytesOfHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')
/** The points of small order in every encoding that libraries read, but for the sign. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

/** A way to make signers of seeds. */
export type SignerSubject = { readonly createSigner: (seed: Uint8Array) => Signer }

/** Every promise of the Signer port. */
export const SIGNER_CASES: readonly ConformanceCase<SignerSubject>[] = [
  {
    name: 'a seed has the public key and the signature of RFC 8032',
    run: async ({ createSigner }) => {
      const signer = createSigner(SEED)
      expectSame(signer.publicKeyHex, PUBLIC_KEY_HEX, 'public key')
      expectSame(signer.sign(MESSAGE), SIGNATURE, 'signature')
    },
  },
  {
    name: 'a signer keeps nothing of the seed that it was given',
    run: async ({ createSigner }) => {
      const seed = new Uint8Array(SEED)
      const signer = createSigner(seed)
      seed.fill(0)
      expectSame(signer.sign(MESSAGE), SIGNATURE, 'signature')
    },
  },
  {
    name: 'signatures are fresh bytes of their own',
    run: async ({ createSigner }) => {
      const signer = createSigner(SEED)
      const first = signer.sign(MESSAGE)
      expectSame(first.buffer.byteLength, 64, 'bytes behind the signature')
      first.fill(0)
      expectSame(signer.sign(MESSAGE), SIGNATURE, 'the next signature')
    },
  },
  {
    name: 'a seed of another length is misuse',
    run: async ({ createSigner }) => {
      for (const length of [0, 31, 33, 64])
        expectSame(
          isRangeError(() => createSigner(new Uint8Array(length))),
          true,
          `${length} bytes`,
        )
    },
  },
]

/** Every promise of the Verifier port that needs no point arithmetic; the rest is in `protocol/vectors/v1/signatures.json`. */
export const VERIFIER_CASES: readonly ConformanceCase<Verifier>[] = [
  {
    name: 'the signature of RFC 8032 is right, and no other bit is',
    run: async (verifier) => {
      expectSame(verifier.verify(SIGNED), true, 'as it is')
      for (const bit of [0, 7, 255, 256, 511]) {
        const signature = flipped(SIGNATURE, bit)
        expectSame(verifier.verify({ ...SIGNED, signature }), false, `bit ${bit} of the signature`)
      }
      expectSame(verifier.verify({ ...SIGNED, bytes: Uint8Array.of(0x73) }), false, 'another message')
      expectSame(verifier.verify({ ...SIGNED, publicKey: flipped(SIGNED.publicKey, 3) }), false, 'another key')
    },
  },
  {
    name: 'keys and signatures of other lengths are false',
    run: async (verifier) => {
      for (const length of [0, 31, 33])
        expectSame(verifier.verify({ ...SIGNED, publicKey: new Uint8Array(length) }), false, `key of ${length}`)
      for (const length of [0, 63, 65]) {
        const signature = new Uint8Array(length)
        signature.set(SIGNATURE.subarray(0, Math.min(length, 64)))
        expectSame(verifier.verify({ ...SIGNED, signature }), false, `signature of ${length}`)
      }
    },
  },
  {
    name: 'S + L is false',
    run: async (verifier) => {
      const signature = new Uint8Array(SIGNATURE)
      let carry = 0
      for (let index = 0; index < 32; index += 1) {
        carry += (signature[32 + index] ?? 0) + (GROUP_ORDER[index] ?? 0)
        signature[32 + index] = carry & 0xff
        carry >>= 8
      }
      expectSame(verifier.verify({ ...SIGNED, signature }), false, 'S + L')
    },
  },
  {
    name: 'a key of small order verifies nothing',
    run: async (verifier) => {
      for (const hex of SMALL_ORDER) {
        for (const sign of [0, 0x80]) {
          const point = bytesOfHex(hex)
          point[31] = (point[31] ?? 0) | sign
          // S = 0 and R = A or the neutral point: right for every message in eight, where nobody looks at the order.
          for (let message = 0; message < 16; message += 1) {
            for (const start of [point, bytesOfHex(SMALL_ORDER[1] ?? '')]) {
              const signature = new Uint8Array(64)
              signature.set(start)
              expectSame(verifier.verify({ publicKey: point, bytes: Uint8Array.of(message), signature }), false, hex)
            }
          }
        }
      }
    },
  },
  {
    name: 'bytes within a larger buffer are judged as they are',
    run: async (verifier) => {
      const whole = Uint8Array.from([9, ...SIGNED.publicKey, ...SIGNATURE, ...MESSAGE, 9])
      const parts = {
        publicKey: whole.subarray(1, 33),
        signature: whole.subarray(33, 97),
        bytes: whole.subarray(97, 98),
      }
      expectSame(verifier.verify(parts), true, 'parts')
    },
  },
]

/** Every promise of the BatchSigner port that goes beyond the Signer's; the subject is made of a seed. */
export const BATCH_SIGNER_CASES: readonly ConformanceCase<(seed: Uint8Array) => BatchSigner>[] = [
  {
    name: 'signatures come in order, each the one that sign gives, in bytes of its own',
    run: async (createSigner) => {
      const signer = createSigner(SEED)
      for (const count of [0, 1, 5, 150]) {
        const batch = Array.from({ length: count }, (_, index) => new Uint8Array(index % 40).fill(index))
        const signatures = await signer.signBatch(batch)
        expectSame(
          signatures,
          batch.map((bytes) => signer.sign(bytes)),
          `${count} signatures`,
        )
        for (const signature of signatures) expectSame(signature.buffer.byteLength, 64, 'bytes behind a signature')
      }
    },
  },
]

/** Every promise of the BatchVerifier port. */
export const BATCH_VERIFIER_CASES: readonly ConformanceCase<BatchVerifier>[] = [
  {
    name: 'verdicts come in order, and exactly the wrong ones are refused',
    run: async (verifier) => {
      for (const count of [0, 1, 3, 200]) {
        const batch = Array.from({ length: count }, (_, index) =>
          index % 7 === 2 ? { ...SIGNED, signature: flipped(SIGNATURE, index) } : SIGNED,
        )
        const verdicts = await verifier.verifyBatch(batch)
        expectSame(
          verdicts,
          batch.map((_, index) => index % 7 !== 2),
          `${count} signatures`,
        )
      }
    },
  },
  {
    name: 'what is no key and no signature is false, and the rest is judged',
    run: async (verifier) => {
      const batch = [{ ...SIGNED, publicKey: new Uint8Array(0) }, { ...SIGNED, signature: new Uint8Array(65) }, SIGNED]
      expectSame(await verifier.verifyBatch(batch), [false, false, true], 'short and long')
      const many = Array.from({ length: 50 }, () => batch).flat()
      expectSame(
        await verifier.verifyBatch(many),
        Array.from({ length: 50 }, () => [false, false, true]).flat(),
        'many',
      )
    },
  },
]

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = new Uint8Array(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

function isRangeError(work: () => unknown): boolean {
  try {
    work()
    return false
  } catch (error: unknown) {
    return error instanceof RangeError
  }
}
