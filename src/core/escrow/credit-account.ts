import { canonicalJson } from '../../base/canonical-json.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'
import type { Currency } from '../ledger/ledger-names.ts'

/** Whose account it is: what a payer owes a worker in one of its own currencies. */
export type CreditPair = { readonly payer: Did; readonly worker: Did; readonly currency: Currency }

const BEGINNING_DOMAIN = 'kernell/credit-account/v1\0'
const SETTLEMENT_DOMAIN = 'kernell/credit-settlement/v1\0'

/** Head of an account before its first contract, which both compute. */
export function creditBeginning({ payer, worker, currency }: CreditPair): Hash {
  // A SHA-256.
  return sha256Hex(BEGINNING_DOMAIN + canonicalJson({ currency, payer, worker })) as Hash
}

/**
 * Head of an account after a contract: of the head that both signed with the contract, and of the transition with which the notary set certified its end. So whoever
 * signs the next contract signs all that were before it, with how they ended.
 *
 * @param ending  Hash of the contract's last transition.
 */
export function creditSettlement(init: {
  readonly accountHead: Hash
  readonly contract: ContractId
  readonly ending: Hash
}): Hash {
  const { accountHead, contract, ending } = init
  return sha256Hex(SETTLEMENT_DOMAIN + canonicalJson({ accountHead, contract, ending })) as Hash
}
