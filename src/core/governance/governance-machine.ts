import { assertNever } from '../../base/assert.ts'
import type { Machine } from '../machine.ts'
import { closeContract, openContract } from './contract-steps.ts'
import {
  type GovernanceEffect,
  type GovernanceEvent,
  type GovernanceInput,
  type GovernanceState,
  initialGovernance,
} from './governance-state.ts'
import { type GovernanceStep, refused } from './governance-step.ts'
import { governanceViolations } from './governance-violations.ts'
import { cancelProposal, castVote, executeProposal, makeProposal, settleDue } from './proposal-steps.ts'
import { delegateVote, publishWeights } from './voter-steps.ts'

/**
 * Changes of the parameters that contracts are made under.
 *
 * ```text
 * voting -- closesAt, carried --> queued -- execute, from executableAt --> executed
 *   |  \                            |  \
 *   |   closesAt, not carried       |   expiresAt --> expired
 *   |         --> rejected          |
 *   +-- cancel --> cancelled <------+
 * ```
 *
 * A live contract ends under the set whose hash it was signed with, and a set is kept while one names it. What happens at a deadline happens by its timer or
 * before the first event at or after it; both come to the same.
 */
export const GOVERNANCE_MACHINE: Machine<GovernanceState, GovernanceEvent, GovernanceEffect, GovernanceInput> = {
  name: 'governance',
  initial: initialGovernance,
  transition,
  violations: governanceViolations,
}

function transition(state: GovernanceState, event: GovernanceEvent): GovernanceStep {
  if (event.at < state.at) return refused(state, 'GOVERNANCE_STAMP_BACKWARD')
  const due = settleDue(state, event.at)
  const step = event.type === 'timer-fired' ? fireTimer(state, event, due) : apply(due.state, event)
  if (step.effects.some(({ type }) => type === 'event-refused')) return { state, effects: step.effects }
  const effects = event.type === 'timer-fired' ? step.effects : [...due.effects, ...step.effects]
  return { state: { ...step.state, at: event.at }, effects }
}

type TimerFired = Extract<GovernanceEvent, { type: 'timer-fired' }>

function fireTimer(state: GovernanceState, event: TimerFired, due: GovernanceStep): GovernanceStep {
  const proposal = state.proposals.find(({ id }) => id === event.proposal)
  if (proposal?.kind === 'voting' && event.name === 'close') {
    return event.at < proposal.closesAt ? refused(state, 'GOVERNANCE_TIMER_EARLY') : due
  }
  if (proposal?.kind === 'queued' && event.name === 'expire') {
    return event.at < proposal.expiresAt ? refused(state, 'GOVERNANCE_TIMER_EARLY') : due
  }
  return refused(state, 'GOVERNANCE_TIMER_STALE')
}

function apply(state: GovernanceState, event: Exclude<GovernanceEvent, TimerFired>): GovernanceStep {
  switch (event.type) {
    case 'weights-published':
      return publishWeights(state, event.table)
    case 'proposal-made':
      return makeProposal(state, event)
    case 'vote-cast':
      return castVote(state, event)
    case 'vote-delegated':
      return delegateVote(state, event)
    case 'execution-requested':
      return executeProposal(state, event)
    case 'cancellation-requested':
      return cancelProposal(state, event)
    case 'contract-opened':
      return openContract(state, event)
    case 'contract-closed':
      return closeContract(state, event)
    default:
      return assertNever(event)
  }
}
