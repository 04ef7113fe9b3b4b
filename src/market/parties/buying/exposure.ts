import { type Amount, AMOUNT_MAX, amountFromNanos, formatAmount } from '../../../base/money.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { Currency } from '../../../core/ledger/ledger-names.ts'
import { UNKNOWN_STANDING } from '../../../core/market/match-offers.ts'
import { bondOf } from './buy-order.ts'
import type { BuyerSide } from './buyer-side.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../contracts/contract-notes.ts'

export type ExposureQuestion = {
  /** The purchase. */
  readonly key: string
  readonly seller: Did
  readonly priceNanos: Amount
}

/**
 * Why a seller gets no contract at a price: what it has of this buyer's open contracts would pass what it may have. That is what its reputation allows with its
 * bond, and besides what the buyer allows everybody who has done no more harm than good.
 *
 * @returns A sentence with the amounts; `undefined` where there is room.
 */
export async function refuseExposure(side: BuyerSide, question: ExposureQuestion): Promise<string | undefined> {
  const { orders, policy, exposureOf, standingOf } = side
  const { key, seller, priceNanos } = question
  const { currency, custody } = orders.get(key).request
  const bondNanos = bondOf(policy, custody, priceNanos)
  const { reputationPpm } = await standingOf(seller)
  // Of whom no more bad than good is known, new or not: a name that is left must not be worth more than one that is kept.
  const isHarmless = reputationPpm >= UNKNOWN_STANDING.reputationPpm
  const knownNanos = await exposureOf(seller, { currency, bondNanos })
  const earnedNanos = knownNanos > bondNanos ? knownNanos : bondNanos
  const capNanos = earnedNanos + (isHarmless ? allowanceOf(side, key) : 0n)
  const openNanos = openWith(side, seller, currency)
  if (openNanos + priceNanos <= capNanos) return undefined
  const [cap, open, price] = [capNanos, openNanos, priceNanos].map((nanos) => formatAmount(amountFromNanos(nanos)))
  return `${seller} may have ${cap} credits at one time; it has ${open} and this would be ${price} more.`
}

/** Of whoever has done no harm, beyond bond and name. */
export function allowanceOf({ orders, policy }: BuyerSide, key: string): Amount {
  const { newcomerNanosMax } = orders.get(key).request
  return newcomerNanosMax === undefined ? policy.newcomerNanosMax : amountFromNanos(BigInt(newcomerNanosMax))
}

/** The highest price for which allowance and bond of a newcomer are enough; for auctions, which have one bound for all newcomers. */
export function newcomerPriceMax(side: BuyerSide, key: string): Amount {
  const allowance = allowanceOf(side, key)
  const { bondPerMillion } = side.policy
  if (side.orders.get(key).request.custody !== 'C3') return allowance
  if (bondPerMillion >= 1_000_000) return amountFromNanos(AMOUNT_MAX)
  const price = (allowance * 1_000_000n) / (1_000_000n - BigInt(bondPerMillion))
  return amountFromNanos(price > AMOUNT_MAX ? AMOUNT_MAX : price)
}

function openWith({ party }: BuyerSide, seller: Did, currency: Currency): bigint {
  return (
    party.journal
      .notesOf(CONTRACTS)
      // Written by buyer and seller.
      .map(([, note]) => note as ContractNote)
      .filter(({ role, other, ended }) => role === 'payer' && other === seller && ended === undefined)
      .map(({ terms }) => readTerms(terms))
      .filter((terms) => terms.currency === currency)
      .reduce((sum, { maxNanos }) => sum + maxNanos, 0n)
  )
}
