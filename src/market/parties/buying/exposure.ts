import { type Amount, AMOUNT_MAX, amountFromNanos, formatAmount, ZERO_AMOUNT } from '../../../base/money.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { CustodyModel } from '../../../core/escrow/escrow-terms.ts'
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

export type RoomInit = {
  readonly currency: Currency
  readonly custody: CustodyModel
  readonly priceNanos: Amount
}

type Exposure = { readonly capNanos: bigint; readonly openNanos: bigint }

/**
 * Why a seller gets no contract at a price: what it has of this buyer's open contracts would pass what it may have. That is what its reputation allows with its
 * bond, and besides what the buyer allows everybody who has done no more harm than good.
 *
 * @returns A sentence with the amounts; `undefined` where there is room.
 */
export async function refuseExposure(side: BuyerSide, question: ExposureQuestion): Promise<string | undefined> {
  const { key, seller, priceNanos } = question
  const { currency, custody } = side.orders.get(key).request
  const allowance = allowanceOf(side, key)
  const { capNanos, openNanos } = await exposureAt(side, seller, { currency, custody, priceNanos, allowance })
  if (openNanos + priceNanos <= capNanos) return undefined
  const [cap, open, price] = [capNanos, openNanos, priceNanos].map((nanos) => formatAmount(amountFromNanos(nanos)))
  return `${seller} may have ${cap} credits at one time; it has ${open} and this would be ${price} more.`
}

/** What a seller may be given at one more time now, by the buyer's own allowance. */
export async function roomOf(side: BuyerSide, seller: Did, init: RoomInit): Promise<Amount> {
  const allowance = side.policy.newcomerNanosMax
  const { capNanos, openNanos } = await exposureAt(side, seller, { ...init, allowance })
  if (openNanos >= capNanos) return ZERO_AMOUNT
  const room = capNanos - openNanos
  return amountFromNanos(room > AMOUNT_MAX ? AMOUNT_MAX : room)
}

async function exposureAt(
  side: BuyerSide,
  seller: Did,
  { currency, custody, priceNanos, allowance }: RoomInit & { readonly allowance: Amount },
): Promise<Exposure> {
  const { policy, exposureOf, standingOf } = side
  const bondNanos = bondOf(policy, custody, priceNanos)
  const { reputationPpm } = await standingOf(seller)
  // Of whom no more bad than good is known, new or not: a name that is left must not be worth more than one that is kept.
  const isHarmless = reputationPpm >= UNKNOWN_STANDING.reputationPpm
  const knownNanos = await exposureOf(seller, { currency, bondNanos })
  const earnedNanos = knownNanos > bondNanos ? knownNanos : bondNanos
  return { capNanos: earnedNanos + (isHarmless ? allowance : 0n), openNanos: openWith(side, seller, currency) }
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
