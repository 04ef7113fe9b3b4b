import { type Amount, ZERO_AMOUNT } from '../../base/money.ts'
import type { BidderStanding } from '../../core/auction/determine-winner.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { Currency } from '../../core/ledger/ledger-names.ts'
import { UNKNOWN_STANDING } from '../../core/market/match-offers.ts'
import { exposureCapNanos } from '../../core/reputation/exposure-cap.ts'
import type { ReputationDetail } from '../../core/reputation/reputation-view.ts'
import type { ReputationKeeper } from './reputation-keeper.ts'

type Books = Pick<ReputationKeeper, 'policy' | 'show'>
type Stake = { readonly currency: Currency; readonly bondNanos: Amount }

/** What these books say of a seller, as auctions and searches ask for it. Capabilities are attested elsewhere. */
export function standingOf(books: Books, seller: Did): BidderStanding {
  const known = asWorker(books, seller)
  if (known === undefined) return UNKNOWN_STANDING
  const isNewcomer = known.flags.includes('newcomer')
  return { ...UNKNOWN_STANDING, reputationPpm: Number(known.meanPpm), isNewcomer }
}

/** Whether a seller is no newcomer to these books, and has done more good than harm. */
export function isEstablished(books: Books, seller: Did): boolean {
  const { isNewcomer, reputationPpm } = standingOf(books, seller)
  return !isNewcomer && reputationPpm > UNKNOWN_STANDING.reputationPpm
}

/** What these books say of somebody as a payer, parts per million; 500,000 says nothing. */
export function payerPpm(books: Books, payer: Did): number {
  return Number(books.show(payer).find(({ role }) => role === 'payer')?.meanPpm ?? UNKNOWN_STANDING.reputationPpm)
}

/** What a seller may have of others at one time, by these books and what it has at stake. */
export function exposureOf(books: Books, seller: Did, stake: Stake): Amount {
  const known = asWorker(books, seller)
  return known === undefined ? stake.bondNanos : exposureOfDetail(books, known, stake)
}

/** The same for a party in one role. Credits of an issuer that these books do not believe earn nothing. */
export function exposureOfDetail({ policy }: Pick<Books, 'policy'>, detail: ReputationDetail, stake: Stake): Amount {
  const { goodMicros, badMicros, ring } = detail
  return exposureCapNanos(policy, {
    weights: { goodMicros, badMicros },
    bondNanos: stake.bondNanos,
    unitNanos: policy.unitNanos.get(stake.currency) ?? ZERO_AMOUNT,
    inflowCapMicros: ring && ring.inflowMicros / BigInt(ring.members.length),
  })
}

function asWorker(books: Books, seller: Did): ReputationDetail | undefined {
  return books.show(seller).find(({ role }) => role === 'worker')
}
