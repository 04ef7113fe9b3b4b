import type { Amount } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { ContractId, Hash } from '../evidence/names.ts'
import type { DisputedState } from './escrow-state.ts'

const DOMAIN = 'kernell/escrow/evidence/v1\0'

/**
 * The root of a dispute's record, which rulings name: a chain of SHA-256 over domain, the root so far (the contract's id at first) and `party:hash` of each piece
 * in the order of arrival.
 */
export function evidenceRootOf(contract: ContractId, evidence: DisputedState['evidence']): Hash {
  let root: string = contract
  for (const { party, hash } of evidence) root = sha256Hex(`${DOMAIN}${root}\0${party}:${hash}`)
  return root as Hash
}

/** The root with a proof of equivocation added; the two hashes in code unit order, so that both ways of telling it are one. */
export function rootWithProof(root: Hash, one: Hash, other: Hash): Hash {
  const [low, high] = one < other ? [one, other] : [other, one]
  return sha256Hex(`${DOMAIN}${root}\0equivocation:${low}:${high}`) as Hash
}

/** The root with a delivery that came after the proof, so that a ruling says whether it knows of it. */
export function rootWithDelivery(root: Hash, result: Hash, claimNanos: Amount): Hash {
  return sha256Hex(`${DOMAIN}${root}\0delivery:${result}:${claimNanos}`) as Hash
}
