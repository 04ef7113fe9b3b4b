import type { DurationMs } from '../../base/time.ts'
import { hashTrieDelete, hashTrieForEach, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import type { TimerName } from '../escrow/escrow-terms.ts'
import type { Hash } from '../evidence/names.ts'
import {
  CONTRACTS_MAX,
  type GovernanceEffect,
  type GovernanceEvent,
  type GovernanceState,
  type LiveContract,
} from './governance-state.ts'
import { type GovernanceStep, refused } from './governance-step.ts'
import type { ParameterSet } from './parameter-set.ts'

type ContractOpened = Extract<GovernanceEvent, { type: 'contract-opened' }>
type ContractClosed = Extract<GovernanceEvent, { type: 'contract-closed' }>

/**
 * What a timelock has to be longer than: the longest delivery, its grace included, and the longest ruling of live contracts, whichever contracts they are of.
 * 0 when no contract is live. Contracts of sets that are not governed count as far as the maxima of the set in force go: their own may allow years.
 */
export function timelockBound({
  contracts,
  sets,
  current,
}: Pick<GovernanceState, 'contracts' | 'sets' | 'current'>): DurationMs {
  const inForce = sets.find(({ hash }) => hash === current)?.set
  const longest = (name: TimerName): number => (inForce === undefined ? 0 : Number(inForce[`maximum.${name}`]))
  const besideDeliver = longest('deliverMs') + longest('graceMs')
  const besideRule = longest('ruleMs')
  let deliver = 0
  let rule = 0
  hashTrieForEach(contracts, ({ parametersHash, deliverMs, graceMs, ruleMs }) => {
    const isBeside = parametersHash === undefined
    deliver = Math.max(deliver, isBeside ? Math.min(deliverMs + graceMs, besideDeliver) : deliverMs + graceMs)
    rule = Math.max(rule, isBeside ? Math.min(ruleMs, besideRule) : ruleMs)
  })
  return (deliver + rule) as DurationMs
}

/** A contract was agreed: it keeps to the set that it names to its end, and the set is kept for it. */
export function openContract(state: GovernanceState, event: ContractOpened): GovernanceStep {
  const { contract, parametersHash, deliverMs, graceMs, ruleMs } = event
  if (hashTrieGet(state.contracts, contract) !== undefined) return refused(state, 'GOVERNANCE_CONTRACT_EXISTS')
  const live: LiveContract = { parametersHash, deliverMs, graceMs, ruleMs }
  if (parametersHash !== undefined) {
    const kept = state.sets.find(({ hash }) => hash === parametersHash)
    if (kept === undefined || parametersHash !== state.current) return refused(state, 'GOVERNANCE_SET_UNKNOWN')
    if (!areSpansAllowed(kept.set, live)) return refused(state, 'GOVERNANCE_CONTRACT_SPANS')
  }
  if (state.contracts.size >= CONTRACTS_MAX) return refused(state, 'GOVERNANCE_CONTRACTS_FULL')
  return {
    state: {
      ...state,
      contracts: hashTrieSet(state.contracts, contract, live),
      sets: withCount(state, parametersHash, 1),
    },
    effects: [],
  }
}

/** A contract is final. A set that only it referred to leaves, unless it is in force. */
export function closeContract(state: GovernanceState, { contract }: ContractClosed): GovernanceStep {
  const live = hashTrieGet(state.contracts, contract)
  if (live === undefined) return refused(state, 'GOVERNANCE_CONTRACT_UNKNOWN')
  const sets = withCount(state, live.parametersHash, -1)
  return withoutUnused({ ...state, contracts: hashTrieDelete(state.contracts, contract), sets })
}

/** Drops sets that are not in force and that no live contract names. */
export function withoutUnused(state: GovernanceState): GovernanceStep {
  const isUsed = ({ hash, liveContracts }: GovernanceState['sets'][number]): boolean =>
    hash === state.current || liveContracts > 0
  const unused = state.sets.filter((kept) => !isUsed(kept))
  if (unused.length === 0) return { state, effects: [] }
  const effects: GovernanceEffect[] = unused.map(({ hash }) => ({ type: 'retire-parameters', hash }))
  return { state: { ...state, sets: state.sets.filter(isUsed) }, effects }
}

function withCount({ sets }: GovernanceState, of: Hash | undefined, change: 1 | -1): GovernanceState['sets'] {
  if (of === undefined) return sets
  return sets.map((kept) => (kept.hash === of ? { ...kept, liveContracts: kept.liveContracts + change } : kept))
}

function areSpansAllowed(set: ParameterSet, live: LiveContract): boolean {
  const names: readonly (TimerName & keyof LiveContract)[] = ['deliverMs', 'graceMs', 'ruleMs']
  return names.every((name) => {
    const span = live[name]
    return Number.isSafeInteger(span) && span >= set[`minimum.${name}`] && span <= set[`maximum.${name}`]
  })
}
