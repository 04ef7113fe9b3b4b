import type { Amount } from '../../../base/money.ts'
import { addDuration, type DurationMs, type Timestamp } from '../../../base/time.ts'
import type { EscrowRules } from '../../../core/escrow/escrow-rules.ts'
import {
  type CustodyModel,
  type EscrowTerms,
  type EscrowTimers,
  type NotarySetTerms,
  TIMER_NAMES,
} from '../../../core/escrow/escrow-terms.ts'
import { arbitersNanos, notaryFee } from '../../../core/escrow/settlement.ts'
import { refuseTerms, type TermsRefusalCode } from '../../../core/escrow/validate-terms.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import { CLOCK_SKEW_MS } from '../market-door.ts'
import type { PartyCode } from '../party-codes.ts'
import type { WorkQuotasInit } from './work-quotas.ts'

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
  /** Who may rule on its contracts of a skill: of whoever else a payer names, it knows nothing. Empty: it signs contracts without arbiters alone. */
  readonly arbitersOf: (skill: string) => readonly Did[]
  /** More bad than good is known of a payer: what its predicates fail is not conceded. Absent: of nobody. */
  readonly isDoubtful?: (payer: Did) => boolean
  /** Where nobody rules, arbiters that are named included, the least share of what is disputed that a contract of a skill gives the worker, in millionths. */
  readonly fallbackPerMillionMinOf: (skill: string, payer: Did) => number
  /** What it lends a payer in `C1` at most: what it has of all credits that the payer issues, and the contracts under way. */
  readonly creditNanosOf: (payer: Did) => Amount
  /** Whether that is a line of its own. All other payers together, keys that anybody makes, get no more than `creditTotalNanos`. */
  readonly hasOwnLine: (payer: Did) => boolean
  readonly creditTotalNanos: () => Amount
  /** Sum of the prices of work that has begun and is not delivered, of what is lent, and of bids. */
  readonly exposureNanosMax: Amount
  readonly contractsMax: number
  /** What each payer and each skill may have worked. Absent: as much as there is room for. */
  readonly quotas?: WorkQuotasInit
  /** Its own bond in one contract. */
  readonly bondNanosMax: Amount
  /** Its bond, and the fees of arbiters, which are made good out of it, as shares of the price: whoever buys for little puts little of the seller's at stake. */
  readonly bondPerMillionMax: number
  /** What it loses of its bond where it does not start, or does not deliver: shares of the price as well. */
  readonly penaltyPerMillionMax: number
  /** Deposits for auctions of others, in one currency: those that may be lost now, and what was lost in thirty days. */
  readonly depositsNanosMax: Amount
  /** One of them, as a share of the price that the seller bids, and the longest time that it may be held. */
  readonly depositPerMillionMax: number
  readonly depositMsMax: DurationMs
  /** Out of the price, for the notary set. */
  readonly feePerMillionMax: number
  /** Furthest that `signBy` may be ahead, clocks apart: for as long what it signed may be held, and it may not say no any more. */
  readonly signMsMax: DurationMs
  /** Shortest spans to act in. */
  readonly timersMin: Pick<EscrowTimers, 'startMs' | 'beatMs' | 'deliverMs'>
  /** Longest waits: for the hold, for a ruling, for its money. */
  readonly timersMax: EscrowTimers
}

export type ContractQuestion = {
  readonly terms: EscrowTerms
  /** The network that it works on, and the time by its clock. */
  readonly net: string
  readonly now: Timestamp
  readonly skill: string
  /** What the seller asks for this task: by its bid, or its standing offer. */
  readonly priceNanos: Amount
  /** As `SellerPlaces.open` counts them. */
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
  if (terms.signBy <= now || terms.signBy > addDuration(addDuration(now, policy.signMsMax), CLOCK_SKEW_MS))
    return 'MARKET_SIGN_BY_WRONG'
  if (!policy.notarySets.some((set) => isSameSet(set, terms.notarySet))) return 'MARKET_SET_UNKNOWN'
  const rules = policy.parameters.get(terms.parametersHash)
  if (rules === undefined) return 'MARKET_PARAMETERS_UNKNOWN'
  const broken = refuseTerms(terms, rules)
  if (broken !== undefined) return broken
  if (!policy.custodyOf(skill).includes(terms.custody)) return 'MARKET_CUSTODY_DECLINED'
  if (terms.maxNanos < priceNanos) return 'MARKET_PRICE_LOW'
  if (terms.arbiters.members.some((member) => !policy.arbitersOf(skill).includes(member)))
    return 'MARKET_ARBITERS_DECLINED'
  // Arbiters may be silent: then it is as without any.
  if (terms.fallbackPerMillion < policy.fallbackPerMillionMinOf(skill, terms.payer)) return 'MARKET_FALLBACK_LOW'
  if (isStakePassed(policy, terms) || areSpansPassed(policy, terms)) return 'MARKET_LIMIT_PASSED'
  const isTooMuch = openNanos + terms.maxNanos > policy.exposureNanosMax || openContracts >= policy.contractsMax
  return isTooMuch ? 'MARKET_EXPOSURE_SPENT' : undefined
}

/** Whoever buys for little puts little of the seller's at stake, and no less of its own. */
function isStakePassed(policy: SellerPolicy, terms: EscrowTerms): boolean {
  const { bonds, penalties, maxNanos } = terms
  const share = (perMillion: number): bigint => (maxNanos * BigInt(perMillion)) / 1_000_000n
  const stakeNanosMax = share(policy.bondPerMillionMax)
  const penaltyNanosMax = share(policy.penaltyPerMillionMax)
  return (
    bonds.workerNanos > policy.bondNanosMax ||
    bonds.workerNanos > stakeNanosMax ||
    bonds.payerNanos < bonds.workerNanos ||
    penalties.p1Nanos > penaltyNanosMax ||
    penalties.p2Nanos > penaltyNanosMax ||
    arbitersNanos(terms) > stakeNanosMax ||
    notaryFee(terms, maxNanos) > share(policy.feePerMillionMax)
  )
}

function areSpansPassed({ timersMin, timersMax }: SellerPolicy, { timers }: EscrowTerms): boolean {
  const isShort =
    timers.startMs < timersMin.startMs || timers.beatMs < timersMin.beatMs || timers.deliverMs < timersMin.deliverMs
  return isShort || TIMER_NAMES.some((name) => timers[name] > timersMax[name])
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
