import { assertNever } from '../../base/assert.ts'
import { addDuration, type Timestamp } from '../../base/time.ts'
import type { AcceptanceOutcome } from '../acceptance/evaluate-predicate.ts'
import { evidenceRootOf } from '../escrow/evidence-root.ts'
import { EVIDENCE_MAX } from '../escrow/escrow-state.ts'
import type { EscrowParty } from '../escrow/escrow-terms.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { Machine, Step } from '../machine.ts'
import { commitmentOf } from './commitment.ts'
import type { DisputeRefusalCode } from './dispute-refusals.ts'
import {
  type Appeal,
  type AppealableState,
  type CommittingState,
  type DisputeBasis,
  type DisputeEffect,
  type DisputeEvent,
  type DisputeState,
  type DisputeTerms,
  EVIDENCE_BYTES_MAX,
  type GatheringState,
  type ReplicatingState,
  type RevealingState,
  ROUNDS_MAX,
  type Ruling,
} from './dispute-state.ts'
import { areDisputeTermsSound } from './dispute-terms.ts'
import { disputeViolations } from './dispute-violations.ts'
import { bondOfRound, panelOf, returnBonds, settleBonds, splitOf, tallyVotes } from './vote-round.ts'

/** What a dispute begins with. While the record is open `predicate-evaluated` replaces what the predicate came to, as more facts are known. */
export type DisputeInput = {
  readonly terms: DisputeTerms
  /** Of the predicate on the facts at hand. */
  readonly predicate: AcceptanceOutcome
  readonly at: Timestamp
}

type DisputeStep = Step<DisputeState, DisputeEffect>
type EventOf<Type extends DisputeEvent['type']> = Extract<DisputeEvent, { type: Type }>

/**
 * Who is right about a rejected delivery: what a machine can check first, running the task again next, people last.
 *
 * ```text
 * gathering --T_evidence--> predicate decided?  ended(predicate)
 *                           deterministic?      replicating --credible result--> ended(replication)
 *                           otherwise           committing --> revealing --k and a majority--> appealable --T_appeal--> ended(arbiters)
 *                                                   ^              | no ruling, or an appeal with its bond: twice the panel, twice the bonds
 *                                                   '--------------'                       no round or time left --> ended(none)
 * ```
 *
 * An ending by predicate or replication has no votes: every arbiter signs what everybody can calculate. No phase reaches beyond T_rule.
 */
export const DISPUTE_MACHINE: Machine<DisputeState, DisputeEvent, DisputeEffect, DisputeInput> = {
  name: 'dispute',
  initial: ({ terms, predicate, at }) => ({ kind: 'gathering', terms, at, predicate, evidence: [], beacon: undefined }),
  transition,
  violations: disputeViolations,
}

function transition(state: DisputeState, event: DisputeEvent): DisputeStep {
  if (!areDisputeTermsSound(state.terms)) return refused(state, 'DISPUTE_TERMS_BAD')
  if (!Number.isSafeInteger(event.at) || event.at < state.at) return refused(state, 'DISPUTE_TIME_BACK')
  switch (event.type) {
    case 'evidence-filed':
      return state.kind === 'gathering' ? fileEvidence(state, event) : refused(state, 'DISPUTE_STATE_WRONG')
    case 'predicate-evaluated':
      if (state.kind !== 'gathering') return refused(state, 'DISPUTE_STATE_WRONG')
      if (event.at >= state.terms.evidenceBy) return refused(state, 'DISPUTE_DEADLINE_PASSED')
      return { state: { ...state, at: event.at, predicate: event.outcome }, effects: [] }
    case 'replicas-ended':
      return state.kind === 'replicating' ? takeReplicas(state, event) : refused(state, 'DISPUTE_STATE_WRONG')
    case 'vote-committed':
      return state.kind === 'committing' ? commitVote(state, event) : refused(state, 'DISPUTE_STATE_WRONG')
    case 'vote-revealed':
      return state.kind === 'revealing' ? revealVote(state, event) : refused(state, 'DISPUTE_STATE_WRONG')
    case 'ruling-appealed':
      return state.kind === 'appealable' ? appealRuling(state, event) : refused(state, 'DISPUTE_STATE_WRONG')
    case 'timer-fired':
      return fire(state, event)
    default:
      return assertNever(event)
  }
}

function fileEvidence(state: GatheringState, { iss, hash, sizeBytes, at }: EventOf<'evidence-filed'>): DisputeStep {
  const party = partyOf(state.terms, iss)
  if (party === undefined) return refused(state, 'DISPUTE_SIGNER_WRONG')
  if (at >= state.terms.evidenceBy) return refused(state, 'DISPUTE_DEADLINE_PASSED')
  const own = state.evidence.filter((piece) => piece.party === party)
  if (own.some((piece) => piece.hash === hash)) return refused(state, 'DISPUTE_EVIDENCE_KNOWN')
  // The payer's first piece is that of its rejection.
  const isFull = own.length >= EVIDENCE_MAX + (party === 'payer' ? 1 : 0)
  const bytes = own.reduce((sum, piece) => sum + piece.sizeBytes, sizeBytes)
  if (isFull || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || bytes > EVIDENCE_BYTES_MAX)
    return refused(state, 'DISPUTE_EVIDENCE_FULL')
  return { state: { ...state, at, evidence: [...state.evidence, { party, hash, sizeBytes }] }, effects: [] }
}

function partyOf({ payer, worker }: DisputeTerms, did: Did): EscrowParty | undefined {
  if (did === payer) return 'payer'
  return did === worker ? 'worker' : undefined
}

function fire(state: DisputeState, { name, at, beacon }: EventOf<'timer-fired'>): DisputeStep {
  if (state.kind === 'ended') return refused(state, 'DISPUTE_STATE_WRONG')
  const due = timerOf(state)
  if (name !== due.name || at < due.firesAt) return refused(state, 'DISPUTE_TIMER_EARLY')
  switch (state.kind) {
    case 'gathering':
      return closeRecord({ ...state, at, beacon })
    case 'replicating':
      return callPanel({ ...state, at }, { round: 0, appeal: undefined })
    case 'committing':
      return openVotes({ ...state, at })
    case 'revealing':
      return endRound({ ...state, at })
    case 'appealable':
      return end({ ...state, at }, { root: state.root, basis: 'arbiters', ruling: state.ruling })
    default:
      return assertNever(state)
  }
}

/** What each phase waits for. */
export function timerOf(
  state: Exclude<DisputeState, { kind: 'ended' }>,
): Extract<DisputeEffect, { type: 'start-timer' }> {
  switch (state.kind) {
    case 'gathering':
      return { type: 'start-timer', name: 'evidence', firesAt: state.terms.evidenceBy }
    case 'replicating':
      return { type: 'start-timer', name: 'replicate', firesAt: state.terms.replicateBy }
    case 'committing':
      return { type: 'start-timer', name: 'commit', firesAt: state.commitBy }
    case 'revealing':
      return { type: 'start-timer', name: 'reveal', firesAt: state.revealBy }
    case 'appealable':
      return { type: 'start-timer', name: 'appeal', firesAt: state.appealBy }
    default:
      return assertNever(state)
  }
}

function closeRecord(state: GatheringState): DisputeStep {
  const { terms, predicate } = state
  const root = evidenceRootOf(terms.contract, state.evidence)
  const closed: DisputeEffect = { type: 'record-closed', contract: terms.contract, evidenceRoot: root }
  return withEffects([closed], decideClosed({ ...state, root }, predicate))
}

function decideClosed(state: GatheringState & { readonly root: Hash }, predicate: AcceptanceOutcome): DisputeStep {
  const { terms, root } = state
  if (predicate !== 'undecided') {
    const workerNanos = predicate === 'passed' ? terms.claimNanos : terms.concededNanos
    return end(state, { root, basis: 'predicate', ruling: { ...splitOf(terms, workerNanos), signers: [] } })
  }
  const replicating: ReplicatingState = { ...state, kind: 'replicating' }
  if (!terms.isDeterministic || state.at >= terms.replicateBy)
    return callPanel(replicating, { round: 0, appeal: undefined })
  const wanted: DisputeEffect = { type: 'replicas-wanted', contract: terms.contract, until: terms.replicateBy }
  return { state: replicating, effects: [wanted, timerOf(replicating)] }
}

function takeReplicas(state: ReplicatingState, { result, at }: EventOf<'replicas-ended'>): DisputeStep {
  const { terms, root } = state
  if (at >= terms.replicateBy) return refused(state, 'DISPUTE_DEADLINE_PASSED')
  if (result === undefined) return callPanel({ ...state, at }, { round: 0, appeal: undefined })
  const workerNanos = result === terms.delivered ? terms.claimNanos : terms.concededNanos
  const ruling = { ...splitOf(terms, workerNanos), signers: [] }
  return end({ ...state, at }, { root, basis: 'replication', ruling })
}

type RoundInit = { readonly round: number; readonly appeal: Appeal | undefined }
type ClosedState = ReplicatingState | RevealingState | AppealableState

/** Whether a further round has its number, and its time before T_rule. */
function hasRound({ terms }: ClosedState, round: number, from: Timestamp): boolean {
  return terms.k > 0 && round < ROUNDS_MAX && from + terms.commitMs + terms.revealMs <= terms.ruleBy
}

function callPanel(state: ClosedState, { round, appeal }: RoundInit): DisputeStep {
  const { terms, at, predicate, evidence, beacon, root } = state
  if (!hasRound(state, round, at)) return end(state, { root, basis: 'none', ruling: undefined })
  const panel = panelOf(terms, beacon ?? root, round)
  const commitBy = addDuration(at, terms.commitMs)
  const head = { terms, at, predicate, evidence, beacon, root, round, panel, appeal }
  const next: CommittingState = { kind: 'committing', ...head, commitments: new Map(), commitBy }
  const bondNanos = bondOfRound(terms.arbiterBondNanos, round)
  return {
    state: next,
    effects: [{ type: 'panel-called', contract: terms.contract, round, panel, bondNanos }, timerOf(next)],
  }
}

function commitVote(state: CommittingState, { iss, commitment, at }: EventOf<'vote-committed'>): DisputeStep {
  if (!state.panel.includes(iss)) return refused(state, 'DISPUTE_SIGNER_WRONG')
  if (at >= state.commitBy) return refused(state, 'DISPUTE_DEADLINE_PASSED')
  if (state.commitments.has(iss)) return refused(state, 'DISPUTE_COMMITMENT_EXISTS')
  const next = { ...state, at, commitments: new Map(state.commitments).set(iss, commitment) }
  return next.commitments.size === state.panel.length ? openVotes(next) : { state: next, effects: [] }
}

function openVotes(state: CommittingState): DisputeStep {
  const { terms, at, predicate, evidence, beacon, root, round, panel, appeal, commitments } = state
  const head = { terms, at, predicate, evidence, beacon, root, round, panel, appeal, commitments }
  const revealBy = addDuration(at, terms.revealMs)
  // A timer that fired late takes from the reveals, never from T_rule.
  const latest = revealBy < terms.ruleBy ? revealBy : terms.ruleBy
  const next: RevealingState = { kind: 'revealing', ...head, revealBy: latest, votes: new Map() }
  if (latest > at) return commitments.size === 0 ? endRound(next) : { state: next, effects: [timerOf(next)] }
  // So late that nobody could reveal: nobody is to blame.
  const settled: DisputeEffect = { type: 'bonds-settled', round, payments: returnBonds(next) }
  return withEffects([settled], end(state, { root, basis: 'none', ruling: undefined }))
}

function revealVote(state: RevealingState, event: EventOf<'vote-revealed'>): DisputeStep {
  const { iss, evidenceRoot, workerNanos, salt, at } = event
  const { terms, round, root } = state
  if (!state.panel.includes(iss)) return refused(state, 'DISPUTE_SIGNER_WRONG')
  if (at >= state.revealBy) return refused(state, 'DISPUTE_DEADLINE_PASSED')
  const commitment = state.commitments.get(iss)
  if (commitment === undefined) return refused(state, 'DISPUTE_COMMITMENT_MISSING')
  if (evidenceRoot !== root) return refused(state, 'DISPUTE_ROOT_WRONG')
  if (workerNanos > terms.maxNanos) return refused(state, 'DISPUTE_AMOUNT_LARGE')
  const value = { evidenceRoot, workerNanos: workerNanos.toString() }
  if (commitmentOf({ domain: 'vote', contract: terms.contract, round, iss, salt, value }) !== commitment)
    return refused(state, 'DISPUTE_REVEAL_WRONG')
  const next = { ...state, at, votes: new Map(state.votes).set(iss, workerNanos) }
  return next.votes.size === next.commitments.size ? endRound(next) : { state: next, effects: [] }
}

function endRound(state: RevealingState): DisputeStep {
  const { terms, at, predicate, evidence, beacon, root, round } = state
  const ruling = tallyVotes(state)
  const settled: DisputeEffect = { type: 'bonds-settled', round, payments: settleBonds(state, ruling) }
  if (ruling === undefined) return withEffects([settled], callPanel(state, { round: round + 1, appeal: undefined }))
  const appealBy = addDuration(at, terms.appealMs)
  if (!hasRound(state, round + 1, appealBy))
    return withEffects([settled], end(state, { root, basis: 'arbiters', ruling }))
  const next: AppealableState = {
    kind: 'appealable',
    terms,
    at,
    predicate,
    evidence,
    beacon,
    root,
    round,
    ruling,
    appealBy,
  }
  const appealBondNanos = bondOfRound(terms.appealBondNanos, round)
  return {
    state: next,
    effects: [settled, { type: 'ruling-proposed', round, ruling, appealBy, appealBondNanos }, timerOf(next)],
  }
}

function appealRuling(state: AppealableState, { iss, bondNanos, at }: EventOf<'ruling-appealed'>): DisputeStep {
  const { terms, round, ruling } = state
  const by = partyOf(terms, iss)
  if (by === undefined) return refused(state, 'DISPUTE_SIGNER_WRONG')
  if (at >= state.appealBy) return refused(state, 'DISPUTE_DEADLINE_PASSED')
  if (bondNanos !== bondOfRound(terms.appealBondNanos, round)) return refused(state, 'DISPUTE_BOND_SHORT')
  if (!hasRound(state, round + 1, at)) return refused(state, 'DISPUTE_APPEAL_SPENT')
  return callPanel({ ...state, at }, { round: round + 1, appeal: { by, bondNanos, against: ruling } })
}

type Ending = { readonly root: Hash; readonly basis: DisputeBasis; readonly ruling: Ruling | undefined }

function end({ terms, at, predicate, evidence, beacon }: DisputeState, ending: Ending): DisputeStep {
  const { root, basis, ruling } = ending
  return {
    state: { kind: 'ended', terms, at, predicate, evidence, beacon, root, basis, ruling },
    effects: [{ type: 'dispute-ended', contract: terms.contract, basis, evidenceRoot: root, ruling }],
  }
}

function withEffects(effects: readonly DisputeEffect[], step: DisputeStep): DisputeStep {
  return { state: step.state, effects: [...effects, ...step.effects] }
}

function refused(state: DisputeState, code: DisputeRefusalCode): DisputeStep {
  return { state, effects: [{ type: 'event-refused', code }] }
}
