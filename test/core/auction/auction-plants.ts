import { timestampFromMs } from '../../../src/base/time.ts'
import { AUCTION_MACHINE } from '../../../src/core/auction/auction-machine.ts'
import type { AuctionTranscript } from '../../../src/core/auction/auction-record.ts'
import type { AuctionEffect, AuctionEvent, AuctionState } from '../../../src/core/auction/auction-state.ts'
import { commitmentOf } from '../../../src/core/auction/commitment.ts'
import { costOf } from '../../../src/core/auction/determine-winner.ts'
import type { TransferOrder } from '../../../src/core/ledger/transfer-order.ts'
import type { Step } from '../../../src/core/machine.ts'
import type { AuctionMachine } from './auction-world.ts'

type AuctionStep = Step<AuctionState, AuctionEffect>
type Transition = (state: AuctionState, event: AuctionEvent) => AuctionStep

export type AuctionPlant = { readonly what: string; readonly machine: AuctionMachine }

/** A machine with a defect; it does not know its own invariants, so that it is its behaviour that gives it away. */
function planted(what: string, transition: Transition): AuctionPlant {
  const keepingRefused: Transition = (state, event) => {
    const step = transition(state, event)
    return step.effects.some(({ type }) => type === 'event-refused') ? { state, effects: step.effects } : step
  }
  return { what, machine: { ...AUCTION_MACHINE, transition: keepingRefused, violations: () => [] } }
}

const right: Transition = (state, event) => AUCTION_MACHINE.transition(state, event)

/** An event of a type that is stamped at a deadline counts as one before it. */
function early(type: AuctionEvent['type'], deadline: number): Transition {
  return (state, event) =>
    event.type === type && event.at === deadline
      ? right(state, { ...event, at: timestampFromMs(deadline - 1) })
      : right(state, event)
}

/** Orders as they leave, changed. */
function withOrders(change: (order: TransferOrder) => TransferOrder): Transition {
  return (state, event) =>
    mapEffects(right(state, event), (effect) =>
      effect.type === 'post-transfers' ? { ...effect, orders: effect.orders.map(change) } : effect,
    )
}

function withTranscript(change: (transcript: AuctionTranscript) => AuctionTranscript): Transition {
  return (state, event) =>
    mapEffects(right(state, event), (effect) =>
      effect.type === 'publish-transcript' ? { ...effect, transcript: change(effect.transcript) } : effect,
    )
}

function mapEffects(step: AuctionStep, change: (effect: AuctionEffect) => AuctionEffect): AuctionStep {
  return { state: step.state, effects: step.effects.map(change) }
}

const returningAll = withOrders((order) => {
  if (order.kind !== 'post-held') return order
  const { id, isLinked, contract, reference, heldId } = order
  return { kind: 'void-held', id, isLinked, contract, reference, heldId }
})

const losingNone: Transition = (state, event) => {
  const step = right(state, event)
  const effects = step.effects.filter(({ type }) => type !== 'post-transfers')
  return step.state.kind === 'closed' ? { state: step.state, effects } : step
}

const withoutBidder: Transition = (state, event) => {
  const step = right(state, event)
  if (event.type !== 'bid-revealed' || state.kind !== 'revealing') return step
  const { auction } = state
  const { salt, bid, envelope, at } = event
  const isKnown = state.entries.some(
    ({ bidder, commitment }) => commitmentOf({ auction, bidder, salt, bid }) === commitment,
  )
  if (!isKnown) return step
  const entries = state.entries.map((entry) =>
    entry.bidder === event.iss ? { ...entry, reveal: { envelope, at, salt, bid } } : entry,
  )
  return { state: { ...state, entries, at }, effects: step.effects.filter(({ type }) => type !== 'event-refused') }
}

const tieByArrival = withTranscript((transcript) => {
  const { call, outcome } = transcript
  if (outcome.kind !== 'awarded') return transcript
  const shown = transcript.entries.flatMap((entry) =>
    entry.reveal === undefined ? [] : [{ ...entry, bid: entry.reveal.bid }],
  )
  const best = shown.find(({ bidder }) => bidder === outcome.winner)
  if (best === undefined) return transcript
  const [first = best] = shown
    .filter((entry) => costOf(call, entry) === costOf(call, best) && entry.bid.priceNanos === best.bid.priceNanos)
    .toSorted((left, right) => left.at - right.at)
  return { ...transcript, outcome: { ...outcome, winner: first.bidder } }
})

const offByOne = withTranscript((transcript) => {
  const { outcome, call } = transcript
  if (outcome.kind !== 'awarded' || call.kind !== 'second' || outcome.clearingNanos === 0n) return transcript
  const clearingNanos = (outcome.clearingNanos - 1n) as typeof outcome.clearingNanos
  return { ...transcript, outcome: { ...outcome, clearingNanos } }
})

const omitting = withTranscript((transcript) => ({ ...transcript, entries: transcript.entries.slice(1) }))

const receiptAtOnce: Transition = (state, event) => {
  const step = right(state, event)
  if (event.type !== 'commitment-received' || step.state.kind !== 'open') return step
  const entry = step.state.entries.find(({ bidder }) => bidder === event.iss)
  if (entry?.deposit !== 'asked') return step
  const { bidder, standing, commitment, envelope, at } = entry
  const receipt = { auction: state.auction, stage: 'commitment', bidder, standing, commitment, envelope, at } as const
  return { state: step.state, effects: [...step.effects, { type: 'issue-receipt', receipt }] }
}

const secondCommitment: Transition = (state, event) => {
  if (event.type !== 'commitment-received' || state.kind !== 'open') return right(state, event)
  return right({ ...state, entries: state.entries.filter(({ bidder }) => bidder !== event.iss) }, event)
}

const lastBeacon: Transition = (state, event) =>
  event.type === 'beacon-certified' && state.kind === 'revealing' && state.beacon !== undefined
    ? right({ ...state, beacon: undefined }, event)
    : right(state, event)

const endlessExtension: Transition = (state, event) =>
  right(state.kind === 'bidding' ? { ...state, extensions: 0 } : state, event)

const listless: Transition = (state, event) =>
  mapEffects(right(state, event), (effect) =>
    effect.type === 'publish-commitments' ? { ...effect, commitments: effect.commitments.slice(1) } : effect,
  )

const otherAuctions: Transition = (state, event) =>
  right(state, 'auction' in event ? { ...event, auction: state.auction } : event)

/** Known defects of an auction; a run with one of them must fail. */
export const AUCTION_PLANTS: Readonly<Record<string, AuctionPlant>> = {
  'commitment-without-bidder': planted('a commitment does not bind its bidder', withoutBidder),
  'tie-by-arrival': planted('equal bids go to the earlier one', tieByArrival),
  'late-commitment': planted('a commitment at the deadline counts', early('commitment-received', 2000)),
  'late-reveal': planted('a reveal at the deadline counts', early('bid-revealed', 3000)),
  'late-english-bid': planted('an English bid at the end counts', early('english-bid-placed', 2000)),
  'late-cancel': planted('a call is cancelled at the deadline', early('call-cancelled', 2000)),
  'late-beacon': planted('a beacon at its deadline counts', early('beacon-certified', 3500)),
  'second-price-off-by-one': planted('the second price is one nano-unit short', offByOne),
  'non-reveal-returned': planted('who does not reveal has the deposit back', returningAll),
  'deposits-kept': planted('deposits never end', losingNone),
  'omitted-bid': planted('the first bid is left out of the transcript', omitting),
  'receipt-before-deposit': planted('a receipt leaves before the deposit is held', receiptAtOnce),
  'second-commitment': planted('a second commitment replaces the first', secondCommitment),
  'last-beacon': planted('the last beacon counts', lastBeacon),
  'endless-extension': planted('an English auction is extended without bound', endlessExtension),
  'short-list': planted('a commitment is left out of the published list', listless),
  'other-auction': planted('messages of other auctions count', otherAuctions),
}
