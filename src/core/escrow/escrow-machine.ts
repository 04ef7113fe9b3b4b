import { assert } from '../../base/assert.ts'
import type { ContractId } from '../evidence/names.ts'
import type { Machine, Step } from '../machine.ts'
import { moveAgreed, moveDraft, moveOffered, proveBeforeHold } from './edges/agreement-edges.ts'
import { moveCapturing, moveSettled, proveAfterCapture } from './edges/capture-edges.ts'
import { moveDelivered, moveDisputed } from './edges/dispute-edges.ts'
import { type EquivocationProof, freeze, freezeAgain, moveFrozen } from './edges/freeze-edges.ts'
import { moveHeld, moveWorking } from './edges/work-edges.ts'
import { ESCROW_EDGES, type EscrowEdge } from './escrow-edges.ts'
import type { EscrowEffect } from './escrow-effect.ts'
import { type EscrowEvent, type EscrowMessageEvent, type TimerFiredEvent, isMessageEvent } from './escrow-event.ts'
import { type Move, refuse } from './escrow-move.ts'
import { receiptOf, reputationOf } from './escrow-receipts.ts'
import type { EscrowState, TerminalState } from './escrow-state.ts'
import { type EscrowTerms, partyOf } from './escrow-terms.ts'
import { deadlineOf, firesAtOf, timersOf } from './escrow-timers.ts'
import { escrowViolations } from './escrow-violations.ts'
import { hearingOf, withHeard } from './heard-messages.ts'
import { isSignedBy } from './edge-signers.ts'

/** Terms that `refuseTerms` has passed, and their id. */
export type EscrowInput = { readonly contract: ContractId; readonly terms: EscrowTerms }

/**
 * One contract between a payer and a worker, as its notary set runs it. Money moves only by the orders it emits, each chain of them at most once; every state but
 * the terminal ones has a timer that ends it, so no money stays behind.
 *
 * @see protocol/spec/escrow.md
 */
export const ESCROW_MACHINE: Machine<EscrowState, EscrowEvent, EscrowEffect, EscrowInput> = {
  name: 'escrow',
  initial: ({ contract, terms }) => ({ kind: 'DRAFT', contract, terms, heard: [] }),
  transition,
  violations: escrowViolations,
}

function transition(state: EscrowState, event: EscrowEvent): Step<EscrowState, EscrowEffect> {
  const move = moveOf(state, event)
  if ('refusal' in move) return { state, effects: [{ type: 'event-refused', code: move.refusal }] }
  if ('exists' in move) return { state, effects: [{ type: 'event-exists' }] }
  const next = isMessageEvent(event) && isRemembered(state.terms, event) ? withMessage(move.state, event) : move.state
  return { state: next, effects: effectsOf({ before: state, move, next, event }) }
}

/** What happens, all that must hold before it can being checked in this order: the message is new, an edge exists, its signers signed, its deadline is ahead, its guard holds. */
function moveOf(state: EscrowState, event: EscrowEvent): Move {
  if (isMessageEvent(event) && isRemembered(state.terms, event)) {
    const hearing = hearingOf(state.heard, event)
    if (hearing === 'same') return { exists: true }
    if (hearing === 'contradicts') return contradict(state, event)
    if (hearing === 'old') return refuse('ESCROW_MESSAGE_OLD')
  }
  if (event.type === 'timer-fired') {
    const refusal = refuseTimer(state, event)
    if (refusal !== undefined) return refusal
  }
  const refusal = refuseByTable(state, event)
  if (refusal !== undefined) return refusal
  const move = event.type === 'equivocation-proved' ? proveLie(state, event) : moveByState(state, event)
  if (!('edge' in move)) return move
  const row = EDGES_BY_NAME.get(move.edge)
  assert(
    row?.from === state.kind && row.to === move.state.kind && row.event === event.type,
    'every step is a row of the table',
  )
  return isBefore(state, row, event) ? move : refuse('ESCROW_DEADLINE_PASSED')
}

const EDGES_BY_NAME: ReadonlyMap<string, EscrowEdge> = new Map(ESCROW_EDGES.map((edge) => [edge.name, edge]))
const EDGES_BY_STEP: ReadonlyMap<string, readonly EscrowEdge[]> = new Map(
  ESCROW_EDGES.map((edge) => [stepOf(edge), ESCROW_EDGES.filter((other) => stepOf(other) === stepOf(edge))]),
)

function stepOf({ from, event }: EscrowEdge): string {
  return `${from}/${event}`
}

function refuseTimer(state: EscrowState, { name, at }: TimerFiredEvent): Move | undefined {
  const firesAt = firesAtOf(state, name)
  if (firesAt === undefined) return refuse('ESCROW_TIMER_IDLE')
  return at < firesAt ? refuse('ESCROW_TIMER_EARLY') : undefined
}

/** What the table alone refuses: no such edge, none that these signers may take, none whose deadline is ahead. */
function refuseByTable(state: EscrowState, event: EscrowEvent): Move | undefined {
  const rows = EDGES_BY_STEP.get(`${state.kind}/${event.type}`)
  if (rows === undefined)
    return refuse(event.type === 'transfers-answered' ? 'ESCROW_ANSWER_STALE' : 'ESCROW_STATE_WRONG')
  if (!isMessageEvent(event)) return undefined
  const signed = rows.filter((row) => isSignedBy(state, row.signers, event))
  if (signed.length === 0) return refuse('signers' in event ? 'ESCROW_SIGNERS_MISSING' : 'ESCROW_SIGNER_WRONG')
  return signed.some((row) => isBefore(state, row, event)) ? undefined : refuse('ESCROW_DEADLINE_PASSED')
}

/** Effective iff stamp < deadline. */
function isBefore(state: EscrowState, { before }: EscrowEdge, event: EscrowEvent): boolean {
  if (before === undefined || !isMessageEvent(event)) return true
  const deadline = deadlineOf(state, before)
  return deadline !== undefined && event.at < deadline
}

function moveByState(state: EscrowState, event: EscrowEvent): Move {
  switch (state.kind) {
    case 'DRAFT':
      return moveDraft(state, event)
    case 'OFFERED':
      return moveOffered(state, event)
    case 'AGREED':
      return moveAgreed(state, event)
    case 'HELD':
      return moveHeld(state, event)
    case 'WORKING':
      return moveWorking(state, event)
    case 'DELIVERED':
      return moveDelivered(state, event)
    case 'DISPUTED':
      return moveDisputed(state, event)
    case 'FROZEN':
      return moveFrozen(state, event)
    case 'CAPTURING':
      return moveCapturing(state, event)
    case 'SETTLED':
      return moveSettled(state, event)
    case 'ABORTED':
    case 'VOIDED':
    case 'EXPIRED':
    case 'FINAL':
    case 'REFUNDED':
      return prune(state)
  }
}

const PRUNE_EDGES = {
  ABORTED: 'prune-aborted',
  VOIDED: 'prune-voided',
  EXPIRED: 'prune-expired',
  FINAL: 'prune-final',
  REFUNDED: 'prune-refunded',
} as const

/** The state stays, for whoever runs the machine to make a record of. */
function prune(state: TerminalState): Move {
  return { edge: PRUNE_EDGES[state.kind], state, money: [{ type: 'prune-contract' }] }
}

type EquivocationProved = Extract<EscrowMessageEvent, { type: 'equivocation-proved' }>

function proveLie(state: EscrowState, { culprit, first, second, at }: EquivocationProved): Move {
  const party = partyOf(state.terms, culprit)
  if (party === undefined || first === second) return refuse('ESCROW_PROOF_INVALID')
  return punish(state, { party, first, second, at })
}

function punish(state: EscrowState, proof: EquivocationProof): Move {
  switch (state.kind) {
    case 'OFFERED':
    case 'AGREED':
      return proveBeforeHold(state, proof.at)
    case 'HELD':
    case 'WORKING':
    case 'DELIVERED':
    case 'DISPUTED':
      return freeze(state, proof)
    case 'FROZEN':
      return freezeAgain(state, proof)
    case 'CAPTURING':
    case 'SETTLED':
      return proveAfterCapture(state, proof.party)
    default:
      return refuse('ESCROW_STATE_WRONG')
  }
}

/** A message at a place that another one has: both together are the proof. An arbiter that does so is not heard. */
function contradict(state: EscrowState, event: EscrowMessageEvent): Move {
  const party = partyOf(state.terms, event.iss)
  const known = state.heard.find(({ iss, seq }) => iss === event.iss && seq === event.seq)
  if (party === undefined || known === undefined) return refuse('ESCROW_MESSAGE_OLD')
  const move = punish(state, { party, first: known.envelope, second: event.envelope, at: event.at })
  return 'exists' in move ? refuse('ESCROW_MESSAGE_OLD') : move
}

/** Messages of others, and proofs, which have no place in the contract, change nothing the second time and need no memory. */
function isRemembered(terms: EscrowTerms, { type, iss }: EscrowMessageEvent): boolean {
  if (type === 'equivocation-proved') return false
  return partyOf(terms, iss) !== undefined || terms.arbiters.members.includes(iss)
}

function withMessage(state: EscrowState, event: EscrowMessageEvent): EscrowState {
  return hearingOf(state.heard, event) === 'new' ? { ...state, heard: withHeard(state.heard, event) } : state
}

type Taken = {
  readonly before: EscrowState
  readonly move: Extract<Move, { edge: unknown }>
  readonly next: EscrowState
  readonly event: EscrowEvent
}

function effectsOf({ before, move, next, event }: Taken): readonly EscrowEffect[] {
  const receipt = receiptOf(move.edge, next, event)
  return [
    { type: 'record-transition', edge: move.edge, from: before.kind, to: next.kind },
    ...(move.money ?? []),
    ...(receipt === undefined ? [] : [{ type: 'issue-receipt', receipt } as const]),
    ...timerEffects(before, next),
    ...reputationOf(before, next),
  ]
}

/** What to start and stop, so that the timers are those of the next state. */
function timerEffects(before: EscrowState, next: EscrowState): readonly EscrowEffect[] {
  const effects: EscrowEffect[] = []
  for (const { name } of timersOf(before)) {
    if (firesAtOf(next, name) === undefined) effects.push({ type: 'cancel-timer', name })
  }
  for (const { name, firesAt } of timersOf(next)) {
    if (firesAtOf(before, name) !== firesAt) effects.push({ type: 'start-timer', name, firesAt })
  }
  return effects
}
