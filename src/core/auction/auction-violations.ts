import { canonicalJson } from '../../base/canonical-json.ts'
import { toJson } from '../json/json-reader.ts'
import { auctionIdOf, commitDeadline, isStrictlySorted, revealDeadline } from './auction-call.ts'
import type { CommitmentEntry } from './auction-record.ts'
import type { AuctionState } from './auction-state.ts'
import { commitmentOf } from './commitment.ts'
import { determineWinner, findStandingFault } from './determine-winner.ts'
import { addEnglishBid, englishOutcome, findEnglishFault, startBidding } from './english-steps.ts'
import { candidateOf, isCounted } from './sealed-steps.ts'

/** Names of broken invariants of an auction. */
export function auctionViolations(state: AuctionState): readonly string[] {
  const broken = new Set<string>()
  if (auctionIdOf(state.call) !== state.auction) broken.add('the id is the hash of the call')
  if ('entries' in state) checkEntries(state, broken)
  if ('bids' in state) checkBids(state, broken)
  if (state.kind === 'closed') checkOutcome(state, broken)
  return [...broken]
}

type SealedState = Extract<AuctionState, { readonly entries: readonly CommitmentEntry[] }>

function checkEntries(state: SealedState, broken: Set<string>): void {
  const { call, auction, entries } = state
  if (!isStrictlySorted(entries.map(({ bidder }) => bidder))) broken.add('commitments are sorted, one for each bidder')
  if (entries.length > call.bidsMax) broken.add('there are at most as many commitments as the call allows')
  for (const { at, bidder, commitment, standing, deposit, reveal } of entries) {
    if (at < call.opensAt || at >= commitDeadline(call)) broken.add('commitments are from inside their window')
    if (findStandingFault(call, standing) !== undefined) broken.add('the call admits every bidder')
    if ((deposit === 'free') !== (call.depositNanos === 0n)) broken.add('a deposit is held where the call asks for one')
    if (reveal === undefined) continue
    if (reveal.at < commitDeadline(call) || reveal.at >= revealDeadline(call)) {
      broken.add('reveals are from inside their window')
    }
    if (deposit === 'asked' || state.kind === 'open') broken.add('only what counts is revealed, and not early')
    if (commitmentOf({ auction, bidder, salt: reveal.salt, bid: reveal.bid }) !== commitment) {
      broken.add('a revealed bid is what was committed to')
    }
  }
}

function checkBids(state: Extract<AuctionState, { kind: 'bidding' | 'closed' }>, broken: Set<string>): void {
  const { call, bids } = state
  let bidding = startBidding(call)
  for (const bid of bids) {
    if (findEnglishFault(call, bidding, bid) !== undefined) broken.add('each bid undercuts the one before, in time')
    bidding = addEnglishBid(call, bidding, bid)
  }
  if (state.kind !== 'bidding') return
  if (bidding.closesAt !== state.closesAt || bidding.extensions !== state.extensions) {
    broken.add('the end moves by the extension rule alone')
  }
}

function checkOutcome(state: Extract<AuctionState, { kind: 'closed' }>, broken: Set<string>): void {
  const { call, entries, bids, beacon } = state
  const counted = entries.filter(isCounted)
  const outcome =
    call.kind === 'english'
      ? englishOutcome(bids)
      : determineWinner({
          call,
          beacon: beacon?.checkpoint,
          candidates: counted.flatMap(candidateOf),
          hasCommitments: counted.length > 0,
        })
  if (canonicalJson(toJson(outcome)) !== canonicalJson(toJson(state.outcome))) {
    broken.add('the outcome is what the bids come to')
  }
  const needsBeacon = call.kind !== 'english' && call.notarySet !== undefined
  if (needsBeacon !== (beacon !== undefined)) broken.add('a beacon is there where a notary set is named')
  if (beacon !== undefined && beacon.at < commitDeadline(call))
    broken.add('the beacon is from behind the commit window')
}
