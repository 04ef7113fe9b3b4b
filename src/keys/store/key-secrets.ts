import { base64url } from 'multiformats/bases/base64'
import type { Did } from '../../core/evidence/names.ts'
import type { Random } from '../../ports/random.ts'
import type { Signer } from '../../ports/signer.ts'
import { didOfPublicKey } from '../../wire/v1/did-key.ts'
import { type KeyStatement, type SignedKeyStatement, signingBytesOfKeyStatement } from '../../wire/v1/key-statements.ts'
import { NODE_AGREEMENT } from '../agree.ts'
import { createNodeSigner } from '../node-signatures.ts'

const SECRET_BYTES = 32
/** Seed and sealing secret of one key. */
export const SECRETS_BYTES = 64

/** A key with all that is public about it. Its secrets are the 64 bytes that it was made of. */
export type KeyPair = {
  readonly signer: Signer
  readonly did: Did
  /** X25519, base64url. */
  readonly sealingKey: string
}

/** 64 fresh bytes: a seed to sign with and a secret to open sealed payloads with; neither follows from the other. */
export function drawSecrets(random: Random): Uint8Array {
  return new Uint8Array(random.bytes(SECRETS_BYTES))
}

export function keyPairOf(secrets: Uint8Array): KeyPair {
  const signer = createNodeSigner(secrets.subarray(0, SECRET_BYTES))
  const sealing = NODE_AGREEMENT.publicKeyOf(sealingSecretOf(secrets))
  return { signer, did: didOfSigner(signer), sealingKey: base64url.baseEncode(sealing) }
}

export function sealingSecretOf(secrets: Uint8Array): Uint8Array {
  return secrets.subarray(SECRET_BYTES, SECRETS_BYTES)
}

export function didOfSigner(signer: Pick<Signer, 'publicKeyHex'>): Did {
  return didOfPublicKey(new Uint8Array(Buffer.from(signer.publicKeyHex, 'hex')))
}

/** The statement with the signatures of those who have to sign it, in order. */
export function signKeyStatement(statement: KeyStatement, signers: readonly Signer[]): SignedKeyStatement {
  const bytes = signingBytesOfKeyStatement(statement)
  return { statement, signatures: signers.map((signer) => base64url.baseEncode(signer.sign(bytes))) }
}
