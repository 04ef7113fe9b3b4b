import { addDuration } from '../../../base/time.ts'
import type { Timestamp } from '../../../base/time.ts'
import type { Hash } from '../../evidence/names.ts'
import type { EscrowEffect } from '../escrow-effect.ts'
import type { EscrowEvent, EscrowMessageEvent } from '../escrow-event.ts'
import { disputeReleaseOrders } from '../escrow-money.ts'
import { type Move, refuse } from '../escrow-move.ts'
import type { DeliveredState, DisputedState, FrozenState, HeldState, WorkingState } from '../escrow-state.ts'
import type { EscrowParty } from '../escrow-terms.ts'
import { evidenceRootOf, rootWithDelivery, rootWithProof } from '../evidence-root.ts'
import { faultOf, frozenSplit, slashedBonds } from '../settlement.ts'
import { enterCapturing } from './capture-edges.ts'
import { payable } from './dispute-edges.ts'
import { NO_VOUCHER } from './work-edges.ts'

/** A proven lie stops everything but a ruling and T_rule. */
export function moveFrozen(state: FrozenState, event: EscrowEvent): Move {
  const slashed = slashedBonds(state.terms, state.equivocators)
  const fault = faultOf(state.equivocators)
  const voucherNanos = state.voucher.amountNanos
  const { disputeAttempt } = state
  switch (event.type) {
    case 'delivered':
      return deliverFrozen(state, event)
    case 'ruled':
      if (event.evidenceRoot !== state.evidenceRoot) return refuse('ESCROW_EVIDENCE_ROOT')
      if (event.workerNanos > state.terms.maxNanos) return refuse('ESCROW_RULING_AMOUNT')
      return enterCapturing(state, 'frozen-rule', {
        at: event.at,
        cause: 'frozen-ruled',
        capturedNanos: event.workerNanos,
        voucherNanos,
        fault,
        disputeAttempt,
        paidArbiters: payable(state, event),
        ...slashed,
      })
    case 'timer-fired': {
      const { equivocators, claimNanos } = state
      const capturedNanos = frozenSplit({ equivocators, voucherNanos, claimNanos })
      return enterCapturing(state, 'frozen-fallback', {
        at: event.at,
        cause: 'frozen',
        capturedNanos,
        voucherNanos,
        fault,
        disputeAttempt,
        ...slashed,
      })
    }
    default:
      return refuse('ESCROW_STATE_WRONG')
  }
}

type Delivered = Extract<EscrowMessageEvent, { type: 'delivered' }>

/** Who lies does not take the other's right away: the worker delivers all the same, and gets what it claims unless arbiters say otherwise. */
function deliverFrozen(state: FrozenState, { result, claimNanos }: Delivered): Move {
  const { equivocators, voucher, terms } = state
  if (equivocators.worker || state.claimNanos !== undefined) return refuse('ESCROW_STATE_WRONG')
  if (claimNanos < voucher.amountNanos || claimNanos > terms.maxNanos) return refuse('ESCROW_CLAIM_AMOUNT')
  const evidenceRoot = rootWithDelivery(state.evidenceRoot, result, claimNanos)
  return { edge: 'frozen-deliver', state: { ...state, claimNanos, evidenceRoot } }
}

/** Two different messages of one party at one place. */
export type EquivocationProof = {
  readonly party: EscrowParty
  readonly first: Hash
  readonly second: Hash
  readonly at: Timestamp
}

const FREEZE_EDGES = {
  HELD: 'held-freeze',
  WORKING: 'working-freeze',
  DELIVERED: 'delivered-freeze',
  DISPUTED: 'disputed-freeze',
} as const

/** Freezes what is held. */
export function freeze(
  state: HeldState | WorkingState | DeliveredState | DisputedState,
  proof: EquivocationProof,
): Move {
  const { contract, terms, heard, holdAttempt } = state
  const evidence = state.kind === 'DISPUTED' ? state.evidence : []
  const frozen: FrozenState = {
    kind: 'FROZEN',
    contract,
    terms,
    heard,
    holdAttempt,
    ruleBy: frozenUntil(state, proof),
    voucher: state.kind === 'HELD' ? NO_VOUCHER : state.voucher,
    claimNanos: state.kind === 'DELIVERED' || state.kind === 'DISPUTED' ? state.delivery.claimNanos : undefined,
    equivocators: { payer: proof.party === 'payer', worker: proof.party === 'worker' },
    evidenceRoot: rootWithProof(evidenceRootOf(contract, evidence), proof.first, proof.second),
    disputeAttempt: state.kind === 'DISPUTED' ? state.disputeAttempt : undefined,
  }
  return { edge: FREEZE_EDGES[state.kind], state: frozen, money: releaseRejecting(state) }
}

/** A worker that has not delivered keeps its time to do so when the payer lies. */
function frozenUntil(
  state: HeldState | WorkingState | DeliveredState | DisputedState,
  { party, at }: EquivocationProof,
): Timestamp {
  const ruleBy = addDuration(at, state.terms.timers.ruleMs)
  if (party === 'worker' || !('deliverBy' in state) || state.deliverBy < ruleBy) return ruleBy
  return state.deliverBy
}

/** The bond of a rejection that no longer matters goes back, whatever the ledger says about it. */
function releaseRejecting(state: HeldState | WorkingState | DeliveredState | DisputedState): readonly EscrowEffect[] {
  if (state.kind !== 'DELIVERED' || state.rejecting === undefined) return []
  const attempt = state.disputeAttempts
  return [{ type: 'post-transfers', money: 'release', attempt, orders: disputeReleaseOrders(state.contract, attempt) }]
}

/** A second liar does not prolong anything. */
export function freezeAgain(state: FrozenState, proof: EquivocationProof): Move {
  if (state.equivocators[proof.party]) return { exists: true }
  const equivocators = { ...state.equivocators, [proof.party]: true }
  const evidenceRoot = rootWithProof(state.evidenceRoot, proof.first, proof.second)
  return { edge: 'frozen-again', state: { ...state, equivocators, evidenceRoot } }
}
