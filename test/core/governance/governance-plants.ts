import { timestampFromMs } from '../../../src/base/time.ts'
import { hashTrieGet, hashTrieSet } from '../../../src/core/collections/hash-trie.ts'
import { timelockBound } from '../../../src/core/governance/contract-steps.ts'
import { GOVERNANCE_MACHINE } from '../../../src/core/governance/governance-machine.ts'
import type {
  GovernanceEffect,
  GovernanceEvent,
  GovernanceState,
  Proposal,
} from '../../../src/core/governance/governance-state.ts'
import type { Step } from '../../../src/core/machine.ts'
import type { GovernanceMachine } from './governance-world.ts'

type GovernanceStep = Step<GovernanceState, GovernanceEffect>
type Transition = (state: GovernanceState, event: GovernanceEvent) => GovernanceStep

const right: Transition = (state, event) => GOVERNANCE_MACHINE.transition(state, event)

function codeOf(step: GovernanceStep): string | undefined {
  return step.effects.find((effect) => effect.type === 'event-refused')?.code
}

/** It does not know its own invariants, so that its behaviour gives it away. */
function planted(transition: Transition): GovernanceMachine {
  return {
    violations: () => [],
    transition: (state, event) => {
      const step = transition(state, event)
      return codeOf(step) === undefined ? step : { state, effects: step.effects.filter(isRefusal) }
    },
  }
}

function isRefusal(effect: GovernanceEffect): boolean {
  return effect.type === 'event-refused'
}

function mapProposals(state: GovernanceState, change: (proposal: Proposal) => Proposal): GovernanceState {
  return { ...state, proposals: state.proposals.map(change) }
}

/** What is refused by a code happens after all, as `instead` says. */
function ignoring(code: string, instead: Transition): Transition {
  return (state, event) => {
    const step = right(state, event)
    return codeOf(step) === code ? instead(state, event) : step
  }
}

/** The state, changed for the one event and not for what is kept of it. */
function asIf(change: (state: GovernanceState, event: GovernanceEvent) => GovernanceState): Transition {
  return (state, event) => right(change(state, event), event)
}

/** Events of a type happen a tick earlier or later than they do. */
function shifted(type: GovernanceEvent['type'], by: number): Transition {
  return (state, event) =>
    event.type === type
      ? right(state, { ...event, at: timestampFromMs(Math.max(state.at, event.at + by)) })
      : right(state, event)
}

/** Defects that a run of the scripts must tell from the machine as it is. */
export const GOVERNANCE_PLANTS: Readonly<Record<string, GovernanceMachine>> = {
  'double vote': planted(
    ignoring('GOVERNANCE_VOTE_EXISTS', (state, event) => ({
      state: { ...state, at: event.at },
      effects: [],
    })),
  ),
  'timelock ignored': planted(
    ignoring('GOVERNANCE_TIMELOCK_RUNNING', (state, event) =>
      right(
        mapProposals(state, (proposal) =>
          proposal.kind === 'queued' ? { ...proposal, executableAt: event.at } : proposal,
        ),
        event,
      ),
    ),
  ),
  'timelock bound not checked when proposed': planted(
    ignoring('GOVERNANCE_TIMELOCK_SHORT', (state, event) =>
      event.type === 'proposal-made'
        ? right(state, { ...event, timelockMs: Math.max(event.timelockMs, 10_000) as typeof event.timelockMs })
        : right(state, event),
    ),
  ),
  'contracts that came later hold executions up': planted((state, event) =>
    event.type === 'execution-requested' &&
    state.proposals.some(({ id, timelockMs }) => id === event.proposal && timelockMs <= timelockBound(state))
      ? { state, effects: [{ type: 'event-refused', code: 'GOVERNANCE_TIMELOCK_SHORT' }] }
      : right(state, event),
  ),
  'anybody delegates': planted(
    ignoring('GOVERNANCE_VOTER_WEIGHTLESS', (state, event) =>
      event.type === 'vote-delegated' && event.to !== undefined
        ? { state: { ...state, delegations: hashTrieSet(state.delegations, event.iss, event.to) }, effects: [] }
        : right(state, event),
    ),
  ),
  'delegations outlive the table': planted((state, event) => {
    const step = right(state, event)
    return event.type === 'weights-published'
      ? { ...step, state: { ...step.state, delegations: state.delegations } }
      : step
  }),
  'bound met is enough': planted((state, event) => {
    const step = right(state, event)
    if (event.type !== 'proposal-made' || codeOf(step) !== 'GOVERNANCE_TIMELOCK_SHORT') return step
    return right(state, { ...event, timelockMs: (event.timelockMs + 1) as typeof event.timelockMs })
  }),
  'delegated twice': planted((state, event) => {
    if (event.type !== 'vote-delegated' || hashTrieGet(state.delegations, event.iss) === undefined) {
      return right(state, event)
    }
    // The first delegation stays in place of the second.
    const step = right(state, event)
    const first = hashTrieGet(state.delegations, event.iss)
    if (codeOf(step) !== undefined || first === undefined) return step
    return { ...step, state: { ...step.state, delegations: hashTrieSet(step.state.delegations, event.iss, first) } }
  }),
  'cycles of delegations': planted(
    ignoring('GOVERNANCE_DELEGATION_CYCLE', (state, event) =>
      event.type === 'vote-delegated' && event.to !== undefined
        ? { state: { ...state, delegations: hashTrieSet(state.delegations, event.iss, event.to) }, effects: [] }
        : right(state, event),
    ),
  ),
  'paths without an end': planted(
    ignoring('GOVERNANCE_DELEGATION_DEEP', (state, event) =>
      event.type === 'vote-delegated' && event.to !== undefined
        ? { state: { ...state, delegations: hashTrieSet(state.delegations, event.iss, event.to) }, effects: [] }
        : right(state, event),
    ),
  ),
  'the delegate votes over its voter': planted(
    asIf((state) =>
      mapProposals(state, (proposal) => {
        if (proposal.kind !== 'voting') return proposal
        let { votes } = proposal
        for (const { voter } of proposal.weights.rows) {
          const to = hashTrieGet(proposal.delegations, voter)
          const choice = to === undefined ? undefined : hashTrieGet(votes, to)
          if (choice !== undefined) votes = hashTrieSet(votes, voter, choice)
        }
        return { ...proposal, votes }
      }),
    ),
  ),
  'delegations of the moment of the count': planted(
    asIf((state) =>
      mapProposals(state, (proposal) =>
        proposal.kind === 'voting' ? { ...proposal, delegations: state.delegations } : proposal,
      ),
    ),
  ),
  'quorum by count': planted((state, event) =>
    right(
      mapProposals(state, (proposal) => {
        if (proposal.kind !== 'voting') return proposal
        const isQuorate = proposal.votes.size * 2 >= proposal.weights.rows.length
        return { ...proposal, rules: { ...proposal.rules, quorumPerMillion: isQuorate ? 0n : 1_000_001n } }
      }),
      event,
    ),
  ),
  'half is a majority': planted(
    asIf((state) =>
      mapProposals(state, (proposal) =>
        proposal.kind === 'voting'
          ? { ...proposal, rules: { ...proposal.rules, thresholdPerMillion: 499_999n } }
          : proposal,
      ),
    ),
  ),
  'votes at the end count': planted(shifted('vote-cast', -1)),
  'votes end a tick early': planted(shifted('vote-cast', 1)),
  'execution a tick early': planted(shifted('execution-requested', 1)),
  'execution at the expiry': planted(shifted('execution-requested', -1)),
  'timers a tick early': planted(shifted('timer-fired', 1)),
  'timers a tick late': planted(shifted('timer-fired', -1)),
  'weights of the moment of the count': planted(
    asIf((state) =>
      mapProposals(state, (proposal) =>
        proposal.kind === 'voting' && state.weights !== undefined
          ? { ...proposal, weights: state.weights.table }
          : proposal,
      ),
    ),
  ),
  'executed on another set': planted(
    asIf((state) => mapProposals(state, (proposal) => ({ ...proposal, base: state.current }))),
  ),
  'anybody cancels': planted(
    asIf((state, event) =>
      event.type === 'cancellation-requested'
        ? mapProposals(state, (proposal) => ({ ...proposal, proposer: event.iss }))
        : state,
    ),
  ),
  'sets of live contracts are dropped': planted((state, event) => {
    const step = right(state, event)
    return {
      ...step,
      state: { ...step.state, sets: step.state.sets.filter(({ hash }) => hash === step.state.current) },
    }
  }),
  'any known set may be signed under': planted(
    asIf((state, event) =>
      event.type === 'contract-opened' &&
      event.parametersHash !== undefined &&
      state.sets.some(({ hash }) => hash === event.parametersHash)
        ? { ...state, current: event.parametersHash }
        : state,
    ),
  ),
  'stamps go back': planted((state, event) => right({ ...state, at: timestampFromMs(0) }, event)),
}
