import type { Amount } from '../../../base/money.ts'
import type { BidderStanding } from '../../../core/auction/determine-winner.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import type { Currency } from '../../../core/ledger/ledger-names.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { CapabilityDesk } from '../../capabilities/capability-desk.ts'
import type { BuyerPolicy } from './buy-order.ts'
import type { Orders } from './orders.ts'
import type { OpenCalls } from '../auctions/open-calls.ts'
import type { Party } from '../party.ts'

/** What a party may have of others at one time, by what is known of it and what it has at stake. */
export type ExposureOf = (
  seller: Did,
  init: { readonly currency: Currency; readonly bondNanos: Amount },
) => Promise<Amount>

/** What a payer needs of its desk to act by the authority of others. */
export type PayerCapabilities = Pick<CapabilityDesk, 'check' | 'openChain' | 'invoke' | 'authorityOf'>

/** What every step of a purchase works with. */
export type BuyerSide = {
  readonly party: Party
  readonly orders: Orders
  readonly policy: BuyerPolicy
  /** Tokens by which it acts for others; absent: it acts for itself alone. */
  readonly capabilities: PayerCapabilities | undefined
  /** Auctions of this buyer that are announced to everybody. */
  readonly openCalls: OpenCalls
  /** What is known of a seller. */
  readonly standingOf: (seller: Did) => Promise<BidderStanding>
  readonly exposureOf: ExposureOf
  /** Opens the journal of an auction by its name. */
  readonly openAuctionLog: (auction: Hash) => Promise<EventLog>
}

/** Whom a purchase goes to, and at which price. */
export type ChosenSeller = {
  readonly seller: Did
  /** The node at which it is. */
  readonly peer: Did
  readonly priceNanos: Amount
}
