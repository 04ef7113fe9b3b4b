import type { Timestamp } from '../../base/time.ts'
import type { Did } from '../evidence/names.ts'
import type { Step } from '../machine.ts'
import { compareTexts } from '../text/compare-texts.ts'
import { beaconDeadline, commitDeadline, revealDeadline } from './auction-call.ts'
import type { Beacon, CommitmentEntry } from './auction-record.ts'
import type {
  AuctionEffect,
  AuctionState,
  AwaitingState,
  BeaconCertified,
  BidRevealed,
  CancelledState,
  ClosedState,
  CommitmentReceived,
  DepositAnswered,
  OpenState,
  RevealingState,
} from './auction-state.ts'
import { commitmentOf } from './commitment.ts'
import { endDeposits, holdDeposit, postTransfers, returnDeposit, returnDeposits } from './deposits.ts'
import { type Candidate, determineWinner, findStandingFault } from './determine-winner.ts'
import { type AuctionStep, refused } from './refused.ts'
import { transcriptOf } from './transcript.ts'

/** A commitment asks for its deposit; it counts, and has its receipt, when that is held. */
export function takeCommitment(state: OpenState, event: CommitmentReceived): AuctionStep {
  const { call, auction, entries } = state
  if (event.at < call.opensAt) return refused(state, 'AUCTION_NOT_OPEN')
  if (event.at >= commitDeadline(call)) return refused(state, 'AUCTION_LATE')
  const known = entries.find(({ bidder }) => bidder === event.iss)
  // A repeat is answered as before: the receipt may have been lost.
  if (known !== undefined && known.envelope === event.envelope) return { state, effects: receiptOf(state, known) }
  if (known !== undefined) return refused(state, 'AUCTION_COMMITMENT_SECOND')
  const fault = findStandingFault(call, event.standing)
  if (fault !== undefined) return refused(state, fault)
  if (entries.length >= call.bidsMax) return refused(state, 'AUCTION_FULL')
  // One that equals another bidder's is taken: refusing it would let who overhears a commitment shut its maker out. It cannot be revealed.
  const entry: CommitmentEntry = {
    bidder: event.iss,
    commitment: event.commitment,
    envelope: event.envelope,
    at: event.at,
    standing: event.standing,
    deposit: call.depositNanos === 0n ? 'free' : 'asked',
    reveal: undefined,
  }
  const next = withEntries({ ...state, at: event.at }, [...entries, entry])
  if (entry.deposit === 'free') return { state: next, effects: receiptOf(next, entry) }
  return { state: next, effects: postTransfers([holdDeposit(call, auction, entry)]) }
}

/** The ledger's answer. One that comes when the commitment can no longer count gives the deposit back. */
export function takeDepositAnswer(state: SealedState, event: DepositAnswered): AuctionStep {
  const entry = state.entries.find(({ bidder }) => bidder === event.bidder)
  if (entry?.deposit !== 'asked') return refused(state, 'AUCTION_DEPOSIT_UNKNOWN')
  const others = state.entries.filter(({ bidder }) => bidder !== event.bidder)
  const isInTime = state.kind === 'open' && event.at < commitDeadline(state.call)
  if (event.isHeld && isInTime) {
    const held: CommitmentEntry = { ...entry, deposit: 'held' }
    const next = withEntries({ ...state, at: event.at }, [...others, held])
    return { state: next, effects: receiptOf(next, held) }
  }
  const { bidder, envelope } = entry
  return {
    state: withEntries({ ...state, at: event.at }, others),
    effects: [
      { type: 'refuse-commitment', bidder, envelope, code: event.isHeld ? 'AUCTION_LATE' : 'AUCTION_DEPOSIT_REFUSED' },
      ...(event.isHeld ? postTransfers([returnDeposit(state.auction, entry)]) : []),
    ],
  }
}

/** The commit window is over: the list of what counts is published before any bid is. */
export function endCommitments(state: OpenState, at: Timestamp): Step<RevealingState, AuctionEffect> {
  const commitments = state.entries.filter(isCounted).map(({ commitment }) => commitment)
  return {
    state: { ...state, kind: 'revealing', beacon: undefined, at },
    effects: [
      { type: 'cancel-timer', name: 'commit' },
      { type: 'publish-commitments', auction: state.auction, commitments: commitments.toSorted(compareTexts) },
      { type: 'start-timer', name: 'reveal', firesAt: revealDeadline(state.call) },
    ],
  }
}

export function takeReveal(state: RevealingState, event: BidRevealed): AuctionStep {
  if (event.at >= revealDeadline(state.call)) return refused(state, 'AUCTION_LATE')
  const { auction, entries } = state
  const entry = entries.find(({ bidder }) => bidder === event.iss)
  if (entry === undefined || !isCounted(entry)) return refused(state, 'AUCTION_REVEAL_UNKNOWN')
  if (entry.reveal !== undefined) {
    if (entry.reveal.envelope !== event.envelope) return refused(state, 'AUCTION_REVEAL_SECOND')
    return { state, effects: receiptOf(state, entry) }
  }
  const { salt, bid } = event
  if (commitmentOf({ auction, bidder: event.iss, salt, bid }) !== entry.commitment) {
    return refused(state, 'AUCTION_REVEAL_ALTERED')
  }
  const revealed: CommitmentEntry = { ...entry, reveal: { envelope: event.envelope, at: event.at, salt, bid } }
  const next = withEntries({ ...state, at: event.at }, [...entries.filter((other) => other !== entry), revealed])
  return { state: next, effects: receiptOf(next, revealed) }
}

/** The first checkpoint behind the commit window. */
export function takeBeacon(state: RevealingState | AwaitingState, event: BeaconCertified): AuctionStep {
  const { call } = state
  if (event.set !== call.notarySet) return refused(state, 'AUCTION_BEACON_OTHER')
  if (event.checkpointAt < commitDeadline(call)) return refused(state, 'AUCTION_BEACON_EARLY')
  const beacon: Beacon = { checkpoint: event.checkpoint, at: event.checkpointAt }
  if (state.kind === 'awaiting-beacon') {
    if (event.at >= beaconDeadline(call)) return refused(state, 'AUCTION_LATE')
    return closeSealed({ ...state, at: event.at }, beacon)
  }
  if (state.beacon !== undefined) return refused(state, 'AUCTION_BEACON_KNOWN')
  return { state: { ...state, beacon, at: event.at }, effects: [] }
}

/** The reveal window is over. */
export function endReveals(state: RevealingState, at: Timestamp): AuctionStep {
  if (state.call.notarySet === undefined || state.beacon !== undefined) {
    return closeSealed({ ...state, at }, state.beacon)
  }
  const { beacon: _, ...rest } = state
  return {
    state: { ...rest, kind: 'awaiting-beacon', at },
    effects: [
      { type: 'cancel-timer', name: 'reveal' },
      { type: 'start-timer', name: 'beacon', firesAt: beaconDeadline(state.call) },
    ],
  }
}

/** Every deposit is given back: by the rules nobody has won and nobody is at fault. */
export function cancelSealed(state: OpenState | AwaitingState, reason: CancelledState['reason']): AuctionStep {
  const { auction, call, entries, at } = state
  return {
    state: { kind: 'cancelled', auction, call, entries, at, reason, cancelledAt: at },
    effects: [
      { type: 'cancel-timer', name: state.kind === 'open' ? 'commit' : 'beacon' },
      { type: 'announce-cancel', auction, reason },
      ...returnDeposits(auction, entries),
    ],
  }
}

function closeSealed(state: RevealingState | AwaitingState, beacon: Beacon | undefined): AuctionStep {
  const { auction, call, entries, at } = state
  const counted = entries.filter(isCounted)
  const outcome = determineWinner({
    call,
    beacon: beacon?.checkpoint,
    candidates: counted.flatMap(candidateOf),
    hasCommitments: counted.length > 0,
  })
  const closed: ClosedState = {
    kind: 'closed',
    auction,
    call,
    entries,
    at,
    beacon,
    bids: [],
    outcome,
    closedAt: at,
  }
  return {
    state: closed,
    effects: [
      { type: 'cancel-timer', name: state.kind === 'revealing' ? 'reveal' : 'beacon' },
      ...endDeposits(call, auction, { entries, winner: outcome.kind === 'awarded' ? outcome.winner : undefined }),
      { type: 'publish-transcript', transcript: transcriptOf(closed) },
    ],
  }
}

type SealedState = Extract<AuctionState, { readonly entries: readonly CommitmentEntry[] }>

/** Whether the commitment is in the auction: its deposit is held, or none was asked. */
export function isCounted({ deposit }: CommitmentEntry): boolean {
  return deposit !== 'asked'
}

/** The bid of an entry, when it was revealed. */
export function candidateOf({
  bidder,
  commitment,
  standing,
  reveal,
}: Pick<CommitmentEntry, 'bidder' | 'commitment' | 'standing' | 'reveal'>): readonly Candidate[] {
  return reveal === undefined ? [] : [{ bidder, commitment, standing, bid: reveal.bid }]
}

/** The receipt of the newest message of an entry; none while its deposit is not held. */
function receiptOf(
  { auction }: { readonly auction: OpenState['auction'] },
  entry: CommitmentEntry,
): readonly AuctionEffect[] {
  if (!isCounted(entry)) return []
  const { envelope, at } = entry.reveal ?? entry
  const stage = entry.reveal === undefined ? 'commitment' : 'reveal'
  const { bidder, commitment, standing } = entry
  return [{ type: 'issue-receipt', receipt: { auction, stage, bidder, standing, commitment, envelope, at } }]
}

function withEntries<State extends SealedState>(state: State, entries: readonly CommitmentEntry[]): State {
  return { ...state, entries: entries.toSorted((left, right) => compareDids(left.bidder, right.bidder)) }
}

function compareDids(left: Did, right: Did): number {
  return compareTexts(left, right)
}
