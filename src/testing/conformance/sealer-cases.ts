import { bytesOfHex } from '../../base/hex.ts'
import { SEAL_PADDING_BYTES, SEAL_PAYLOAD_BYTES_MAX, type Sealer } from '../../ports/sealer.ts'
import { type ConformanceCase, expectSame } from './conformance-case.ts'

/** Two sealers of different secrets. */
export type SealerSubject = { readonly sealer: Sealer; readonly other: Sealer }

/** Public keys with which every secret agrees on zeros: of order 1, 2, 4 and 8 on the curve and its twist (RFC 7748, section 6.1). */
const EMPTY_KEYS = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

/** Every promise of the Sealer port. */
export const SEALER_CASES: readonly ConformanceCase<SealerSubject>[] = [
  {
    name: 'what is sealed for a key is opened with it, and with no other',
    run: async ({ sealer, other }) => {
      for (const length of [0, 1, 251, 252, 253, 5_000]) {
        const payload = Uint8Array.from({ length }, (_, index) => index & 0xff)
        const sealed = bytesOfOutcome(sealer, payload, other.publicKey)
        expectSame(other.open(sealed), { ok: true, bytes: payload }, `${length} bytes`)
        expectSame(sealer.open(sealed), { ok: false, code: 'SEAL_BROKEN' }, 'with the key of the sender')
      }
    },
  },
  {
    name: 'sizes tell no more than a multiple of the padding',
    run: async ({ sealer, other }) => {
      const sizes = [0, 100, 252, 253].map(
        (length) => bytesOfOutcome(sealer, new Uint8Array(length), other.publicKey).byteLength,
      )
      const head = 72
      expectSame(
        sizes,
        [1, 1, 1, 2].map((blocks) => head + blocks * SEAL_PADDING_BYTES),
        'sizes',
      )
    },
  },
  {
    name: 'sealing twice gives different bytes',
    run: async ({ sealer, other }) => {
      const [first, second] = [1, 2].map(() => bytesOfOutcome(sealer, Uint8Array.of(1), other.publicKey).join(','))
      expectSame(first === second, false, 'equal bytes')
    },
  },
  {
    name: 'the largest payload is sealed, a larger one refused',
    run: async ({ sealer, other }) => {
      const largest = new Uint8Array(SEAL_PAYLOAD_BYTES_MAX).fill(7)
      expectSame(other.open(bytesOfOutcome(sealer, largest, other.publicKey)).ok, true, 'the largest')
      const larger = sealer.seal(new Uint8Array(SEAL_PAYLOAD_BYTES_MAX + 1), other.publicKey)
      expectSame(larger, { ok: false, code: 'SEAL_PAYLOAD_TOO_LARGE' }, 'a larger one')
    },
  },
  {
    name: 'keys with which nothing is agreed are refused',
    run: async ({ sealer }) => {
      for (const hex of EMPTY_KEYS) {
        expectSame(sealer.seal(Uint8Array.of(1), bytesOfHex(hex)), { ok: false, code: 'SEAL_KEY_UNUSABLE' }, hex)
      }
      for (const length of [0, 31, 33])
        expectSame(
          sealer.seal(Uint8Array.of(1), new Uint8Array(length)),
          { ok: false, code: 'SEAL_KEY_UNUSABLE' },
          `${length} bytes`,
        )
    },
  },
  {
    name: 'changed, cut and foreign bytes are refused',
    run: async ({ sealer, other }) => {
      const sealed = bytesOfOutcome(sealer, Uint8Array.of(1, 2, 3), other.publicKey)
      for (const index of [0, 31, 32, 55, 56, 80, sealed.byteLength - 1]) {
        const changed = new Uint8Array(sealed)
        changed[index] = (changed[index] ?? 0) ^ 1
        expectSame(other.open(changed), { ok: false, code: 'SEAL_BROKEN' }, `byte ${index}`)
      }
      for (const length of [0, 55, 72, sealed.byteLength - 1])
        expectSame(other.open(sealed.slice(0, length)), { ok: false, code: 'SEAL_BROKEN' }, `${length} bytes`)
      expectSame(other.open(new Uint8Array(200_000)), { ok: false, code: 'SEAL_BROKEN' }, 'too many bytes')
    },
  },
]

function bytesOfOutcome(sealer: Sealer, payload: Uint8Array, recipient: Uint8Array): Uint8Array {
  const outcome = sealer.seal(payload, recipient)
  if (!outcome.ok) throw new Error(`Not sealed: ${outcome.code}`)
  return outcome.bytes
}
