import type { Signer, VerifySignature } from '../../ports/signer.ts'
import {
  type Checkpoint,
  decodeSignature,
  encodeSignature,
  keyOfSigner,
  type SignedCheckpoint,
  signerOfKey,
  signingBytesOfCheckpoint,
} from '../../wire/v1/checkpoint.ts'

/** Signs as whoever the signer is. */
export function signCheckpoint(content: Omit<Checkpoint, 'v' | 'signer'>, signer: Signer): SignedCheckpoint {
  const checkpoint: Checkpoint = { v: 1, ...content, signer: signerOfKey(signer.publicKeyHex) }
  return { checkpoint, signature: encodeSignature(signer.sign(signingBytesOfCheckpoint(checkpoint))) }
}

/** Whether the key that the checkpoint names has signed it. */
export function isCheckpointSigned({ checkpoint, signature }: SignedCheckpoint, verify: VerifySignature): boolean {
  const publicKeyHex = keyOfSigner(checkpoint.signer)
  const bytes = decodeSignature(signature)
  if (publicKeyHex === undefined || bytes === undefined) return false
  return verify({ publicKeyHex, bytes: signingBytesOfCheckpoint(checkpoint), signature: bytes })
}
