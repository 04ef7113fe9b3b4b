import { type Amount, AMOUNT_MAX, ZERO_AMOUNT } from '../../base/money.ts'
import { issuerOf } from '../ledger/ledger-names.ts'
import type { EscrowRules } from './escrow-rules.ts'
import {
  ARBITERS_MAX,
  type EscrowTerms,
  type EscrowTimers,
  MILESTONES_MAX,
  TIMER_NAMES,
  custodyLabelOf,
} from './escrow-terms.ts'
import { arbitersNanos } from './settlement.ts'

/** Why terms are no contract, each with one sentence of cause and one of remedy. */
export const TERMS_REFUSALS = {
  TERMS_PARTIES: { cause: 'Payer and worker are one.', remedy: 'Name two parties.' },
  TERMS_NOTARY_SET: {
    cause: 'The notary set is not n = 3f + 1 with m = 2f + 1.',
    remedy: 'Name a set of 1, 4, 7, ... members and the quorum that belongs to it.',
  },
  TERMS_ARBITERS: {
    cause: 'The arbiters are too many, not sorted, named twice, or a party; or k is not within them.',
    remedy: 'Name up to 16 others, sorted, and k from 1 to their number; k is 0 without any.',
  },
  TERMS_CUSTODY: {
    cause: 'The custody label is not the one of the model and the set.',
    remedy: 'Write the label that follows from custody and n.',
  },
  TERMS_PRICE: { cause: 'The price is 0, or price and bonds together pass 64 bits.', remedy: 'Name a price above 0.' },
  TERMS_MILESTONES: {
    cause: 'Milestones do not rise strictly, pass the price, or are too many.',
    remedy: 'Give up to 64 cumulative amounts, rising, the last at most the price.',
  },
  TERMS_TIMERS: {
    cause: 'A timer is no integer, or below the minimum or above the maximum of the parameter set.',
    remedy: 'Choose spans that the parameter set allows.',
  },
  TERMS_TIMER_ORDER: {
    cause: 'The start would come after the delivery, or the evidence after the ruling.',
    remedy: 'Let T_start be shorter than T_deliver, and T_evidence shorter than T_rule.',
  },
  TERMS_BONDS: {
    cause: 'Bonds do not belong to the custody model.',
    remedy: 'C1: none. C2: a dispute bond at most. C3: a bond of the worker, a bond of the payer.',
  },
  TERMS_PENALTIES: {
    cause: 'A penalty is above the bond of the worker.',
    remedy: 'Lower the penalty or raise the bond.',
  },
  TERMS_FEES: {
    cause: 'The fee cap is above the price, the flat fee above the cap, or the share above one; or C1 has a fee.',
    remedy: 'Let flat fee <= cap <= price, and the share be at most 1,000,000 millionths.',
  },
  TERMS_ARBITER_FEES: {
    cause: 'k arbiters would earn more than the dispute bond.',
    remedy: 'Raise the dispute bond or lower the fee of an arbiter.',
  },
  TERMS_FALLBACK: {
    cause: 'The share of the fallback is not 0 to 1,000,000 millionths.',
    remedy: 'Choose a share in that range.',
  },
  TERMS_CREDIT: {
    cause:
      "C1 without a credit line, a credit line without C1, a currency that is not the payer's own, or a price that passes the line.",
    remedy: 'In C1, name the line and what is owed, in credits of the payer; owed and price are at most the line.',
  },
  TERMS_SIGN_BY: {
    cause: 'The instant before which the terms are to be signed is no integer above 0.',
    remedy: 'Name an instant in integer milliseconds.',
  },
  TERMS_TEXT: {
    cause: 'Network, verifier or salt do not have their form.',
    remedy: 'Write the name of the network, a word, and 22 characters of base64url.',
  },
} as const

/** A code of `TERMS_REFUSALS`: the first rule that terms break, as `refuseTerms` names it. */
export type TermsRefusalCode = keyof typeof TERMS_REFUSALS

const NETWORK_PATTERN = /^[a-z][a-z0-9.-]{0,31}$/
const WORD_PATTERN = /^[a-z][a-z0-9._/-]{0,63}$/
const SALT_PATTERN = /^[A-Za-z0-9_-]{21}[AQgw]$/
const MILLION = 1_000_000

/** The first rule that terms break, in the order of `TERMS_REFUSALS`; `undefined` when they are a contract. Total: any values of the right types. */
export function refuseTerms(terms: EscrowTerms, rules: EscrowRules): TermsRefusalCode | undefined {
  if (terms.payer === terms.worker) return 'TERMS_PARTIES'
  if (!isNotarySet(terms)) return 'TERMS_NOTARY_SET'
  if (!areArbiters(terms)) return 'TERMS_ARBITERS'
  if (terms.custodyLabel !== custodyLabelOf(terms.custody, terms.notarySet.n)) return 'TERMS_CUSTODY'
  if (!isPrice(terms)) return 'TERMS_PRICE'
  if (!areMilestones(terms)) return 'TERMS_MILESTONES'
  if (!areTimers(terms.timers, rules)) return 'TERMS_TIMERS'
  const { startMs, deliverMs, evidenceMs, ruleMs } = terms.timers
  if (startMs >= deliverMs || evidenceMs >= ruleMs) return 'TERMS_TIMER_ORDER'
  if (!areBonds(terms)) return 'TERMS_BONDS'
  const { penalties, bonds } = terms
  if (!areAmounts([penalties.p1Nanos, penalties.p2Nanos])) return 'TERMS_PENALTIES'
  if (penalties.p1Nanos > bonds.workerNanos || penalties.p2Nanos > bonds.workerNanos) return 'TERMS_PENALTIES'
  if (!areFees(terms)) return 'TERMS_FEES'
  if (arbitersNanos(terms) > bonds.disputeNanos) return 'TERMS_ARBITER_FEES'
  if (!isShare(terms.fallbackPerMillion)) return 'TERMS_FALLBACK'
  if (!isCredit(terms)) return 'TERMS_CREDIT'
  if (!isCount(terms.signBy) || terms.signBy === 0) return 'TERMS_SIGN_BY'
  const areTexts = NETWORK_PATTERN.test(terms.net) && WORD_PATTERN.test(terms.verifier) && SALT_PATTERN.test(terms.salt)
  return areTexts ? undefined : 'TERMS_TEXT'
}

function isNotarySet({ notarySet: { n, m, epoch } }: EscrowTerms): boolean {
  if (!isCount(n) || !isCount(m) || !isCount(epoch) || n < 1 || n % 3 !== 1) return false
  return m === (2 * (n - 1)) / 3 + 1
}

function areArbiters({ arbiters: { members, k }, payer, worker }: EscrowTerms): boolean {
  if (members.length > ARBITERS_MAX || !isCount(k)) return false
  if (k > members.length || (k === 0) !== (members.length === 0)) return false
  return members.every((member, index) => {
    const next = members[index + 1]
    return member !== payer && member !== worker && (next === undefined || member < next)
  })
}

function isPrice({ maxNanos, bonds }: EscrowTerms): boolean {
  if (!areAmounts([maxNanos, bonds.payerNanos, bonds.workerNanos, bonds.disputeNanos])) return false
  return maxNanos > ZERO_AMOUNT && maxNanos + bonds.payerNanos + bonds.workerNanos + bonds.disputeNanos <= AMOUNT_MAX
}

function areMilestones({ milestonesNanos, maxNanos }: EscrowTerms): boolean {
  if (milestonesNanos.length > MILESTONES_MAX) return false
  let before: bigint = 0n
  for (const nanos of milestonesNanos) {
    if (nanos <= before || nanos > maxNanos) return false
    before = nanos
  }
  return true
}

function areTimers(timers: EscrowTimers, { minimums, maximums }: EscrowRules): boolean {
  return TIMER_NAMES.every((field) => {
    const span = timers[field]
    return Number.isSafeInteger(span) && span >= minimums[field] && span <= maximums[field]
  })
}

function areBonds({ custody, bonds }: EscrowTerms): boolean {
  const { payerNanos, workerNanos, disputeNanos } = bonds
  if (custody === 'C3') return workerNanos > ZERO_AMOUNT && payerNanos > ZERO_AMOUNT
  if (payerNanos !== ZERO_AMOUNT || workerNanos !== ZERO_AMOUNT) return false
  return custody === 'C2' || disputeNanos === ZERO_AMOUNT
}

function areFees({ custody, fees, maxNanos }: EscrowTerms): boolean {
  const { capNanos, flatNanos, perMillion, arbiterNanos } = fees
  if (!areAmounts([capNanos, flatNanos, arbiterNanos]) || !isShare(perMillion)) return false
  if (custody === 'C1' && capNanos !== ZERO_AMOUNT) return false
  return flatNanos <= capNanos && capNanos <= maxNanos
}

function isCredit({ custody, credit, currency, payer, maxNanos }: EscrowTerms): boolean {
  if (custody !== 'C1') return credit === undefined
  if (credit === undefined || issuerOf(currency) !== payer) return false
  return areAmounts([credit.limitNanos, credit.owedNanos]) && credit.owedNanos + maxNanos <= credit.limitNanos
}

function areAmounts(amounts: readonly Amount[]): boolean {
  return amounts.every((nanos) => nanos >= ZERO_AMOUNT && nanos <= AMOUNT_MAX)
}

function isShare(millionths: number): boolean {
  return isCount(millionths) && millionths <= MILLION
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
