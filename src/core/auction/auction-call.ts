import { canonicalJson } from '../../base/canonical-json.ts'
import { type Amount, ZERO_AMOUNT } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { CustodyModel } from '../escrow/escrow-terms.ts'
import type { Did, Hash } from '../evidence/names.ts'
import { toJson } from '../json/json-reader.ts'
import type { Currency } from '../ledger/ledger-names.ts'
import { utf8Bytes } from '../text/encode-utf8.ts'
import { delimitedHash, type Salt32 } from './delimited-hash.ts'

/**
 * `first`: sealed, the winner is paid what it asked. `second`: sealed, the winner is paid the price at which its score would have tied with the
 * second best. `english`: open and descending, the last standing bid wins at its price.
 */
export const AUCTION_KINDS = ['first', 'second', 'english'] as const
/** How bids are made and what the winner is paid: `first` and `second` are sealed, `english` is open. `AUCTION_KINDS` says what each is. */
export type AuctionKind = (typeof AUCTION_KINDS)[number]

/** Bids of one auction at most; further ones are refused. */
export const BIDS_MAX = 256
/** Capabilities that a call may ask for, and that a standing may name. */
export const CAPABILITIES_MAX = 32
/** Shortest window, so that tests run in real time. */
export const WINDOW_MS_MIN = 100
/** Longest window: 30 days. */
export const WINDOW_MS_MAX = 2_592_000_000
export const EXTENSIONS_MAX = 100
/** Weights are integers from 0 to this. */
export const WEIGHT_MAX = 1_000_000_000
/** One whole, in parts per million. */
export const PPM = 1_000_000

/**
 * What a bid costs the buyer, in nano-units times the price's weight; the lowest cost wins:
 * `price * priceNanos + latency * latencyMs + reputation * (1_000_000 - reputationPpm)`.
 */
export type ScoringRule = {
  /** 1 or more. */
  readonly price: number
  readonly latency: number
  readonly reputation: number
}

/** Of an English auction. */
export type EnglishRule = {
  /** A bid is at most the standing one less this; 1 or more. */
  readonly minimumDecrementNanos: Amount
  /** A bid that is stamped this near to the end, or nearer, moves the end by `extensionMs`. */
  readonly extensionWindowMs: DurationMs
  readonly extensionMs: DurationMs
  /** The end moves so many times at most. */
  readonly extensionsMax: number
}

/** Who may bid. */
export type BidderFilter = {
  /** Sorted, without repeats; a bidder has all of them. */
  readonly capabilities: readonly string[]
  /** Parts per million; 0 admits everybody. */
  readonly reputationPpmMin: number
  /** A newcomer is neither awarded nor paid more than this; 0 keeps newcomers out. */
  readonly newcomerExposureNanos: Amount
}

/** Call for proposals: what is bought, and every rule of the auction. Its hash is the id of the auction, so no rule can be changed later. */
export type AuctionCall = {
  /** Runs the auction: gives receipts, publishes the transcript. May be the buyer. */
  readonly auctioneer: Did
  readonly buyer: Did
  readonly skill: string
  /** Salted hash of the task, whose text only the winner sees. */
  readonly task: Hash
  readonly currency: Currency
  readonly kind: AuctionKind
  /** Highest acceptable price; above 0. */
  readonly reservePriceNanos: Amount
  /** Slowest acceptable answer. */
  readonly latencyMsMax: DurationMs
  /** Held of every bidder of a sealed auction; who does not reveal loses it. 0 in an English auction, which has nothing to reveal. */
  readonly depositNanos: Amount
  /** Gets lost deposits: neither buyer nor auctioneer, who would gain by not taking a reveal. */
  readonly forfeitTo: Did
  readonly opensAt: Timestamp
  /** T_bid: commitments, or English bids, are taken from `opensAt` for so long. */
  readonly bidMs: DurationMs
  /** T_rev: reveals are taken for so long behind it; 0 in an English auction. */
  readonly revealMs: DurationMs
  /**
   * T_settle: how long after it the auction waits for the beacon before it is void. As long again the winner has to sign, and as long again its deposit may be taken
   * where it has not; then deposits are free by themselves.
   */
  readonly settleMs: DurationMs
  readonly bidsMax: number
  readonly filter: BidderFilter
  readonly weights: ScoringRule
  /** For `english` alone. */
  readonly english: EnglishRule | undefined
  /** Whose first checkpoint behind the commit window breaks ties; without it the lowest commitment does. */
  readonly notarySet: Hash | undefined
  readonly salt: Salt32
  /** Under which custody the contract will be; absent where the call leaves it open. A bid binds to sign it, so whoever does not work under it does not bid. */
  readonly custody?: CustodyModel | undefined
}

/** End of the commit window, or of the bidding before extensions: stamps below are in time. */
export function commitDeadline(call: AuctionCall): Timestamp {
  return (call.opensAt + call.bidMs) as Timestamp
}

/** End of the reveal window. */
export function revealDeadline(call: AuctionCall): Timestamp {
  return (commitDeadline(call) + call.revealMs) as Timestamp
}

/** Until when the beacon must have come. */
export function beaconDeadline(call: AuctionCall): Timestamp {
  return (revealDeadline(call) + call.settleMs) as Timestamp
}

/** Until when the winner of a sealed auction signs the contract, where there is a deposit to lose. */
export function signDeadline(call: AuctionCall): Timestamp {
  return (beaconDeadline(call) + call.settleMs) as Timestamp
}

/** From when the ledger frees a deposit by itself, so that an auctioneer who vanishes keeps nobody's money. */
export function depositExpiry(call: AuctionCall): Timestamp {
  return (signDeadline(call) + call.settleMs) as Timestamp
}

/** Name of the auction: the hash of its call. */
export function auctionIdOf(call: AuctionCall): Hash {
  return delimitedHash('kernell/auction/call/v1', [utf8Bytes(canonicalJson(toJson(call)))])
}

/** The member of a call that is out of range or contradicts another; `undefined` when the call is sound. */
export function findCallFault(call: AuctionCall): string | undefined {
  return findRangeFault(call) ?? (call.kind === 'english' ? findEnglishFault(call) : findSealedFault(call))
}

function findRangeFault(call: AuctionCall): string | undefined {
  const { capabilities, reputationPpmMin } = call.filter
  const { price, latency, reputation } = call.weights
  if (call.reservePriceNanos === ZERO_AMOUNT) return 'reservePriceNanos'
  if (!isWithin(call.bidMs, WINDOW_MS_MIN, WINDOW_MS_MAX)) return 'bidMs'
  if (!isWithin(call.settleMs, WINDOW_MS_MIN, WINDOW_MS_MAX)) return 'settleMs'
  // All instants of an auction, each extension included, stay safe integers.
  if (!isWithin(call.opensAt, 0, Number.MAX_SAFE_INTEGER - 110 * WINDOW_MS_MAX)) return 'opensAt'
  if (!isWithin(call.latencyMsMax, 0, WINDOW_MS_MAX)) return 'latencyMsMax'
  if (!isWithin(call.bidsMax, 1, BIDS_MAX)) return 'bidsMax'
  if (!isWithin(reputationPpmMin, 0, PPM)) return 'filter.reputationPpmMin'
  if (capabilities.length > CAPABILITIES_MAX || !isStrictlySorted(capabilities)) return 'filter.capabilities'
  if (!isWithin(price, 1, WEIGHT_MAX)) return 'weights.price'
  if (!isWithin(latency, 0, WEIGHT_MAX)) return 'weights.latency'
  return isWithin(reputation, 0, WEIGHT_MAX) ? undefined : 'weights.reputation'
}

function findSealedFault(call: AuctionCall): string | undefined {
  if (call.english !== undefined) return 'english'
  if (!isWithin(call.revealMs, WINDOW_MS_MIN, WINDOW_MS_MAX)) return 'revealMs'
  const isInterested = call.forfeitTo === call.buyer || call.forfeitTo === call.auctioneer
  return isInterested && call.depositNanos > 0n ? 'forfeitTo' : undefined
}

function findEnglishFault(call: AuctionCall): string | undefined {
  const { english } = call
  if (english === undefined) return 'english'
  if (call.revealMs !== 0) return 'revealMs'
  if (call.depositNanos !== ZERO_AMOUNT) return 'depositNanos'
  // Only the price can be undercut in the open, so only the price may count.
  if (call.weights.latency !== 0 || call.weights.reputation !== 0) return 'weights'
  if (english.minimumDecrementNanos === ZERO_AMOUNT) return 'english.minimumDecrementNanos'
  if (!isWithin(english.extensionWindowMs, 0, call.bidMs)) return 'english.extensionWindowMs'
  if (!isWithin(english.extensionMs, 0, WINDOW_MS_MAX)) return 'english.extensionMs'
  return isWithin(english.extensionsMax, 0, EXTENSIONS_MAX) ? undefined : 'english.extensionsMax'
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most
}

/** Each text is behind the one before. */
export function isStrictlySorted(texts: readonly string[]): boolean {
  return texts.every((text, at) => at === 0 || (texts[at - 1] ?? '') < text)
}
