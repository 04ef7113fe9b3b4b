import { canonicalJson } from '../../../base/canonical-json.ts'
import { type Amount, ZERO_AMOUNT, amountFromNanos } from '../../../base/money.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import { addDuration, type DurationMs, durationFromMs, MINUTE_MS, type Timestamp } from '../../../base/time.ts'
import { type AcceptancePredicate, predicateHash } from '../../../core/acceptance/acceptance-predicate.ts'
import type { AuctionKind, BidderFilter } from '../../../core/auction/auction-call.ts'
import type {
  ArbiterTerms,
  CreditTerms,
  CustodyModel,
  EscrowTerms,
  EscrowTimers,
  NotarySetTerms,
} from '../../../core/escrow/escrow-terms.ts'
import { custodyLabelOf } from '../../../core/escrow/escrow-terms.ts'
import type { EscrowRules } from '../../../core/escrow/escrow-rules.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import type { BidderCode, BuyCode } from './buy-codes.ts'
import type { Currency } from '../../../core/ledger/ledger-names.ts'
import type { MarketTask } from '../../../wire/v1/market-frames.ts'
import { isInPieces } from '../../../wire/v1/piece-list.ts'
import { nameOfArtifact } from '../artifacts/artifact-files.ts'
import { type ArtifactName, taskHashOf } from '../contracts/task-package.ts'

/** What a seller has to have. */
export type SellerFilter = Omit<BidderFilter, 'newcomerExposureNanos'>

/** What somebody wants to buy. */
export type BuyRequest = {
  /** The same key with the same request is the same purchase; with another one it is a conflict. 1 to 128 printable ASCII characters. */
  readonly idempotencyKey: string
  readonly skill: string
  /** Its bytes; or what is kept of it under the key already, piece by piece (`uploads.ts`). */
  readonly input: Uint8Array | ArtifactName
  /** The most that it may cost, above 0. */
  readonly maxNanos: Amount
  readonly currency: Currency
  readonly custody: CustodyModel
  /** How the seller is chosen; absent: the best standing offer, at its price. */
  readonly auction?: AuctionKind
  /** Whether the auction is announced to everybody, so that sellers bid whom this buyer does not know; absent: it is not. */
  readonly isOpenCall?: boolean
  /** Held of every bidder of a sealed auction; absent: as the policy says, and nothing in `C1`. */
  readonly depositNanos?: Amount
  /** Whom else it does not go to; absent: anybody may work for it. */
  readonly filter?: SellerFilter
  /** Spans that differ from those of the policy. */
  readonly timers?: Partial<EscrowTimers>
  /** What the result must be; absent: any bytes. */
  readonly predicate?: AcceptancePredicate
  /** Cumulative shares of the price that are vouched for on the way, in millionths, rising; absent: none. */
  readonly milestonesPerMillion?: readonly number[]
  /** Parameter set that the contract pins; absent: that of the policy. */
  readonly parametersHash?: Hash
  /** Who rules on a dispute; absent: as the policy says. */
  readonly arbiters?: ArbiterTerms
  /** Held of the payer when it rejects, in `C2` and `C3`: it pays the arbiters, and what is left goes back; absent: as the policy says. */
  readonly disputeBondNanos?: Amount
  /** For each arbiter that rules; k of them are at most the dispute bond. Absent: as the policy says. */
  readonly arbiterFeeNanos?: Amount
  /** What the worker gets of what is disputed where nobody rules, in millionths; absent: as the policy says. */
  readonly fallbackPerMillion?: number
  /** What a seller of whom nothing is known may have of open contracts beyond its bond; absent: as the policy says. */
  readonly newcomerNanosMax?: Amount
  /** Whether the predicate alone accepts and rejects; absent: as the buyer is set up. */
  readonly acceptsAlone?: boolean
  /** Delegations that end at this buyer, root first, base64url: by their authority it signs, and the terms name them. Absent: it acts for itself. */
  readonly capability?: readonly string[]
  /** Nodes to ask; absent: those that are connected. */
  readonly peers?: readonly Did[]
  /** Only these may work for it; absent: whoever offers. */
  readonly sellers?: readonly Did[]
}

/** What a buyer signs, whatever it buys. */
export type BuyerPolicy = {
  readonly notarySet: NotarySetTerms
  readonly parametersHash: Hash
  /** Rules of the parameter sets that it knows, by their hash. */
  readonly parameters: ReadonlyMap<Hash, EscrowRules>
  readonly arbiters: ArbiterTerms
  readonly timers: EscrowTimers
  /** Of the price, in millionths: bonds in `C3`, the dispute bond in `C2` and `C3`, and what a worker loses of its bond. */
  readonly bondPerMillion: number
  readonly disputeBondPerMillion: number
  readonly penaltyPerMillion: number
  readonly feePerMillion: number
  readonly fallbackPerMillion: number
  /** Of the dispute bond, for each of the arbiters that rule, in millionths divided by their number. */
  readonly arbiterSharePerMillion: number
  /** The most that the buyer vouches for before it has seen a result, in millionths of the price. */
  readonly vouchPerMillionMax: number
  /** The most that a seller of whom nothing is known may have of this buyer's open contracts beyond its bond. */
  readonly newcomerNanosMax: Amount
  /** The most that it owes one worker in `C1`. */
  readonly creditNanosMax: Amount
  readonly windows: { readonly bidMs: DurationMs; readonly revealMs: DurationMs; readonly settleMs: DurationMs }
  readonly latencyMsMax: DurationMs
  /** Of the highest price, in millionths: what a bidder of a sealed auction loses when it does not reveal, and by how much at least an open bid undercuts. */
  readonly depositPerMillion: number
  readonly decrementPerMillion: number
}

/** Any bytes at all. */
export const ANY_RESULT: AcceptancePredicate = {
  kind: 'size-within',
  artifact: 'result',
  minBytes: 0,
  maxBytes: 67_108_864,
}

/** What contracts call the input of a request. */
export function inputOf({ input }: Pick<BuyRequest, 'input'>): ArtifactName {
  return input instanceof Uint8Array ? nameOfArtifact(input) : input
}

/** The request's own content, for the comparison of two with one key. */
export function requestHashOf(request: BuyRequest): Hash {
  const { skill, currency, custody, auction, timers, predicate, milestonesPerMillion, arbiters, capability } = request
  const { sellers } = request
  const { depositNanos, filter, newcomerNanosMax, disputeBondNanos, arbiterFeeNanos, fallbackPerMillion } = request
  const content = {
    skill,
    currency,
    custody,
    input: inputOf(request).hash,
    maxNanos: request.maxNanos.toString(),
    ...(auction !== undefined && { auction }),
    ...(request.isOpenCall === true && { isOpenCall: true }),
    ...(depositNanos !== undefined && { depositNanos: depositNanos.toString() }),
    ...(filter !== undefined && { filter }),
    ...(timers !== undefined && { timers }),
    ...(predicate !== undefined && { predicate }),
    ...(milestonesPerMillion !== undefined && { milestonesPerMillion }),
    ...(arbiters !== undefined && { arbiters }),
    ...(capability !== undefined && { capability }),
    ...(newcomerNanosMax !== undefined && { newcomerNanosMax: newcomerNanosMax.toString() }),
    ...(disputeBondNanos !== undefined && { disputeBondNanos: disputeBondNanos.toString() }),
    ...(arbiterFeeNanos !== undefined && { arbiterFeeNanos: arbiterFeeNanos.toString() }),
    ...(fallbackPerMillion !== undefined && { fallbackPerMillion }),
    ...(sellers !== undefined && { sellers }),
  }
  return sha256Hex(canonicalJson(content)) as Hash
}

export type TermsInit = {
  readonly request: Pick<
    BuyRequest,
    'custody' | 'currency' | 'timers' | 'predicate' | 'milestonesPerMillion' | 'parametersHash' | 'arbiters'
  > &
    Pick<OrderNote['request'], 'disputeBondNanos' | 'arbiterFeeNanos' | 'fallbackPerMillion'>
  readonly policy: BuyerPolicy
  /** Name of the network. */
  readonly net: string
  readonly now: Timestamp
  readonly payer: Did
  readonly worker: Did
  readonly task: MarketTask
  readonly verifier: string
  readonly priceNanos: Amount
  readonly credit: CreditTerms | undefined
  /** Hash of the chain by which the payer acts. */
  readonly capabilityHash: Hash
  /** 16 bytes, base64url. */
  readonly salt: string
}

/** The terms of a purchase. The price is fixed: it is the most that is held, and what is claimed. */
export function makeTerms(init: TermsInit): EscrowTerms {
  const { request, policy, net, now, payer, worker, task, verifier, priceNanos, credit, salt } = init
  const { custody } = request
  const share = (perMillion: number): Amount => amountFromNanos((priceNanos * BigInt(perMillion)) / 1_000_000n)
  const none = ZERO_AMOUNT
  const bondNanos = bondOf(policy, custody, priceNanos)
  const penaltyNanos = custody === 'C3' ? least(share(policy.penaltyPerMillion), bondNanos) : none
  const ownBond = request.disputeBondNanos
  const usualBond = custody === 'C1' ? none : share(policy.disputeBondPerMillion)
  const disputeNanos = ownBond === undefined ? usualBond : amountFromNanos(BigInt(ownBond))
  const arbiters = request.arbiters ?? policy.arbiters
  const { k } = arbiters
  const usualFee = k === 0 ? 0n : (disputeNanos * BigInt(policy.arbiterSharePerMillion)) / 1_000_000n / BigInt(k)
  const arbiterNanos = request.arbiterFeeNanos === undefined ? usualFee : BigInt(request.arbiterFeeNanos)
  const timers = withTransfer({ ...policy.timers, ...request.timers }, task.inputBytes)
  return {
    net,
    signBy: addDuration(now, signSpanOf(timers)),
    payer,
    worker,
    notarySet: policy.notarySet,
    arbiters,
    custody,
    custodyLabel: custodyLabelOf(custody, policy.notarySet.n),
    taskHash: taskHashOf(task),
    capabilityHash: init.capabilityHash,
    predicateHash: predicateHash(request.predicate ?? ANY_RESULT),
    verifier,
    currency: request.currency,
    maxNanos: priceNanos,
    milestonesNanos: (request.milestonesPerMillion ?? []).map(share),
    timers,
    bonds: { payerNanos: bondNanos, workerNanos: bondNanos, disputeNanos },
    penalties: { p1Nanos: penaltyNanos, p2Nanos: penaltyNanos },
    fees: {
      capNanos: custody === 'C1' ? none : share(policy.feePerMillion),
      flatNanos: none,
      perMillion: custody === 'C1' ? 0 : policy.feePerMillion,
      arbiterNanos: amountFromNanos(arbiterNanos),
    },
    fallbackPerMillion: request.fallbackPerMillion ?? policy.fallbackPerMillion,
    credit: custody === 'C1' ? credit : undefined,
    parametersHash: request.parametersHash ?? policy.parametersHash,
    salt,
  }
}

/** What a link carries at least that an input in pieces goes over, bytes in a second. */
const TRANSFER_RATE = 262_144

/** The pieces of an input are fetched between the hold and the start. */
function withTransfer(timers: EscrowTimers, inputBytes: number): EscrowTimers {
  if (!isInPieces(inputBytes)) return timers
  const transferMs = Math.ceil((inputBytes * 1_000) / TRANSFER_RATE)
  const most = Math.min(timers.startMs + transferMs, Math.floor(timers.deliverMs / 2))
  return { ...timers, startMs: durationFromMs(Math.max(timers.startMs, most)) }
}

/** Sellers sign no further ahead: until then what they have signed may be held, and they keep a place for it. */
const SIGN_MS_MAX: DurationMs = (2 * MINUTE_MS) as DurationMs

/** Within this time the contract is signed by both and with the notary set: the seller's answer and the way there included, the clocks' difference too. */
export function signSpanOf({ offerMs }: EscrowTimers): DurationMs {
  return Math.min(offerMs + MINUTE_MS, SIGN_MS_MAX) as DurationMs
}

/** What each side has at stake besides the price. A bond of nothing is none. */
export function bondOf(
  { bondPerMillion }: Pick<BuyerPolicy, 'bondPerMillion'>,
  custody: CustodyModel,
  priceNanos: Amount,
): Amount {
  if (custody !== 'C3') return ZERO_AMOUNT
  // Rounded up, as parameter sets ask for bonds.
  const bondNanos = (priceNanos * BigInt(bondPerMillion) + 999_999n) / 1_000_000n
  return amountFromNanos(bondNanos === 0n ? 1n : bondNanos)
}

function least(left: Amount, right: Amount): Amount {
  return left < right ? left : right
}

/** Topic of notes on purchases, by their key. */
export const ORDERS = 'order'

/** A bidder that was not asked for the work, and why. */
export type PassedOver = {
  readonly seller: Did
  readonly code: BidderCode
  /** Amounts and names, for a person. */
  readonly detail: string
}

/** A purchase as it is kept. */
export type OrderNote = {
  readonly requestHash: Hash
  readonly request: {
    readonly skill: string
    readonly maxNanos: string
    readonly currency: Currency
    readonly custody: CustodyModel
    readonly auction?: AuctionKind
    readonly isOpenCall?: boolean
    readonly depositNanos?: string
    readonly filter?: SellerFilter
    readonly timers?: Partial<EscrowTimers>
    readonly predicate?: AcceptancePredicate
    readonly milestonesPerMillion?: readonly number[]
    readonly parametersHash?: Hash
    readonly arbiters?: ArbiterTerms
    readonly newcomerNanosMax?: string
    readonly disputeBondNanos?: string
    readonly arbiterFeeNanos?: string
    readonly fallbackPerMillion?: number
    readonly acceptsAlone?: boolean
    readonly capability?: readonly string[]
    readonly peers?: readonly Did[]
    readonly sellers?: readonly Did[]
  }
  /** Nobody waits for it any more: it ends before this buyer signs. */
  readonly isGivenUp?: boolean
  readonly task: MarketTask
  readonly input: Hash
  readonly at: number
  /** What the call of the auction says besides the request, where there is one. */
  readonly call?: {
    readonly salt: string
    readonly opensAt: number
    readonly kind: AuctionKind
    readonly reserveNanos: string
    readonly newcomerNanos: string
    readonly depositNanos: string
  }
  /** Hash of the auction's call, and of its transcript. */
  readonly auction?: Hash
  readonly transcript?: Hash
  /** The transcript's file: canonical JSON. */
  readonly transcriptFile?: Hash
  readonly declined: readonly Did[]
  /** Bidders of the auction that were not asked, though they came before whoever was asked last. */
  readonly passedOver?: readonly PassedOver[]
  readonly declinedCode?: string
  readonly contract?: string
  /** Canonical text of the terms. */
  readonly terms?: string
  readonly peer?: Did
  /** The worker's signature on the contract. */
  readonly cosignature?: string
  readonly failed?: {
    readonly code: BuyCode
    /** The code behind it. */
    readonly reason?: string
    /** Amounts and names, for a person. */
    readonly detail?: string
  }
}
