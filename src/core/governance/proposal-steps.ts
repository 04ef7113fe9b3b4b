import { addDuration, type Timestamp } from '../../base/time.ts'
import { emptyHashTrie, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import type { Hash } from '../evidence/names.ts'
import { timelockBound, withoutUnused } from './contract-steps.ts'
import {
  ENDED_PROPOSALS_MAX,
  type EndedProposal,
  type GovernanceEvent,
  type GovernanceState,
  isOpenProposal,
  OPEN_PROPOSALS_MAX,
  OPEN_PROPOSALS_OF_ONE_MAX,
  type OpenProposal,
  type Proposal,
  type ProposalEnd,
  type QueuedProposal,
  SETS_MAX,
  TIMELOCK_MAX_MS,
  type VotingProposal,
} from './governance-state.ts'
import { type GovernanceStep, refused } from './governance-step.ts'
import { changeParameters, durationOf, hashOfParameters } from './parameter-set.ts'
import { isCarried, tallyOf } from './tally.ts'
import { weightOf } from './weight-table.ts'

type EventOf<Type extends GovernanceEvent['type']> = Extract<GovernanceEvent, { type: Type }>

export function makeProposal(state: GovernanceState, event: EventOf<'proposal-made'>): GovernanceStep {
  const { envelope: id, iss: proposer, base, changes, weightsHash, timelockMs, at } = event
  if (state.proposals.some((known) => known.id === id)) return refused(state, 'GOVERNANCE_PROPOSAL_EXISTS')
  const open = state.proposals.filter(isOpenProposal)
  const ownCount = open.filter((known) => known.proposer === proposer).length
  if (open.length >= OPEN_PROPOSALS_MAX || ownCount >= OPEN_PROPOSALS_OF_ONE_MAX) {
    return refused(state, 'GOVERNANCE_PROPOSALS_FULL')
  }
  const kept = state.sets.find(({ hash }) => hash === state.current)
  if (kept === undefined || base !== state.current) return refused(state, 'GOVERNANCE_BASE_CHANGED')
  const { weights } = state
  if (weights === undefined || weights.hash !== weightsHash) return refused(state, 'GOVERNANCE_WEIGHTS_STALE')
  if (weightOf(weights.table, proposer) === 0n) return refused(state, 'GOVERNANCE_VOTER_WEIGHTLESS')
  const changed = changeParameters(kept.set, changes)
  if (changed.kind === 'refused') return refused(state, changed.code)
  if (timelockMs > TIMELOCK_MAX_MS) return refused(state, 'GOVERNANCE_TIMELOCK_LONG')
  const isLong = timelockMs > timelockBound(state) && timelockMs >= kept.set['governance.timelockMinMs']
  if (!isLong) return refused(state, 'GOVERNANCE_TIMELOCK_SHORT')
  const proposal: VotingProposal = {
    kind: 'voting',
    id,
    proposer,
    base,
    changes,
    weightsHash,
    timelockMs,
    closesAt: addDuration(at, durationOf(kept.set, 'governance.votingMs')),
    weights: weights.table,
    delegations: state.delegations,
    rules: {
      quorumPerMillion: kept.set['governance.quorumPerMillion'],
      thresholdPerMillion: kept.set['governance.thresholdPerMillion'],
    },
    executionMs: durationOf(kept.set, 'governance.executionMs'),
    votes: emptyHashTrie(),
  }
  return {
    state: { ...state, proposals: [...state.proposals, proposal] },
    effects: [{ type: 'start-timer', name: 'close', proposal: id, firesAt: proposal.closesAt }],
  }
}

export function castVote(state: GovernanceState, event: EventOf<'vote-cast'>): GovernanceStep {
  const proposal = find(state, event.proposal)
  if (proposal === undefined) return refused(state, 'GOVERNANCE_PROPOSAL_UNKNOWN')
  if (proposal.kind !== 'voting') {
    return refused(state, event.at >= proposal.closesAt ? 'GOVERNANCE_VOTE_LATE' : 'GOVERNANCE_STATE_WRONG')
  }
  if (weightOf(proposal.weights, event.iss) === 0n) return refused(state, 'GOVERNANCE_VOTER_WEIGHTLESS')
  if (hashTrieGet(proposal.votes, event.iss) !== undefined) return refused(state, 'GOVERNANCE_VOTE_EXISTS')
  const votes = hashTrieSet(proposal.votes, event.iss, event.choice)
  return { state: replaced(state, { ...proposal, votes }), effects: [] }
}

/**
 * Anybody may ask. The timelock was longer than every contract that was live when the proposal was made, and of those none has grown since. Contracts that came later
 * were signed by parties who could see the proposal: were they to count, whoever signs a long contract with itself would end every change.
 */
export function executeProposal(state: GovernanceState, event: EventOf<'execution-requested'>): GovernanceStep {
  const proposal = find(state, event.proposal)
  if (proposal === undefined) return refused(state, 'GOVERNANCE_PROPOSAL_UNKNOWN')
  if (proposal.kind !== 'queued') return refused(state, 'GOVERNANCE_STATE_WRONG')
  if (event.at < proposal.executableAt) return refused(state, 'GOVERNANCE_TIMELOCK_RUNNING')
  const kept = state.sets.find(({ hash }) => hash === state.current)
  if (kept === undefined || proposal.base !== state.current) return refused(state, 'GOVERNANCE_BASE_CHANGED')
  const changed = changeParameters(kept.set, proposal.changes)
  if (changed.kind === 'refused') return refused(state, changed.code)
  const { set } = changed
  const hash = hashOfParameters(set)
  // An earlier set may come back while contracts still name it.
  const others = state.sets.filter((known) => known.hash !== hash)
  const liveContracts = state.sets.find((known) => known.hash === hash)?.liveContracts ?? 0
  const sets = [...others, { hash, set, liveContracts }]
  const executed = withoutUnused({ ...ended(state, proposal, { kind: 'executed', at: event.at }), current: hash, sets })
  if (executed.state.sets.length > SETS_MAX) return refused(state, 'GOVERNANCE_SETS_FULL')
  return {
    state: executed.state,
    effects: [
      { type: 'cancel-timer', name: 'expire', proposal: proposal.id },
      { type: 'publish-parameters', hash, set },
      ...executed.effects,
      { type: 'announce-outcome', proposal: proposal.id, outcome: 'executed' },
    ],
  }
}

export function cancelProposal(state: GovernanceState, event: EventOf<'cancellation-requested'>): GovernanceStep {
  const proposal = find(state, event.proposal)
  if (proposal === undefined) return refused(state, 'GOVERNANCE_PROPOSAL_UNKNOWN')
  if (proposal.proposer !== event.iss) return refused(state, 'GOVERNANCE_SIGNER_WRONG')
  if (!isOpenProposal(proposal)) return refused(state, 'GOVERNANCE_STATE_WRONG')
  return {
    state: ended(state, proposal, { kind: 'cancelled', at: event.at }),
    effects: [
      { type: 'cancel-timer', name: proposal.kind === 'voting' ? 'close' : 'expire', proposal: proposal.id },
      { type: 'announce-outcome', proposal: proposal.id, outcome: 'cancelled' },
    ],
  }
}

/** Ends votes and waits whose deadline a stamp has reached: by their timers, or before the first event that comes at or after it. */
export function settleDue(state: GovernanceState, at: Timestamp): GovernanceStep {
  let settled: GovernanceStep = { state, effects: [] }
  for (const proposal of state.proposals) {
    if (proposal.kind === 'voting' && at >= proposal.closesAt) settled = closeVote(settled, proposal)
    const now = find(settled.state, proposal.id)
    if (now?.kind !== 'queued' || at < now.expiresAt) continue
    settled = {
      state: ended(settled.state, now, { kind: 'expired', at: now.expiresAt }),
      effects: [...settled.effects, { type: 'announce-outcome', proposal: now.id, outcome: 'expired' }],
    }
  }
  return settled
}

function closeVote({ state, effects }: GovernanceStep, proposal: VotingProposal): GovernanceStep {
  const { weights, delegations, rules, executionMs, votes, kind: _, ...head } = proposal
  const tally = tallyOf({ weights, votes, delegations })
  if (!isCarried(tally, rules)) {
    const rejected: EndedProposal = { ...head, kind: 'rejected', tally, endedAt: proposal.closesAt }
    return {
      state: withoutOldest(replaced(state, rejected)),
      effects: [...effects, { type: 'announce-outcome', proposal: head.id, outcome: 'rejected' }],
    }
  }
  const executableAt = addDuration(proposal.closesAt, proposal.timelockMs)
  const expiresAt = addDuration(executableAt, executionMs)
  const queued: QueuedProposal = { ...head, kind: 'queued', tally, rules, executableAt, expiresAt }
  return {
    state: replaced(state, queued),
    effects: [
      ...effects,
      { type: 'announce-outcome', proposal: head.id, outcome: 'queued' },
      { type: 'start-timer', name: 'expire', proposal: head.id, firesAt: expiresAt },
    ],
  }
}

function find(state: GovernanceState, id: Hash): Proposal | undefined {
  return state.proposals.find((proposal) => proposal.id === id)
}

function replaced(state: GovernanceState, proposal: Proposal): GovernanceState {
  return { ...state, proposals: state.proposals.map((known) => (known.id === proposal.id ? proposal : known)) }
}

type Ending = { readonly kind: ProposalEnd; readonly at: Timestamp }

function ended(state: GovernanceState, proposal: OpenProposal, { kind, at }: Ending): GovernanceState {
  const { id, proposer, base, changes, weightsHash, timelockMs, closesAt } = proposal
  const tally = proposal.kind === 'queued' ? proposal.tally : undefined
  const head = { id, proposer, base, changes, weightsHash, timelockMs, closesAt }
  return withoutOldest(replaced(state, { ...head, kind, tally, endedAt: at }))
}

/** Forgets the proposals that were made first among those that ended, beyond the bound. */
function withoutOldest(state: GovernanceState): GovernanceState {
  let beyond = state.proposals.filter((proposal) => !isOpenProposal(proposal)).length - ENDED_PROPOSALS_MAX
  if (beyond <= 0) return state
  const proposals = state.proposals.filter((proposal) => {
    if (isOpenProposal(proposal) || beyond === 0) return true
    beyond -= 1
    return false
  })
  return { ...state, proposals }
}
