import { createRequire } from 'node:module'
import { bytesOfHex } from '../base/hex.ts'
import type { Verifier } from '../ports/verifier.ts'
import { createGuardedVerifier, type RawVerify } from './guarded-verifier.ts'
import { createNodeVerifier } from './node-signatures.ts'

/** What judges step 5 of the rule for signatures. */
export type VerifierBackend = 'libsodium' | 'node:crypto'

/** What this project calls of the optional package `sodium-native`. */
export type Sodium = {
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

type Judged = {
  readonly publicKeyHex: string
  readonly messageHex: string
  readonly signatureHex: string
  readonly isRight: boolean
}

const MIXED_KEY_HEX = '44b299f03185fa9e60bad4bdb8b3f83d4f73cac824876017f667507c47be74b2'

/**
 * Signatures on which versions of libsodium differ: its releases (seen up to 1.0.22) judge as written, its development branch multiplies the cofactor in since November 2022 and accepts
 * whatever has a part of small order. Rows of `protocol/vectors/v1/signatures.json`.
 */
const JUDGED: readonly Judged[] = [
  {
    publicKeyHex: '189aec5ccdccc41c9cb751f061927fcd437d3b6969b0b46185aa554c4cc6f662',
    messageHex: '',
    signatureHex:
      '25d882a820c50ce6bffd9c1462c89d89067e0f69d2a49ec8ec530e1e4d8744274c0a74ffb40a41e7c1a469eb13519356b70f84f897643930d42c80776a259904',
    isRight: true,
  },
  // A key with a part of small order, which the equation does not see,
  {
    publicKeyHex: MIXED_KEY_HEX,
    messageHex: '746f7273696f6e20312033',
    signatureHex:
      '34f80753ebfc9966fb6f6818d15c9fdfd295c7c9130d5cb92e8b93da06e81ba4ec19017b9441bef6e67d5d6ea6d8f2bfc58b034207872ebb1753d0775ca12d07',
    isRight: true,
  },
  // and the same where it does.
  {
    publicKeyHex: MIXED_KEY_HEX,
    messageHex: '746f7273696f6e20312030',
    signatureHex:
      '34f80753ebfc9966fb6f6818d15c9fdfd295c7c9130d5cb92e8b93da06e81ba488b0ad0ff1871415b796bcdcc1baf6fec89ddc7fb7d9459586bd0608618a8a0b',
    isRight: false,
  },
  // R with a part of small order.
  {
    publicKeyHex: 'ca11ad743627f95dae4d2b6374f516884f413d71ee980f061be5f1b45ad49553',
    messageHex: '746f7273696f6e2031',
    signatureHex:
      'e9ed362356286140c61fdb185f429dea7aac2b216832c7d686bb50398c823d31c31646f6a8f901d11091819b91c951e3a07792456b374ecd3abbb09ca2f66c01',
    isRight: false,
  },
  // Another message.
  {
    publicKeyHex: '189aec5ccdccc41c9cb751f061927fcd437d3b6969b0b46185aa554c4cc6f662',
    messageHex: '00',
    signatureHex:
      '25d882a820c50ce6bffd9c1462c89d89067e0f69d2a49ec8ec530e1e4d8744274c0a74ffb40a41e7c1a469eb13519356b70f84f897643930d42c80776a259904',
    isRight: false,
  },
]

/**
 * Ed25519 of libsodium behind the admission rules, in about half the time of `node:crypto`. `undefined` where the optional package `sodium-native` is not installed,
 * does not load, or judges otherwise than this project's rule: two notaries must not disagree because one of them has a newer library.
 *
 * @param load  Where the library comes from; tests give others.
 */
export function openSodiumVerifier(load: () => Sodium = loadSodium): Verifier | undefined {
  try {
    const sodium = load()
    const raw: RawVerify = ({ publicKey, bytes, signature }) =>
      sodium.crypto_sign_verify_detached(signature, bytes, publicKey)
    const verifier = createGuardedVerifier(raw)
    return JUDGED.every((row) => isJudgedAsWritten(verifier, row)) ? verifier : undefined
  } catch {
    return undefined
  }
}

/** The fastest verifier there is here, and its name. */
export function openFastestVerifier(): { readonly backend: VerifierBackend; readonly verifier: Verifier } {
  const sodium = openSodiumVerifier()
  return sodium === undefined
    ? { backend: 'node:crypto', verifier: createNodeVerifier() }
    : { backend: 'libsodium', verifier: sodium }
}

function isJudgedAsWritten(verifier: Verifier, { publicKeyHex, messageHex, signatureHex, isRight }: Judged): boolean {
  const signed = {
    publicKey: bytesOfHex(publicKeyHex),
    bytes: bytesOfHex(messageHex),
    signature: bytesOfHex(signatureHex),
  }
  return verifier.verify(signed) === isRight
}

function loadSodium(): Sodium {
  return createRequire(import.meta.url)('sodium-native') as Sodium
}
