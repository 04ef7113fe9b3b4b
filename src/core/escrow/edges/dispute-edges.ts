import { ZERO_AMOUNT, amountFromNanos } from '../../../base/money.ts'
import { type Timestamp, addDuration } from '../../../base/time.ts'
import type { Hash } from '../../evidence/names.ts'
import type { EscrowEffect } from '../escrow-effect.ts'
import type { EscrowEvent, EscrowMessageEvent, TransfersAnsweredEvent } from '../escrow-event.ts'
import { disputeBondOrders } from '../escrow-money.ts'
import { type Move, refuse } from '../escrow-move.ts'
import {
  ATTEMPTS_MAX,
  type DeliveredState,
  type DisputedState,
  EVIDENCE_MAX,
  type EscrowFault,
  type FrozenState,
  type Rejection,
} from '../escrow-state.ts'
import { type EscrowParty, partyOf } from '../escrow-terms.ts'
import { RETRY_MS } from '../escrow-timers.ts'
import { evidenceRootOf } from '../evidence-root.ts'
import { arbitersNanos, fallbackSplit, leastOf } from '../settlement.ts'
import { enterCapturing } from './capture-edges.ts'

type Rejected = Extract<EscrowMessageEvent, { type: 'rejected' }>
type Disputed = Extract<EscrowMessageEvent, { type: 'disputed' }>
type EvidenceAdded = Extract<EscrowMessageEvent, { type: 'evidence-added' }>
type Ruled = Extract<EscrowMessageEvent, { type: 'ruled' }>

/** The payer looks at what was delivered. */
export function moveDelivered(state: DeliveredState, event: EscrowEvent): Move {
  switch (event.type) {
    case 'accepted':
      if (state.rejecting !== undefined) return refuse('ESCROW_REJECTION_PENDING')
      if (event.amountNanos < state.delivery.claimNanos || event.amountNanos > state.terms.maxNanos)
        return refuse('ESCROW_ACCEPT_AMOUNT')
      return enterCapturing(state, 'accept', {
        at: event.at,
        cause: 'accepted',
        capturedNanos: event.amountNanos,
        voucherNanos: state.voucher.amountNanos,
        fault: 'none',
      })
    case 'rejected':
      return reject(state, event)
    case 'transfers-answered':
      return answerDisputeBond(state, event)
    case 'timer-fired':
      return event.name === 'retry' ? retryDisputeBond(state, event.at) : acceptInSilence(state, event.at)
    default:
      return refuse('ESCROW_STATE_WRONG')
  }
}

function acceptInSilence(state: DeliveredState, at: Timestamp): Move {
  return enterCapturing(state, 'auto-accept', {
    at,
    cause: 'auto-accepted',
    capturedNanos: state.delivery.claimNanos,
    voucherNanos: state.voucher.amountNanos,
    fault: 'none',
  })
}

function reject(state: DeliveredState, event: Rejected): Move {
  if (state.rejecting !== undefined) return refuse('ESCROW_REJECTION_PENDING')
  const { reason, evidence, concededNanos } = event
  if (concededNanos < state.voucher.amountNanos || concededNanos >= state.delivery.claimNanos)
    return refuse('ESCROW_CONCEDED_AMOUNT')
  const rejection = { reason, evidence, concededNanos }
  if (state.terms.bonds.disputeNanos === ZERO_AMOUNT) {
    return { edge: 'reject', state: openDispute(state, { rejection, disputeAttempt: undefined, at: event.at }) }
  }
  if (state.disputeAttempts >= ATTEMPTS_MAX) return refuse('ESCROW_ATTEMPTS_FULL')
  const rejecting = { rejection, retryAt: addDuration(event.at, RETRY_MS) }
  const asked: DeliveredState = { ...state, disputeAttempts: state.disputeAttempts + 1, rejecting }
  return { edge: 'ask-dispute', state: asked, money: [disputeBondOf(asked)] }
}

function disputeBondOf({ contract, terms, disputeAttempts: attempt }: DeliveredState): EscrowEffect {
  return { type: 'post-transfers', money: 'dispute-bond', attempt, orders: disputeBondOrders(contract, terms, attempt) }
}

function retryDisputeBond(state: DeliveredState, at: Timestamp): Move {
  if (state.rejecting === undefined) return refuse('ESCROW_TIMER_IDLE')
  const rejecting = { ...state.rejecting, retryAt: addDuration(at, RETRY_MS) }
  return { edge: 'dispute-retry', state: { ...state, rejecting }, money: [disputeBondOf(state)] }
}

/** Without its bond a rejection does not count, and T_accept decides. */
function answerDisputeBond(state: DeliveredState, event: TransfersAnsweredEvent): Move {
  const { rejecting, disputeAttempts } = state
  if (rejecting === undefined || event.money !== 'dispute-bond' || event.attempt !== disputeAttempts)
    return refuse('ESCROW_ANSWER_STALE')
  if (!event.isApplied) return { edge: 'dispute-refused', state: { ...state, rejecting: undefined } }
  const { rejection } = rejecting
  return { edge: 'dispute', state: openDispute(state, { rejection, disputeAttempt: disputeAttempts, at: event.at }) }
}

type DisputeInit = {
  readonly rejection: Rejection
  readonly disputeAttempt: number | undefined
  readonly at: Timestamp
}

function openDispute(state: DeliveredState, { rejection, disputeAttempt, at }: DisputeInit): DisputedState {
  const { contract, terms, heard, holdAttempt, voucher, delivery } = state
  return {
    kind: 'DISPUTED',
    contract,
    terms,
    heard,
    holdAttempt,
    ruleBy: addDuration(at, terms.timers.ruleMs),
    evidenceBy: addDuration(at, terms.timers.evidenceMs),
    voucher,
    delivery,
    rejection,
    evidence: [{ party: 'payer', hash: rejection.evidence }],
    disputeAttempt,
  }
}

/** Both say what they have to say, then the arbiters rule; without a ruling the contract's own split ends it. */
export function moveDisputed(state: DisputedState, event: EscrowEvent): Move {
  switch (event.type) {
    case 'disputed':
      return answerRejection(state, event)
    case 'evidence-added':
      return addEvidence(state, event)
    case 'ruled':
      return ruleOnDispute(state, event)
    case 'timer-fired':
      if (event.name === 'evidence') return { edge: 'record-closed', state: { ...state, evidenceBy: undefined } }
      return enterCapturing(state, 'fallback', {
        at: event.at,
        cause: 'fallback',
        capturedNanos: fallbackSplit(state.terms, state.rejection.concededNanos, state.delivery.claimNanos),
        voucherNanos: state.voucher.amountNanos,
        fault: 'none',
        disputeAttempt: state.disputeAttempt,
      })
    default:
      return refuse('ESCROW_STATE_WRONG')
  }
}

/** The worker takes what is conceded, which ends the dispute, or insists on no more than it claimed. */
function answerRejection(state: DisputedState, event: Disputed): Move {
  const { concededNanos } = state.rejection
  const { claimNanos } = event
  if (claimNanos === concededNanos) {
    return enterCapturing(state, 'concede', {
      at: event.at,
      cause: 'conceded',
      capturedNanos: concededNanos,
      voucherNanos: state.voucher.amountNanos,
      fault: 'none',
      disputeAttempt: state.disputeAttempt,
    })
  }
  if (claimNanos < concededNanos || claimNanos > state.delivery.claimNanos) return refuse('ESCROW_CLAIM_AMOUNT')
  const recorded = withEvidence(state, 'worker', event.evidence)
  if (typeof recorded === 'string') return refuse(recorded)
  return { edge: 'contest', state: { ...recorded, delivery: { ...state.delivery, claimNanos } } }
}

function addEvidence(state: DisputedState, event: EvidenceAdded): Move {
  const party = partyOf(state.terms, event.iss)
  if (party === undefined) return refuse('ESCROW_SIGNER_WRONG')
  const recorded = withEvidence(state, party, event.hash)
  return typeof recorded === 'string' ? refuse(recorded) : { edge: 'evidence', state: recorded }
}

function withEvidence(
  state: DisputedState,
  party: EscrowParty,
  hash: Hash,
): DisputedState | 'ESCROW_EVIDENCE_FULL' | 'ESCROW_EVIDENCE_KNOWN' {
  const own = state.evidence.filter((piece) => piece.party === party)
  if (own.some((piece) => piece.hash === hash)) return 'ESCROW_EVIDENCE_KNOWN'
  if (own.length >= EVIDENCE_MAX + (party === 'payer' ? 1 : 0)) return 'ESCROW_EVIDENCE_FULL'
  return { ...state, evidence: [...state.evidence, { party, hash }] }
}

/** Who loses pays the arbiters: the payer out of the dispute bond; a bonded worker makes that good. */
function ruleOnDispute(state: DisputedState, event: Ruled): Move {
  const { terms, rejection, delivery } = state
  if (state.evidenceBy !== undefined && event.at < state.evidenceBy) return refuse('ESCROW_RECORD_OPEN')
  if (event.evidenceRoot !== evidenceRootOf(state.contract, state.evidence)) return refuse('ESCROW_EVIDENCE_ROOT')
  if (event.workerNanos > terms.maxNanos) return refuse('ESCROW_RULING_AMOUNT')
  const fault = faultOfRuling(event, { concededNanos: rejection.concededNanos, claimNanos: delivery.claimNanos })
  const isPaid = state.disputeAttempt !== undefined
  const costsNanos = isPaid && fault === 'worker' ? amountFromNanos(arbitersNanos(terms)) : ZERO_AMOUNT
  return enterCapturing(state, 'rule', {
    at: event.at,
    cause: 'ruled',
    capturedNanos: event.workerNanos,
    voucherNanos: state.voucher.amountNanos,
    fault,
    disputeAttempt: state.disputeAttempt,
    paidArbiters: payable(state, event),
    workerSlashedNanos: leastOf(costsNanos, terms.bonds.workerNanos),
  })
}

type Sides = { readonly concededNanos: bigint; readonly claimNanos: bigint }

/** Who was given no more than the other side had granted is at fault; a ruling in between finds nobody at fault. */
function faultOfRuling({ workerNanos }: Ruled, { concededNanos, claimNanos }: Sides): EscrowFault {
  if (workerNanos <= concededNanos) return 'worker'
  return workerNanos >= claimNanos ? 'payer' : 'none'
}

/** The first k that signed, in code unit order. */
export function payable({ terms }: DisputedState | FrozenState, { signers }: Ruled): Ruled['signers'] {
  return signers.toSorted((left, right) => (left < right ? -1 : 1)).slice(0, terms.arbiters.k)
}
