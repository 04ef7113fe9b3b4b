import { type Timestamp, addDuration } from '../../../base/time.ts'
import { isAuthorityFor } from '../contract-authority.ts'
import type { EscrowEffect } from '../escrow-effect.ts'
import type { EscrowEvent, OfferedEvent, TransfersAnsweredEvent } from '../escrow-event.ts'
import { holdOrders, releaseOrders } from '../escrow-money.ts'
import { type Move, refuse } from '../escrow-move.ts'
import {
  type AbortedState,
  ATTEMPTS_MAX,
  type AgreedState,
  type DraftState,
  type OfferedState,
} from '../escrow-state.ts'
import { partyOf } from '../escrow-terms.ts'
import { abortedUntil } from '../escrow-timers.ts'

type Before = DraftState | OfferedState | AgreedState

/** Nothing stands yet but terms. */
export function moveDraft(state: DraftState, event: EscrowEvent): Move {
  return event.type === 'offered' ? offer(state, event) : refuse('ESCROW_STATE_WRONG')
}

function offer(state: DraftState, event: OfferedEvent): Move {
  const offeredBy = partyOf(state.terms, event.iss)
  if (offeredBy === undefined) return refuse('ESCROW_SIGNER_WRONG')
  if (event.at >= event.expiresAt) return refuse('ESCROW_OFFER_EXPIRED')
  const { contract, terms, heard } = state
  if (event.at >= terms.signBy) return refuse('ESCROW_SIGN_BY_PASSED')
  const latest = addDuration(event.at, terms.timers.offerMs)
  const offerBy = earliestOf([latest, event.expiresAt, terms.signBy])
  return { edge: 'offer', state: { kind: 'OFFERED', contract, terms, heard, offeredBy, isAwarded: false, offerBy } }
}

/** An offer stands until it is agreed on, withdrawn, or over. */
export function moveOffered(state: OfferedState, event: EscrowEvent): Move {
  switch (event.type) {
    case 'withdrawn':
      if (partyOf(state.terms, event.iss) !== state.offeredBy) return refuse('ESCROW_SIGNER_WRONG')
      return { edge: 'withdraw', state: abort(state, event.at) }
    case 'awarded':
      if (state.isAwarded) return refuse('ESCROW_ALREADY_AWARDED')
      return { edge: 'award', state: { ...state, isAwarded: true } }
    case 'contract-signed': {
      if (!state.isAwarded) return refuse('ESCROW_NOT_AWARDED')
      if (!isAuthorityFor(event.authority, state)) return refuse('ESCROW_CAPABILITY_WRONG')
      const { contract, terms, heard } = state
      const holdBy = addDuration(event.at, terms.timers.holdMs)
      return {
        edge: 'agree',
        state: { kind: 'AGREED', contract, terms, heard, holdBy, holdAttempts: 0, isHoldAsked: false },
      }
    }
    case 'timer-fired':
      return { edge: 'offer-expired', state: abort(state, event.at) }
    default:
      return refuse('ESCROW_STATE_WRONG')
  }
}

/** Both have signed; no money moves before the ledger holds all of it. */
export function moveAgreed(state: AgreedState, event: EscrowEvent): Move {
  switch (event.type) {
    case 'hold-requested':
      return askHold(state)
    case 'transfers-answered':
      return answerHold(state, event)
    case 'withdrawn':
      if (state.isHoldAsked) return refuse('ESCROW_HOLD_PENDING')
      return { edge: 'agreement-withdraw', state: abort(state, event.at) }
    case 'timer-fired':
      return { edge: 'hold-expired', state: abort(state, event.at), money: releaseAsked(state) }
    default:
      return refuse('ESCROW_STATE_WRONG')
  }
}

/** A lie before anything is held ends the contract: there is nothing to freeze. */
export function proveBeforeHold(state: OfferedState | AgreedState, at: Timestamp): Move {
  if (state.kind === 'OFFERED') return { edge: 'offer-equivocation', state: abort(state, at) }
  return { edge: 'agreement-equivocation', state: abort(state, at), money: releaseAsked(state) }
}

function askHold(state: AgreedState): Move {
  if (state.isHoldAsked) return refuse('ESCROW_HOLD_PENDING')
  if (state.holdAttempts >= ATTEMPTS_MAX) return refuse('ESCROW_ATTEMPTS_FULL')
  const attempt = state.holdAttempts + 1
  const orders = holdOrders(state.contract, state.terms, attempt)
  return {
    edge: 'ask-hold',
    state: { ...state, holdAttempts: attempt, isHoldAsked: true },
    money: [{ type: 'post-transfers', money: 'hold', attempt, orders }],
  }
}

function answerHold(state: AgreedState, event: TransfersAnsweredEvent): Move {
  if (!state.isHoldAsked || event.money !== 'hold' || event.attempt !== state.holdAttempts)
    return refuse('ESCROW_ANSWER_STALE')
  if (!event.isApplied) return { edge: 'hold-refused', state: { ...state, isHoldAsked: false } }
  if (event.at >= state.holdBy) return { edge: 'hold-late', state: abort(state, event.at), money: releaseAsked(state) }
  const { contract, terms, heard } = state
  return {
    edge: 'hold',
    state: {
      kind: 'HELD',
      contract,
      terms,
      heard,
      holdAttempt: event.attempt,
      startBy: addDuration(event.at, terms.timers.startMs),
      deliverBy: addDuration(addDuration(event.at, terms.timers.deliverMs), terms.timers.graceMs),
    },
  }
}

/** The ledger takes orders one after the other, so what was asked for is held or refused when it is asked to give it back. */
function releaseAsked(state: AgreedState): readonly EscrowEffect[] {
  if (!state.isHoldAsked) return []
  const { contract, terms, holdAttempts: attempt } = state
  const orders = releaseOrders({ contract, terms, holdAttempt: attempt })
  return [{ type: 'post-transfers', money: 'release', attempt, orders }]
}

function abort({ contract, terms, heard }: Before, at: Timestamp): AbortedState {
  return { kind: 'ABORTED', contract, terms, heard, retainUntil: abortedUntil(terms, at) }
}

function earliestOf([first, ...others]: readonly [Timestamp, ...Timestamp[]]): Timestamp {
  return others.reduce((earliest, at) => (at < earliest ? at : earliest), first)
}
