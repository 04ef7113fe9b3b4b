import { assertNever } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Machine } from '../machine.ts'
import { auctionIdOf, beaconDeadline, commitDeadline, findCallFault, revealDeadline } from './auction-call.ts'
import type {
  AuctionEffect,
  AuctionEvent,
  AuctionInput,
  AuctionState,
  AuctionTimer,
  BeaconCertified,
  BiddingState,
  BidRevealed,
  CallCancelled,
  CallPublished,
  DraftState,
  OpenState,
  TimerFired,
} from './auction-state.ts'
import { auctionViolations } from './auction-violations.ts'
import { endBidding, startBidding, takeEnglishBid } from './english-steps.ts'
import { refused, type AuctionStep } from './refused.ts'
import {
  cancelSealed,
  endCommitments,
  endReveals,
  takeBeacon,
  takeCommitment,
  takeDepositAnswer,
  takeReveal,
} from './sealed-steps.ts'

/**
 * One auction, in which a buyer asks and sellers bid prices down.
 *
 * ```text
 * draft -- call --> open -- commit window ends --> revealing -- reveal window ends --> closed
 *                    |                                 | no beacon yet                   ^
 *                    | cancel                          v                                 | beacon
 *                    +-------> cancelled <-- T_settle -- awaiting-beacon ----------------+
 * draft -- call --> bidding -- last end --> closed      (English)
 * ```
 *
 * An event is effective iff its stamp is below the deadline. What happens at a deadline happens by its timer, or before the first message that
 * is stamped at or behind it, whichever the notary set orders first; both come to the same.
 */
export const AUCTION_MACHINE: Machine<AuctionState, AuctionEvent, AuctionEffect, AuctionInput> = {
  name: 'auction',
  initial: ({ call, at }) => ({ kind: 'draft', auction: auctionIdOf(call), call, at }),
  transition,
  violations: auctionViolations,
}

function transition(state: AuctionState, event: AuctionEvent): AuctionStep {
  if (event.at < state.at) return refused(state, 'AUCTION_STAMP_BACKWARD')
  if ('auction' in event && event.auction !== state.auction) return refused(state, 'AUCTION_OTHER')
  switch (event.type) {
    case 'call-published':
      return state.kind === 'draft' ? publishCall(state, event) : refused(state, 'AUCTION_STATE_WRONG')
    case 'call-cancelled':
      return cancelCall(state, event)
    case 'commitment-received':
      if (state.kind === 'open') return takeCommitment(state, event)
      return refused(state, isPastCommitments(state) ? 'AUCTION_LATE' : 'AUCTION_STATE_WRONG')
    case 'deposit-answered':
      return 'entries' in state ? takeDepositAnswer(state, event) : refused(state, 'AUCTION_STATE_WRONG')
    case 'bid-revealed':
      return reveal(state, event)
    case 'beacon-certified':
      return certifyBeacon(state, event)
    case 'english-bid-placed':
      if (state.kind === 'bidding') return takeEnglishBid(state, event)
      return refused(state, isEnded(state) ? 'AUCTION_LATE' : 'AUCTION_STATE_WRONG')
    case 'timer-fired':
      return fireTimer(state, event)
    default:
      return assertNever(event)
  }
}

function publishCall(state: DraftState, event: CallPublished): AuctionStep {
  const { call, auction } = state
  const fault = findCallFault(call)
  if (fault !== undefined) return refused(state, 'AUCTION_CALL_INVALID', fault)
  if (event.iss !== call.auctioneer) return refused(state, 'AUCTION_SIGNER_WRONG')
  const firesAt = commitDeadline(call)
  if (event.at >= firesAt) return refused(state, 'AUCTION_LATE')
  const head = { auction, call, at: event.at }
  if (call.kind === 'english') {
    const bidding: BiddingState = { ...head, kind: 'bidding', ...startBidding(call) }
    return { state: bidding, effects: [{ type: 'start-timer', name: 'bidding', firesAt }] }
  }
  const open: OpenState = { ...head, kind: 'open', entries: [] }
  return { state: open, effects: [{ type: 'start-timer', name: 'commit', firesAt }] }
}

/** Only before anything is shown that a buyer could dislike: no bid is known before the commit window ends, and none stands in the open. */
function cancelCall(state: AuctionState, event: CallCancelled): AuctionStep {
  const { call, auction } = state
  if (event.iss !== call.buyer && event.iss !== call.auctioneer) return refused(state, 'AUCTION_SIGNER_WRONG')
  const { at } = event
  if (state.kind === 'open') {
    return at < commitDeadline(call)
      ? cancelSealed({ ...state, at }, 'called-off')
      : refused(state, 'AUCTION_CANCEL_LATE')
  }
  if (state.kind === 'bidding' && state.bids.length === 0 && at < state.closesAt) {
    return {
      state: { kind: 'cancelled', auction, call, entries: [], at, reason: 'called-off', cancelledAt: at },
      effects: [
        { type: 'cancel-timer', name: 'bidding' },
        { type: 'announce-cancel', auction, reason: 'called-off' },
      ],
    }
  }
  return refused(state, state.kind === 'draft' ? 'AUCTION_STATE_WRONG' : 'AUCTION_CANCEL_LATE')
}

function reveal(state: AuctionState, event: BidRevealed): AuctionStep {
  if (state.kind === 'revealing') return takeReveal(state, event)
  if (state.kind === 'open') {
    if (event.at < commitDeadline(state.call)) return refused(state, 'AUCTION_REVEAL_EARLY')
    const ended = endCommitments(state, event.at)
    return after(state, ended.effects, takeReveal(ended.state, event))
  }
  return refused(state, isPastCommitments(state) ? 'AUCTION_LATE' : 'AUCTION_STATE_WRONG')
}

function certifyBeacon(state: AuctionState, event: BeaconCertified): AuctionStep {
  if (state.kind === 'awaiting-beacon') return takeBeacon(state, event)
  if (state.kind === 'open' && event.at >= commitDeadline(state.call)) {
    const ended = endCommitments(state, event.at)
    return after(state, ended.effects, takeBeacon(ended.state, event))
  }
  if (state.kind !== 'revealing') return refused(state, 'AUCTION_STATE_WRONG')
  if (event.at < revealDeadline(state.call) || state.beacon !== undefined) return takeBeacon(state, event)
  const ended = endReveals(state, event.at)
  if (ended.state.kind !== 'awaiting-beacon') return refused(state, 'AUCTION_STATE_WRONG')
  return after(state, ended.effects, takeBeacon(ended.state, event))
}

/** A step that came behind the end of a window: its effects follow those of the end, and a refusal undoes the end too. */
function after(state: AuctionState, effects: readonly AuctionEffect[], step: AuctionStep): AuctionStep {
  if (step.effects.some(({ type }) => type === 'event-refused')) return { state, effects: step.effects }
  return { state: step.state, effects: [...effects, ...step.effects] }
}

function fireTimer(state: AuctionState, event: TimerFired): AuctionStep {
  const firesAt = timersOf(state)[event.name]
  if (firesAt === undefined) return refused(state, 'AUCTION_TIMER_UNKNOWN')
  if (event.at < firesAt) return refused(state, 'AUCTION_TIMER_EARLY')
  switch (state.kind) {
    case 'open':
      return endCommitments(state, event.at)
    case 'revealing':
      return endReveals(state, event.at)
    case 'awaiting-beacon':
      return cancelSealed({ ...state, at: event.at }, 'beacon-missing')
    case 'bidding':
      return endBidding(state, event.at)
    default:
      return refused(state, 'AUCTION_TIMER_UNKNOWN')
  }
}

/** The timers that run in a state, by name, with the instants at which they fire. Every state that is not an end has one. */
export function timersOf(state: AuctionState): { readonly [Name in AuctionTimer]?: Timestamp } {
  switch (state.kind) {
    case 'open':
      return { commit: commitDeadline(state.call) }
    case 'revealing':
      return { reveal: revealDeadline(state.call) }
    case 'awaiting-beacon':
      return { beacon: beaconDeadline(state.call) }
    case 'bidding':
      return { bidding: state.closesAt }
    case 'draft':
    case 'closed':
    case 'cancelled':
      return {}
    default:
      return assertNever(state)
  }
}

function isEnded({ kind }: AuctionState): boolean {
  return kind === 'closed' || kind === 'cancelled'
}

function isPastCommitments(state: AuctionState): boolean {
  return isEnded(state) || state.kind === 'revealing' || state.kind === 'awaiting-beacon'
}
