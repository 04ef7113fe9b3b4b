import { ed25519 } from '@noble/curves/ed25519.js'
import nacl from 'tweetnacl'
import { expect, it } from 'vitest'
import { createPortableVerifier } from '../../src/keys/portable-signatures.ts'
import { openSodiumVerifier, type Sodium } from '../../src/keys/sodium-signatures.ts'

type Verify = Sodium['crypto_sign_verify_detached']

const opened = (verify: Verify): ReturnType<typeof openSodiumVerifier> =>
  openSodiumVerifier(() => ({ crypto_sign_verify_detached: verify }))

it('takes a library that judges by the rule', () => {
  const pair = nacl.sign.keyPair.fromSeed(new Uint8Array(32).fill(3))
  const bytes = Uint8Array.of(1, 2, 3)
  const signed = { publicKey: pair.publicKey, bytes, signature: nacl.sign.detached(bytes, pair.secretKey) }
  const verifier = opened((signature, message, publicKey) =>
    createPortableVerifier().verify({ publicKey, bytes: message, signature }),
  )
  expect(verifier?.verify(signed)).toBe(true)
  expect(verifier?.verify({ ...signed, bytes: Uint8Array.of(1) })).toBe(false)
})

it('does not take one that multiplies the cofactor in, as the development branch of libsodium does', () => {
  expect(
    opened((signature, message, publicKey) => ed25519.verify(signature, message, publicKey, { zip215: true })),
  ).toBe(undefined)
})

it.each<readonly [string, Verify]>([
  ['says yes to everything', () => true],
  ['says no to everything', () => false],
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
])('does not take one that %s', (_what, verify) => {
  expect(opened(verify)).toBe(undefined)
})

it('does without one that is not installed', () => {
  const load = (): never => {
    throw new Error("Cannot find module 'sodium-native'")
  }
  expect(openSodiumVerifier(load)).toBe(undefined)
})
