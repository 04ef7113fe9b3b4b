import type { Amount } from '../../base/money.ts'
import { addDuration, type DurationMs, type Timestamp } from '../../base/time.ts'
import type { EscrowRules } from '../../core/escrow/escrow-rules.ts'
import {
  type CustodyModel,
  type EscrowTerms,
  type NotarySetTerms,
  SIGN_SPAN_MAX,
} from '../../core/escrow/escrow-terms.ts'
import { arbitersNanos, notaryFee } from '../../core/escrow/settlement.ts'
import { refuseTerms, type TermsRefusalCode } from '../../core/escrow/validate-terms.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { PartyCode } from './party-codes.ts'

/** What a seller takes on, by its own rules; the contract's rules come on top. */
export type SellerPolicy = {
  readonly notarySets: readonly NotarySetTerms[]
  /** Rules of the parameter sets that it knows, by their hash. */
  readonly parameters: ReadonlyMap<Hash, EscrowRules>
  /** Asks which sets there are, when a contract pins one that is not among them; absent: none is learned. */
  readonly learnParameters?: () => Promise<void>
  /** Custody models under which it does work of a skill. */
  readonly custodyOf: (skill: string) => readonly CustodyModel[]
  /** By whose authority a payer must act to have work of a skill done, itself included; absent or empty: by its own, or by any chain that holds. */
  readonly subjectsOf?: (skill: string) => readonly Did[]
  /** What it lends a payer in `C1` at most: what it has of all credits that the payer issues, and the contracts under way. */
  readonly creditNanosOf: (payer: Did) => Amount
  /** Sum of the prices of contracts under way. */
  readonly exposureNanosMax: Amount
  readonly contractsMax: number
  /** Its own bond in one contract. */
  readonly bondNanosMax: Amount
  /** Its bond, and the fees of arbiters, which are made good out of it, as shares of the price: whoever buys for little puts little of the seller's at stake. */
  readonly bondPerMillionMax: number
  /** Deposits for auctions of others, in one currency: those that may be lost now, and what was lost in thirty days. */
  readonly depositsNanosMax: Amount
  /** One of them, as a share of the price that the seller bids, and the longest time that it may be held. */
  readonly depositPerMillionMax: number
  readonly depositMsMax: DurationMs
  /** Out of the price, for the notary set. */
  readonly feePerMillionMax: number
  /** Shortest span to start and to deliver in. */
  readonly startMsMin: DurationMs
  readonly deliverMsMin: DurationMs
  /** Longest waits for its money. */
  readonly acceptMsMax: DurationMs
  readonly refundMsMax: DurationMs
}

export type ContractQuestion = {
  readonly terms: EscrowTerms
  /** The network that it works on, and the time by its clock. */
  readonly net: string
  readonly now: Timestamp
  readonly skill: string
  /** What the seller asks for this task: by its bid, or its standing offer. */
  readonly priceNanos: Amount
  /** Contracts under way, and the sum of their prices. */
  readonly openContracts: number
  readonly openNanos: bigint
}

/** Why the seller does not sign; `undefined` when every term is acceptable. */
export function refuseContract(
  policy: SellerPolicy,
  question: ContractQuestion,
): PartyCode | TermsRefusalCode | undefined {
  const { terms, net, now, skill, priceNanos, openContracts, openNanos } = question
  if (terms.net !== net) return 'MARKET_NETWORK_WRONG'
  // Until then the other side may have it run, and the seller may not say no any more.
  if (terms.signBy <= now || terms.signBy > addDuration(now, SIGN_SPAN_MAX)) return 'MARKET_SIGN_BY_WRONG'
  if (!policy.notarySets.some((set) => isSameSet(set, terms.notarySet))) return 'MARKET_SET_UNKNOWN'
  const rules = policy.parameters.get(terms.parametersHash)
  if (rules === undefined) return 'MARKET_PARAMETERS_UNKNOWN'
  const broken = refuseTerms(terms, rules)
  if (broken !== undefined) return broken
  if (!policy.custodyOf(skill).includes(terms.custody)) return 'MARKET_CUSTODY_DECLINED'
  if (terms.maxNanos < priceNanos) return 'MARKET_PRICE_LOW'
  if (arePassed(policy, terms)) return 'MARKET_LIMIT_PASSED'
  const isTooMuch = openNanos + terms.maxNanos > policy.exposureNanosMax || openContracts >= policy.contractsMax
  return isTooMuch ? 'MARKET_EXPOSURE_SPENT' : undefined
}

function arePassed(policy: SellerPolicy, terms: EscrowTerms): boolean {
  const { startMs, deliverMs, acceptMs, refundMs } = terms.timers
  const stakeNanosMax = (terms.maxNanos * BigInt(policy.bondPerMillionMax)) / 1_000_000n
  const feeNanosMax = (terms.maxNanos * BigInt(policy.feePerMillionMax)) / 1_000_000n
  return (
    terms.bonds.workerNanos > policy.bondNanosMax ||
    terms.bonds.workerNanos > stakeNanosMax ||
    arbitersNanos(terms) > stakeNanosMax ||
    notaryFee(terms, terms.maxNanos) > feeNanosMax ||
    startMs < policy.startMsMin ||
    deliverMs < policy.deliverMsMin ||
    acceptMs > policy.acceptMsMax ||
    refundMs > policy.refundMsMax
  )
}

function isSameSet(one: NotarySetTerms, other: NotarySetTerms): boolean {
  return (
    one.id === other.id &&
    one.epoch === other.epoch &&
    one.n === other.n &&
    one.m === other.m &&
    one.feeOwner === other.feeOwner
  )
}
