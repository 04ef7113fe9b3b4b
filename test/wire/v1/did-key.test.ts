import fc from 'fast-check'
import { base58btc } from 'multiformats/bases/base58'
import { expect, test } from 'vitest'
import type { Did } from '../../../src/core/evidence/names.ts'
import { parseDid } from '../../../src/core/evidence/names.ts'
import { didOfPublicKey, publicKeyOfDid } from '../../../src/wire/v1/did-key.ts'

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

test('a key comes back from its DID', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
      expect(publicKeyOfDid(didOfPublicKey(key))).toEqual(key)
    }),
    { numRuns: 2_000 },
  )
})

test('every text of the shape is read as the general reader of base 58 reads it', () => {
  const digit = fc.nat(57).map((index) => ALPHABET[index] ?? '1')
  fc.assert(
    fc.property(fc.array(digit, { minLength: 44, maxLength: 44 }), (digits) => {
      const did = `did:key:z6Mk${digits.join('')}` as Did
      const bytes = base58btc.decode(did.slice('did:key:'.length))
      const isKey = bytes.byteLength === 34 && bytes[0] === 0xed && bytes[1] === 0x01
      expect(parseDid(did)).toBe(did)
      expect(publicKeyOfDid(did)).toEqual(isKey ? bytes.slice(2) : undefined)
    }),
    { numRuns: 2_000 },
  )
})
