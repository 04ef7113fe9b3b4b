import type { Brand } from '../../base/brands.ts'

/**
 * Who signs: `did:key:z6Mk...`, an Ed25519 public key in multibase base58 (W3C did:key, section 2). A `Did` has the right shape; whether the key behind
 * it may be used is the business of `src/wire/v1/did-key.ts`, which everything that comes from outside passes.
 */
export type Did = Brand<string, 'Did'>

/** SHA-256 as 64 lower-case hexadecimal digits. */
export type Hash = Brand<string, 'Hash'>

/** SHA-256 of a contract's canonical bytes without signatures: the same terms and salt are the same contract. */
export type ContractId = Brand<Hash, 'ContractId'>

const DID_PATTERN = /^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/
const HASH_PATTERN = /^[0-9a-f]{64}$/

/** Reads a DID by its shape; `undefined` when the text is not one. */
export function parseDid(text: string): Did | undefined {
  return DID_PATTERN.test(text) ? (text as Did) : undefined
}

/** Reads a hash; `undefined` when the text is not 64 lower-case hexadecimal digits. */
export function parseHash(text: string): Hash | undefined {
  return HASH_PATTERN.test(text) ? (text as Hash) : undefined
}

/** Reads a contract id; `undefined` when the text is not 64 lower-case hexadecimal digits. */
export function parseContractId(text: string): ContractId | undefined {
  return HASH_PATTERN.test(text) ? (text as ContractId) : undefined
}
