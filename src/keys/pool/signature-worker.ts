import type { KeyObject } from 'node:crypto'
import { move } from 'piscina'
import type { Verifier } from '../../ports/verifier.ts'
import { createNodeVerifier, signerOfKey } from '../node-signatures.ts'
import { openFastestVerifier, type VerifierBackend } from '../sodium-signatures.ts'
import { decodeToSign, decodeToVerify, SIGNATURE_BYTES } from './signature-frames.ts'

export type VerifyJob = { readonly frame: ArrayBuffer; readonly backend: VerifierBackend }
export type SignJob = { readonly frame: ArrayBuffer; readonly key: KeyObject }

/** The verifier of this thread, with the keys that it has imported; a pool has one kind of them. */
let verifier: Verifier | undefined

/** One byte for each of the batch; the buffer is handed back. */
export function verifyFrame({ frame, backend }: VerifyJob): ReturnType<typeof move> {
  const judge = (verifier ??= backend === 'libsodium' ? openFastestVerifier().verifier : createNodeVerifier())
  return handBack(Uint8Array.from(decodeToVerify(frame), (signed) => (judge.verify(signed) ? 1 : 0)))
}

/** 64 bytes for each of the batch; the buffer is handed back. */
export function signFrame({ frame, key }: SignJob): ReturnType<typeof move> {
  const signer = signerOfKey(key)
  const batch = decodeToSign(frame)
  const signatures = new Uint8Array(batch.length * SIGNATURE_BYTES)
  for (const [index, bytes] of batch.entries()) signatures.set(signer.sign(bytes), index * SIGNATURE_BYTES)
  return handBack(signatures)
}

function handBack(bytes: Uint8Array<ArrayBuffer>): ReturnType<typeof move> {
  return move(bytes.buffer)
}
