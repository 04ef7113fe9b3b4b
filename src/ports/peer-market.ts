/**
 * PeerMarket: where the router buys answers from other nodes. It knows the standing offers that it has read, and buys one piece of work under a contract: hold, delivery, the check
 * that both sides signed, payment. It does not decide whom to ask and does not judge what an answer is worth beyond that check: the router does, as with any model.
 *
 * Amounts are credits of an issuer, and no dollars: whoever compares them needs the operator's rate.
 *
 * ```ts
 * import type { PeerMarket } from 'kernell-os/ports'
 *
 * const cheapest = ({ offers }: PeerMarket) => offers.toSorted((left, right) => Number(left.priceNanos - right.priceNanos))[0]
 * ```
 */
import type { Amount } from '../base/money.ts'
import type { AcceptancePredicate } from '../core/acceptance/acceptance-predicate.ts'
import type { CustodyModel } from '../core/escrow/escrow-terms.ts'
import type { Did } from '../core/evidence/names.ts'
import type { Currency } from '../core/ledger/ledger-names.ts'
import type { PeerOffer } from '../core/peer-tier/peer-offer.ts'
import type { AbortOptions } from './abort-options.ts'

/**
 * One piece of work that is to be bought: of whom, for how much at most, and what its result must be. Amounts are nano-units of credits in `currency`, and
 * no dollars.
 */
export type PeerPurchase = {
  /** Names the purchase, 1 to 128 printable ASCII characters: the same key is the same purchase. */
  readonly key: string
  readonly skill: string
  readonly input: Uint8Array
  /** Who may get it, each with its node; one or more. */
  readonly sellers: readonly Pick<PeerOffer, 'seller' | 'node'>[]
  /** The most that is paid, credits. */
  readonly maxNanos: Amount
  readonly currency: Currency
  readonly custody: CustodyModel
  /** Whether the sellers bid for it; else the best of their offers gets it. */
  readonly isAuction: boolean
  /** What the result must be, for both sides. */
  readonly predicate: AcceptancePredicate
  /** From the hold until the delivery at most. */
  readonly deliverMs: number
}

/** What was agreed with whom. */
export type PeerContract = {
  readonly contract: string
  readonly seller: Did
  readonly currency: Currency
  readonly priceNanos: Amount
  /** What the notaries keep of the price at most. */
  readonly feeNanos: Amount
  readonly custody: CustodyModel
}

/** What came of a purchase: a result that passes the purchase's predicate, and the contract by which it will be paid for. */
export type BoughtWork = { readonly result: Uint8Array; readonly contract: PeerContract }

/**
 * Where the router buys answers from other nodes: it knows the standing offers that it has read, and buys each piece of work under a contract. It neither
 * decides whom to ask nor judges a result beyond the predicate.
 */
export interface PeerMarket {
  /** Standing offers as they were said or asked for last, of at most 64 sellers for a skill; those of unreachable nodes are left out. Answers at once. */
  readonly offers: readonly PeerOffer[]
  /** What a buyer puts up besides the price, in millionths of it; only in C3. */
  readonly bondPerMillion: number
  /**
   * Buys one piece of work. Resolves with a result that passes the predicate: it will be paid for. Where the signal aborts, a purchase that nobody has signed is given up; one that both
   * have signed goes on, and ends by the contract's timers.
   *
   * Throws `PEER_NOT_BOUGHT` where no money was held, `PEER_NOT_DELIVERED` where it was held and nothing came, `PEER_ANSWER_REFUSED` where the result failed the predicate, each with `details.reason`; then nothing is paid.
   * `PEER_LATE` where the signal aborted after both had signed: it may be paid. With a contract, `details` name it as `PeerContract` has it, amounts as texts.
   */
  buy(purchase: PeerPurchase, options?: AbortOptions): Promise<BoughtWork>
}
