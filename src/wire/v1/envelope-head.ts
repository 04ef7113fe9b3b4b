/**
 * The head of every signed message: who says it, to whom, about which contract, at which position and until when, and the hash of what is said. The head alone
 * is signed; the body is bound by `bodyHash`, so that a head with its signature proves what was said where, to people who may not see it.
 *
 * ```json
 * {"aud":"*","bodyHash":"44136fa3...","exp":1790000060000,"iat":1790000000000,"iss":"did:key:z6Mk...","net":"kernell","nonce":"AAAAAAAAAAAAAAAAAAAAAA",
 *  "seq":0,"type":"receipt","v":1}
 * ```
 *
 * @see protocol/spec/envelope.md
 */
import { z } from 'zod'
import type { Timestamp } from '../../base/time.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import { CONTRACT_ID, COUNT, DID, HASH, SALT, SIGNATURE, TIME } from './fields.ts'

/** To whom: a party by its key, a set (of notaries, an auction) by its hash, or everybody. A receiver names which of them it answers to. */
export type Audience = Did | Hash | '*'

export const AUDIENCE: z.ZodType<Audience, string> = z
  .string()
  .max(64)
  .regex(/^(\*|[0-9a-f]{64}|did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44})$/) as unknown as z.ZodType<Audience, string>

/** Longest time from `iat` to `exp`: seven days. What remembers nonces is bounded by it. */
export const VALIDITY_MAX_MS = 604_800_000

/** The same of messages about the ledger: a quarter of an hour. A notary remembers each until it ends, whoever sent it. */
export const LEDGER_VALIDITY_MAX_MS = 900_000

/** The longest time that a message of a type may be valid. */
export function validityMaxOf(type: string): number {
  return type.startsWith('ledger-') ? LEDGER_VALIDITY_MAX_MS : VALIDITY_MAX_MS
}

export type EnvelopeHead = {
  readonly v: 1
  /** Kind of the message, one of `message-types.ts`. */
  readonly type: string
  /** Name of the network: a message of one is nothing on another. */
  readonly net: string
  /** The contract that it is about; `undefined` outside of contracts. */
  readonly contract?: ContractId | undefined
  /** Position among the issuer's messages about the contract (outside of contracts: among those of its type), from 0 upward. */
  readonly seq: number
  /** Hash of the issuer's message at the position before; `undefined` exactly when `seq` is 0. */
  readonly prev?: Hash | undefined
  readonly iss: Did
  readonly aud: Audience
  /** Signed at, by the issuer's clock. */
  readonly iat: Timestamp
  /** No longer effective after, by the receiver's clock. Later than `iat`, by at most `VALIDITY_MAX_MS`. */
  readonly exp: Timestamp
  /** 16 random bytes in base64url, never used twice by one issuer. */
  readonly nonce: string
  /** SHA-256 of the canonical bytes of the body. */
  readonly bodyHash: Hash
}

/** A network's name: `a-z 0-9 . -`, 1 to 32 characters, the first a letter. */
export const NETWORK: z.ZodType<string, string> = z
  .string()
  .max(32)
  .regex(/^[a-z][a-z0-9.-]{0,31}$/)

/** Members of a head, for schemas that hold one. */
export const HEAD_FIELDS = {
  v: z.literal(1),
  type: z
    .string()
    .max(48)
    .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/),
  net: NETWORK,
  contract: CONTRACT_ID.optional(),
  seq: COUNT,
  prev: HASH.optional(),
  iss: DID,
  aud: AUDIENCE,
  iat: TIME,
  exp: TIME,
  nonce: SALT,
  bodyHash: HASH,
} as const

/** A head and its signature, without the body: what is shown to prove that something was said. */
export const SIGNED_HEAD = z.strictObject({ head: z.strictObject(HEAD_FIELDS), signature: SIGNATURE })

export type SignedHead = { readonly head: EnvelopeHead; readonly signature: string }
