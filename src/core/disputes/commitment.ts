import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'

export type CommitmentInit = {
  /** What kind of thing is committed to. */
  readonly domain: 'replica' | 'vote'
  readonly contract: ContractId
  /** Which run of the task, or which round of votes. */
  readonly round: number
  /** Who commits: inside the hash, so that a copied commitment opens for nobody but its author. */
  readonly iss: Did
  /** 128 random bits or more as text; without them the few possible values could be tried. */
  readonly salt: string
  readonly value: JsonValue
}

/** SHA-256 over a domain of its own and the canonical JSON of contract, round, signer, salt and value. */
export function commitmentOf({ domain, contract, round, iss, salt, value }: CommitmentInit): Hash {
  return sha256Hex(`kernell/dispute-${domain}/v1\0${canonicalJson({ contract, iss, round, salt, value })}`) as Hash
}
