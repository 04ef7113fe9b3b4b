import { hashTrieGet } from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import type { GovernanceEvent, GovernanceState } from './governance-state.ts'
import { type GovernanceStep, refused } from './governance-step.ts'
import { delegationsAmong, findDelegationFault, withDelegation, withoutDelegation } from './vote-delegation.ts'
import { hashOfWeights, isWeightTable, weightOf, type WeightTable } from './weight-table.ts'

type VoteDelegated = Extract<GovernanceEvent, { type: 'vote-delegated' }>

/** Proposals made later are pinned to the table. Delegations of and to those who are not in it any more end. */
export function publishWeights(state: GovernanceState, table: WeightTable): GovernanceStep {
  if (!isWeightTable(table)) return refused(state, 'GOVERNANCE_WEIGHTS_WRONG')
  const hash = hashOfWeights(table)
  if (hash === state.weights?.hash) return refused(state, 'GOVERNANCE_WEIGHTS_SAME')
  const delegated = delegationsAmong(state, (did) => weightOf(table, did) > 0n)
  return { state: { ...state, weights: { hash, table }, ...delegated }, effects: [] }
}

/** For voters, to voters: whoever has no weight has nothing to hand over, and would fill the list at no cost. */
export function delegateVote(state: GovernanceState, { iss, to }: VoteDelegated): GovernanceStep {
  if (!isVoter(state, iss)) return refused(state, 'GOVERNANCE_VOTER_WEIGHTLESS')
  if (hashTrieGet(state.delegations, iss) === to) return refused(state, 'GOVERNANCE_DELEGATION_SAME')
  if (to !== undefined && !isVoter(state, to)) return refused(state, 'GOVERNANCE_DELEGATE_WEIGHTLESS')
  const without = withoutDelegation(state, iss)
  if (to === undefined) return { state: { ...state, ...without }, effects: [] }
  const fault = findDelegationFault(without, iss, to)
  if (fault !== undefined) return refused(state, fault)
  return { state: { ...state, ...withDelegation(without, iss, to) }, effects: [] }
}

function isVoter({ weights }: GovernanceState, did: Did): boolean {
  return weights !== undefined && weightOf(weights.table, did) > 0n
}
