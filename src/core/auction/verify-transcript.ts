import { canonicalJson } from '../../base/canonical-json.ts'
import type { Amount } from '../../base/money.ts'
import type { Did, Hash } from '../evidence/names.ts'
import { toJson } from '../json/json-reader.ts'
import type { HoldOrder } from '../ledger/transfer-order.ts'
import { auctionIdOf, commitDeadline, findCallFault, isStrictlySorted, revealDeadline } from './auction-call.ts'
import type { TranscriptCode } from './auction-codes.ts'
import type { AuctionReceipt, AuctionTranscript, EnglishBid, TranscriptEntry } from './auction-record.ts'
import { type Bid, commitmentOf } from './commitment.ts'
import type { Salt32 } from './delimited-hash.ts'
import { holdDeposit } from './deposits.ts'
import {
  type AuctionOutcome,
  type BidFault,
  determineWinner,
  findBidFault,
  findStandingFault,
} from './determine-winner.ts'
import { addEnglishBid, englishOutcome, findEnglishFault, startBidding } from './english-steps.ts'
import { candidateOf } from './sealed-steps.ts'
import { provesOmission, tieRuleOf } from './transcript.ts'

/**
 * What became of a bid. `won`, `lost`, `unrevealed` and the three of `BidFault` are honest ends. The others show a broken rule: `early` and `late`,
 * outside of the window; `altered`, not what was committed to; `replayed`, there twice; `added`, not in the published list of commitments;
 * `refusable`, not admitted by the call; `unsigned`, no message of its bidder says it; `free`, without the deposit that the call asks for;
 * `omitted`, known from a receipt alone.
 */
export type BidStatus =
  | 'won'
  | 'lost'
  | 'unrevealed'
  | BidFault
  | 'early'
  | 'late'
  | 'altered'
  | 'replayed'
  | 'added'
  | 'refusable'
  | 'unsigned'
  | 'free'
  | 'omitted'

/** What a bidder has signed. */
export type SignedBid =
  | { readonly kind: 'commitment'; readonly bidder: Did; readonly commitment: Hash }
  | { readonly kind: 'reveal'; readonly bidder: Did; readonly salt: Salt32; readonly bid: Bid }
  | { readonly kind: 'bid'; readonly bidder: Did; readonly bid: Bid }

/** What else is known, all signed by others or before: whatever is absent is not checked. */
export type TranscriptEvidence = {
  /** Receipts that bidders hold. */
  readonly receipts?: readonly AuctionReceipt[]
  /** The list that was published between the windows. */
  readonly commitments?: readonly Hash[]
  /** The first certified checkpoint behind the commit window. */
  readonly checkpoint?: Hash
  /** What bidders have signed, by the hashes of their messages. */
  readonly signed?: ReadonlyMap<Hash, SignedBid>
  /** Whether the notary set has held a deposit. */
  readonly isHeld?: (deposit: HoldOrder) => boolean
}

export type TranscriptProblem = { readonly code: TranscriptCode; readonly bidder: Did | undefined }

/** What `verifyTranscript` found when it worked an auction out again. `bids` has those of the transcript in its order, then those that only receipts tell of. */
export type TranscriptVerdict = {
  /** No rule is broken and the outcome is the right one. */
  readonly ok: boolean
  /** Recomputed from the bids that count, whatever the transcript says. */
  readonly winner: Did | undefined
  readonly clearingNanos: Amount | undefined
  readonly bids: readonly { readonly bidder: Did; readonly status: BidStatus }[]
  readonly problems: readonly TranscriptProblem[]
}

type Finding = { readonly bidder: Did; readonly status: BidStatus }

/**
 * Recomputes an auction from its transcript. Signatures, and what the ledger holds, are looked up elsewhere and come as evidence; without it the transcript is only
 * consistent with itself.
 *
 * @see protocol/spec/auction.md#transcript
 */
export function verifyTranscript(transcript: AuctionTranscript, evidence: TranscriptEvidence = {}): TranscriptVerdict {
  const { call, outcome } = transcript
  const problems: TranscriptProblem[] = []
  const say = (code: TranscriptCode, bidder?: Did): void => void problems.push({ code, bidder })
  if (auctionIdOf(call) !== transcript.auction || findCallFault(call) !== undefined) say('AUCTION_TRANSCRIPT_CALL')
  checkBeacon(transcript, evidence, say)
  const judged = call.kind === 'english' ? judgeEnglish(transcript, evidence) : judgeSealed(transcript, evidence)
  if (!judged.isOrdered) say('AUCTION_TRANSCRIPT_ORDER')
  for (const { bidder, status } of judged.findings) {
    const code = codeOf(status)
    if (code !== undefined) say(code, bidder)
  }
  const omitted = findOmitted(transcript, evidence)
  for (const bidder of omitted) say('AUCTION_TRANSCRIPT_OMITTED', bidder)
  if (isListedMissing(transcript, evidence)) say('AUCTION_TRANSCRIPT_OMITTED')
  const isEarlyClose = transcript.closedAt < judged.closesAt
  if (isEarlyClose || canonicalJson(toJson(judged.outcome)) !== canonicalJson(toJson(outcome))) {
    say('AUCTION_TRANSCRIPT_OUTCOME')
  }
  const isAwarded = judged.outcome.kind === 'awarded'
  return {
    ok: problems.length === 0,
    winner: isAwarded ? judged.outcome.winner : undefined,
    clearingNanos: isAwarded ? judged.outcome.clearingNanos : undefined,
    bids: [...judged.findings, ...omitted.map((bidder): Finding => ({ bidder, status: 'omitted' }))],
    problems,
  }
}

type Say = (code: TranscriptCode, bidder?: Did) => void

type Judged = {
  readonly findings: readonly Finding[]
  readonly outcome: AuctionOutcome
  readonly isOrdered: boolean
  /** Before then it cannot have been closed. */
  readonly closesAt: number
}

function checkBeacon({ call, beacon, tieRule }: AuctionTranscript, evidence: TranscriptEvidence, say: Say): void {
  const expected = tieRuleOf(call)
  const isSound =
    tieRule === expected &&
    (beacon !== undefined) === (expected === 'beacon') &&
    (beacon === undefined || beacon.at >= commitDeadline(call)) &&
    (beacon === undefined || evidence.checkpoint === undefined || beacon.checkpoint === evidence.checkpoint)
  if (!isSound) say('AUCTION_TRANSCRIPT_BEACON')
}

function judgeSealed(transcript: AuctionTranscript, evidence: TranscriptEvidence): Judged {
  const { call, entries, beacon } = transcript
  const seen = new Set<string>()
  const judged = entries.map((entry) => {
    const isRepeated = seen.has(entry.bidder) || seen.has(entry.envelope)
    seen.add(entry.bidder).add(entry.envelope)
    return { entry, status: isRepeated ? 'replayed' : statusOf(transcript, entry, evidence) }
  })
  const counted = judged.filter(({ status }) => codeOf(status) === undefined).map(({ entry }) => entry)
  const outcome = determineWinner({
    call,
    beacon: beacon?.checkpoint,
    candidates: counted.flatMap(candidateOf),
    hasCommitments: counted.length > 0,
  })
  return {
    findings: judged.map(({ entry: { bidder }, status }) => ({
      bidder,
      status: status === 'lost' && outcome.kind === 'awarded' && outcome.winner === bidder ? 'won' : status,
    })),
    outcome,
    isOrdered: isStrictlySorted(entries.map(({ bidder }) => bidder)) && transcript.bids.length === 0,
    closesAt: revealDeadline(call),
  }
}

/** A bid that may win has `lost` until the winner is known. */
function statusOf(transcript: AuctionTranscript, entry: TranscriptEntry, evidence: TranscriptEvidence): BidStatus {
  const { auction, call } = transcript
  const { bidder, commitment, at, standing, reveal } = entry
  if (at < call.opensAt) return 'early'
  if (at >= commitDeadline(call)) return 'late'
  if (evidence.commitments !== undefined && !evidence.commitments.includes(commitment)) return 'added'
  if (findStandingFault(call, standing) !== undefined) return 'refusable'
  if (reveal !== undefined) {
    if (reveal.at < commitDeadline(call)) return 'early'
    if (reveal.at >= revealDeadline(call)) return 'late'
    if (commitmentOf({ auction, bidder, salt: reveal.salt, bid: reveal.bid }) !== commitment) return 'altered'
  }
  if (!isSigned(entry, evidence)) return 'unsigned'
  if (!hasDeposit(transcript, entry, evidence)) return 'free'
  if (reveal === undefined) return 'unrevealed'
  return findBidFault(call, reveal.bid, standing) ?? 'lost'
}

/** Each part of an entry is what its bidder has signed. */
function isSigned(entry: TranscriptEntry, { signed }: TranscriptEvidence): boolean {
  if (signed === undefined) return true
  const { bidder, reveal } = entry
  const commitment = signed.get(entry.envelope)
  if (commitment?.kind !== 'commitment') return false
  if (commitment.bidder !== bidder || commitment.commitment !== entry.commitment) return false
  if (reveal === undefined) return true
  const shown = signed.get(reveal.envelope)
  return (
    shown?.kind === 'reveal' &&
    shown.bidder === bidder &&
    shown.salt === reveal.salt &&
    isSameBid(shown.bid, reveal.bid)
  )
}

function isSignedBid({ bidder, bid, envelope }: EnglishBid, { signed }: TranscriptEvidence): boolean {
  const said = signed?.get(envelope)
  return signed === undefined || (said?.kind === 'bid' && said.bidder === bidder && isSameBid(said.bid, bid))
}

function isSameBid(one: Bid, other: Bid): boolean {
  return one.priceNanos === other.priceNanos && one.latencyMs === other.latencyMs
}

function hasDeposit(
  { call, auction }: AuctionTranscript,
  entry: TranscriptEntry,
  { isHeld }: TranscriptEvidence,
): boolean {
  return isHeld === undefined || call.depositNanos === 0n || isHeld(holdDeposit(call, auction, entry))
}

function judgeEnglish({ call, bids, entries }: AuctionTranscript, evidence: TranscriptEvidence): Judged {
  const seen = new Set<Hash>()
  let bidding = startBidding(call)
  let before = 0
  let isOrdered = entries.length === 0
  const findings: Finding[] = []
  for (const bid of bids) {
    if (bid.at < before) isOrdered = false
    before = Math.max(before, bid.at)
    const fault = findEnglishFault(call, bidding, bid)
    if (seen.has(bid.envelope)) findings.push({ bidder: bid.bidder, status: 'replayed' })
    else if (!isSignedBid(bid, evidence)) findings.push({ bidder: bid.bidder, status: 'unsigned' })
    else if (fault === 'AUCTION_LATE') findings.push({ bidder: bid.bidder, status: 'late' })
    else if (fault === 'AUCTION_NOT_OPEN') findings.push({ bidder: bid.bidder, status: 'early' })
    else if (fault !== undefined) findings.push({ bidder: bid.bidder, status: 'refusable' })
    else {
      bidding = addEnglishBid(call, bidding, bid)
      findings.push({ bidder: bid.bidder, status: 'lost' })
    }
    seen.add(bid.envelope)
  }
  const last = findings.findLastIndex(({ status }) => status === 'lost')
  return {
    findings: findings.map((finding, at) => (at === last ? { ...finding, status: 'won' } : finding)),
    outcome: englishOutcome(bidding.bids),
    isOrdered,
    closesAt: bidding.closesAt,
  }
}

/** Bidders whose receipts the transcript contradicts, each once, in order. */
function findOmitted(transcript: AuctionTranscript, { receipts = [] }: TranscriptEvidence): readonly Did[] {
  const bidders = receipts.filter((receipt) => provesOmission(receipt, transcript)).map(({ bidder }) => bidder)
  return [...new Set(bidders)].toSorted()
}

/** Whether the published list has a commitment more often than the transcript; a copied one is in both twice. */
function isListedMissing({ entries }: AuctionTranscript, { commitments = [] }: TranscriptEvidence): boolean {
  const missing = [...commitments]
  for (const { commitment } of entries) {
    const at = missing.indexOf(commitment)
    if (at >= 0) missing.splice(at, 1)
  }
  return missing.length > 0
}

/** The rule that a status shows broken; `undefined` for honest ends. */
function codeOf(status: BidStatus): TranscriptCode | undefined {
  switch (status) {
    case 'early':
    case 'late':
      return 'AUCTION_TRANSCRIPT_LATE'
    case 'altered':
      return 'AUCTION_TRANSCRIPT_ALTERED'
    case 'replayed':
      return 'AUCTION_TRANSCRIPT_ORDER'
    case 'added':
      return 'AUCTION_TRANSCRIPT_ADDED'
    case 'refusable':
      return 'AUCTION_TRANSCRIPT_REFUSABLE'
    case 'unsigned':
      return 'AUCTION_TRANSCRIPT_UNSIGNED'
    case 'free':
      return 'AUCTION_TRANSCRIPT_DEPOSIT'
    case 'omitted':
      return 'AUCTION_TRANSCRIPT_OMITTED'
    default:
      return undefined
  }
}
