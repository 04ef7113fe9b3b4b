import { type Amount, ZERO_AMOUNT, amountFromNanos, subtractAmounts } from '../../base/money.ts'
import type { EscrowParty, EscrowTerms } from './escrow-terms.ts'
import { arbitersNanos, fallbackSplit, leastOf } from './settlement.ts'

/**
 * B(contract), the fairness bound of invariant I14: how much worse a party that follows the protocol can end than it should, whatever the other side
 * and up to f notaries do, as long as its own messages reach the set before their deadlines. Arbiters count as silent or as right: k of them together can give away anything within the price, and no formula bounds that.
 *
 * Let `v` be the last voucher that both signed, 0 at worst, `s` the share of the fallback, `d = floor((max - v) * s / 1e6)`, `a = k * arbiter fee`.
 *
 * ```text
 * payer    should pay what it vouched for, accepted or conceded. It can lose
 *          d          a worthless delivery is rejected and nobody rules
 *          a          arbiters that rule for it are paid out of its dispute bond; a bonded worker makes min(a, worker's bond) good
 *          B(payer)  = max(d, a - min(a, worker's bond))       one dispute ends one way
 * worker   should get what it claims for work that passes the predicate, at most max. It can lose
 *          max - v - d    a good delivery is rejected and nobody rules
 *          nothing        the payer lies: the worker delivers all the same, and a payer that lied pays what is claimed
 *          fee            min(cap, ...), which it has agreed to, and which is no loss
 *          B(worker) = max - v - d; in C1 max: the payer's credits may never be redeemed
 * ```
 *
 * Bonds of those who follow the protocol go back on every edge. `f = 0` (labels `/f=0`) bounds nothing against a lie of the one notary.
 *
 * @param voucherNanos  `v`; leave it out for the bound that holds from the start.
 */
export function lossBound(terms: EscrowTerms, party: EscrowParty, voucherNanos: Amount = ZERO_AMOUNT): Amount {
  const toWorker = fallbackSplit(terms, voucherNanos, terms.maxNanos)
  if (party === 'worker') {
    if (terms.custody === 'C1') return terms.maxNanos
    return subtractAmounts(terms.maxNanos, toWorker) ?? ZERO_AMOUNT
  }
  const shareNanos = subtractAmounts(toWorker, voucherNanos) ?? ZERO_AMOUNT
  const arbiters = amountFromNanos(arbitersNanos(terms))
  const madeGood = leastOf(arbiters, terms.bonds.workerNanos)
  const costsNanos = subtractAmounts(arbiters, madeGood) ?? ZERO_AMOUNT
  return shareNanos > costsNanos ? shareNanos : costsNanos
}
