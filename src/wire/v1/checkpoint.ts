/**
 * A signed checkpoint: how far a journal has come and what the books say there. Whoever holds two of one signer for one position with different heads holds
 * the proof of a split view, and needs nothing else to show it. It does not say that the entries before it are right; that is found out by replaying them.
 *
 * It is signed over `kernell/journal/checkpoint/v1`, a zero byte, and the SHA-256 of its canonical bytes.
 *
 * ```ts
 * const isForked = (one: Checkpoint, other: Checkpoint): boolean => one.entries === other.entries && one.head !== other.head
 * ```
 *
 * @see protocol/spec/ledger.md#checkpoints
 */
import { base64url } from 'multiformats/bases/base64'
import { z } from 'zod'
import { bytesOfHex, hexOfBytes } from '../../base/hex.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import { canonicalText } from './canonical.ts'
import { didOfPublicKey, publicKeyOfDid } from './did-key.ts'
import { COUNT, DID, HASH, SIGNATURE, TIME } from './fields.ts'
import { domainBytes, hashOfText } from './signing-bytes.ts'

export type Checkpoint = {
  readonly v: 1
  /** Name of the journal: the hash that its first entry follows. */
  readonly journal: Hash
  /** Entries that it covers. */
  readonly entries: number
  /** Hash of the last of them; the journal's name where there are none. */
  readonly head: Hash
  /** Merkle root over the hashes of the entries. */
  readonly root: Hash
  /** SHA-256 of the canonical balances after the last of them. */
  readonly balances: Hash
  /** Stamp of the last of them or later. */
  readonly at: Timestamp
  readonly signer: Did
}

export type SignedCheckpoint = {
  readonly checkpoint: Checkpoint
  /** 64 bytes, base64url. */
  readonly signature: string
}

export const CHECKPOINT: z.ZodType<Checkpoint> = z.strictObject({
  v: z.literal(1),
  journal: HASH,
  entries: COUNT,
  head: HASH,
  root: HASH,
  balances: HASH,
  at: TIME,
  signer: DID,
})

export const SIGNED_CHECKPOINT: z.ZodType<SignedCheckpoint> = z.strictObject({
  checkpoint: CHECKPOINT,
  signature: SIGNATURE,
})

const DOMAIN = 'kernell/journal/checkpoint/v1\u0000'

/** What is signed. */
export function signingBytesOfCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const hash = hashOfText(canonicalText(checkpoint))
  return domainBytes(DOMAIN, hash)
}

/** The DID of a key given as 64 hexadecimal digits. */
export function signerOfKey(publicKeyHex: string): Did {
  return didOfPublicKey(bytesOfHex(publicKeyHex))
}

/** The key of a signer as 64 hexadecimal digits; `undefined` when the DID is none of a key. */
export function keyOfSigner(signer: Did): string | undefined {
  const key = publicKeyOfDid(signer)
  return key && hexOfBytes(key)
}

export function encodeSignature(signature: Uint8Array): string {
  return base64url.baseEncode(signature)
}

/** The 64 bytes of a signature; `undefined` when the text is none. */
export function decodeSignature(text: string): Uint8Array | undefined {
  return SIGNATURE.safeParse(text).success ? base64url.baseDecode(text) : undefined
}
