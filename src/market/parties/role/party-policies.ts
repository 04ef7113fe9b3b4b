import { amountFromNanos, ZERO_AMOUNT } from '../../../base/money.ts'
import { DAY_MS, type DurationMs, durationFromMs, HOUR_MS, MINUTE_MS } from '../../../base/time.ts'
import { DEFAULT_TIMERS } from '../../../core/escrow/escrow-rules.ts'
import type { EscrowTimers } from '../../../core/escrow/escrow-terms.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { UNKNOWN_STANDING } from '../../../core/market/match-offers.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import type { BuyerPolicy } from '../buying/buy-order.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import type { Party } from '../party.ts'
import type { SellerPolicy } from '../selling/seller-policy.ts'
import { termsOfSet } from '../../notary/books/epoch-entry.ts'
import {
  CREDIT_LINES,
  creditLineOf,
  type CreditLineNote,
  creditTotalOf,
  type SkillNote,
  SKILLS,
} from './party-notes.ts'
import type { UsableParameters } from '../parameters/usable-parameters.ts'

/** What this node pays, holds and waits for where a purchase says nothing else. Shares are millionths of the price. */
export function buyerPolicyOf(set: NotarySet, parameters: UsableParameters): BuyerPolicy {
  const atLeast = (share: number, name: 'bond.workerPerMillionMin' | 'bond.payerPerMillionMin'): number =>
    Math.max(share, Number(parameters.current.set[name]))
  return {
    notarySet: termsOfSet(set),
    // What governance decides holds for the next contract.
    get parametersHash() {
      return parameters.current.hash
    },
    parameters: parameters.rules,
    arbiters: { members: [], k: 0 },
    get timers() {
      return parameters.timers
    },
    get bondPerMillion() {
      return atLeast(atLeast(100_000, 'bond.workerPerMillionMin'), 'bond.payerPerMillionMin')
    },
    disputeBondPerMillion: 0,
    penaltyPerMillion: 50_000,
    get feePerMillion() {
      return Math.min(10_000, Number(parameters.current.set['fee.perMillionMax']))
    },
    fallbackPerMillion: 0,
    arbiterSharePerMillion: 0,
    vouchPerMillionMax: 500_000,
    newcomerNanosMax: amountFromNanos(1_000_000_000n),
    creditNanosMax: amountFromNanos(10_000_000_000n),
    windows: { bidMs: durationFromMs(2_000), revealMs: durationFromMs(2_000), settleMs: durationFromMs(10_000) },
    latencyMsMax: DEFAULT_TIMERS.deliverMs,
    depositPerMillion: 10_000,
    decrementPerMillion: 10_000,
  }
}

const SHORTEST_MS: DurationMs = durationFromMs(100)
const WEEK_MS: DurationMs = durationFromMs(7 * DAY_MS)

/** Of the contracts that this node signs as their worker. */
const LONGEST: EscrowTimers = {
  offerMs: HOUR_MS,
  holdMs: durationFromMs(5 * MINUTE_MS),
  startMs: durationFromMs(10 * MINUTE_MS),
  beatMs: DAY_MS,
  deliverMs: durationFromMs(30 * DAY_MS),
  graceMs: DAY_MS,
  acceptMs: WEEK_MS,
  evidenceMs: WEEK_MS,
  ruleMs: WEEK_MS,
  refundMs: WEEK_MS,
  retainMs: durationFromMs(366 * DAY_MS),
}

/** Whether more of the work for a payer has failed its predicates, and was not paid, than was paid: they may be such that no work meets. */
function failsMostly({ journal }: Party, payer: Did): boolean {
  let balanceNanos = 0n
  for (const [, note] of journal.notesOf(CONTRACTS)) {
    // Written by buyer and seller.
    const { role, other, outcome, ended, terms, paidNanos } = note as ContractNote
    if (role !== 'worker' || other !== payer || ended === undefined) continue
    const priceNanos = BigInt((JSON.parse(terms) as { readonly maxNanos: string }).maxNanos)
    // Notes of before do not say it: all for what did not fail, and nothing for what did.
    const usualNanos = outcome !== 'failed' && ended === 'FINAL' ? priceNanos : 0n
    const gotNanos = paidNanos === undefined ? usualNanos : BigInt(paidNanos)
    balanceNanos += outcome === 'failed' ? gotNanos - (priceNanos - gotNanos) : gotNanos
  }
  return balanceNanos < 0n
}

/** Which contracts this node signs as their worker. */
export function sellerPolicyOf(
  party: Party,
  {
    set,
    parameters,
    payerPpmOf,
  }: {
    readonly set: NotarySet
    readonly parameters: UsableParameters
    /** What is known of a payer, parts per million. */
    readonly payerPpmOf: (payer: Did) => number
  },
): SellerPolicy {
  // More bad than good is known of whoever rejected work and kept the price.
  const isDoubtful = (payer: Did): boolean =>
    payerPpmOf(payer) < UNKNOWN_STANDING.reputationPpm || failsMostly(party, payer)
  return {
    notarySets: [termsOfSet(set)],
    parameters: parameters.rules,
    learnParameters: async () => await parameters.refresh(),
    custodyOf: (skill) => party.noteOf<SkillNote>(SKILLS, skill)?.custody ?? [],
    subjectsOf: (skill) => party.noteOf<SkillNote>(SKILLS, skill)?.subjects ?? [],
    arbitersOf: (skill) => party.noteOf<SkillNote>(SKILLS, skill)?.arbiters ?? [],
    fallbackPerMillionMinOf: (skill, payer) => {
      const share = party.noteOf<SkillNote>(SKILLS, skill)?.fallbackPerMillionMin ?? 0
      return isDoubtful(payer) ? Math.max(share, 500_000) : share
    },
    isDoubtful,
    creditNanosOf: (payer) => creditLineOf(party, payer) ?? ZERO_AMOUNT,
    hasOwnLine: (payer) => party.noteOf<CreditLineNote>(CREDIT_LINES, payer) !== undefined,
    creditTotalNanos: () => creditTotalOf(party),
    exposureNanosMax: amountFromNanos(1_000_000_000_000n),
    contractsMax: 256,
    bondNanosMax: amountFromNanos(100_000_000_000n),
    bondPerMillionMax: 500_000,
    penaltyPerMillionMax: 100_000,
    depositsNanosMax: amountFromNanos(10_000_000_000n),
    depositPerMillionMax: 200_000,
    depositMsMax: DAY_MS,
    feePerMillionMax: 50_000,
    signMsMax: durationFromMs(2 * MINUTE_MS),
    timersMin: { startMs: SHORTEST_MS, beatMs: SHORTEST_MS, deliverMs: SHORTEST_MS },
    timersMax: LONGEST,
  }
}
