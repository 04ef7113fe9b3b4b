import { hashTrieForEach } from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import {
  ENDED_PROPOSALS_MAX,
  type GovernanceState,
  isOpenProposal,
  OPEN_PROPOSALS_MAX,
  type Proposal,
  SETS_MAX,
} from './governance-state.ts'
import { findParameterFault, hashOfParameters } from './parameter-set.ts'
import { isCarried, tallyOf } from './tally.ts'
import { areDelegationsSound } from './vote-delegation.ts'
import { hashOfWeights, weightOf } from './weight-table.ts'

/** Invariants that are broken, by name. */
export function governanceViolations(state: GovernanceState): readonly string[] {
  const broken: string[] = []
  const check = (isHeld: boolean, name: string): void => {
    if (!isHeld) broken.push(name)
  }
  const { sets, proposals, current, delegations, depths } = state
  check(
    sets.some(({ hash }) => hash === current),
    'the set in force is kept',
  )
  check(
    sets.every(({ hash, set }) => hashOfParameters(set) === hash && findParameterFault(set) === undefined),
    'a set is what its hash names, within its ranges',
  )
  check(
    sets.every(({ hash, liveContracts }) => liveContracts > 0 || hash === current),
    'no set is kept for nothing',
  )
  check(areCountsRight(state), 'a set is kept while a live contract names it')
  check(areDelegationsSound(delegations, depths), 'delegations have no cycle and end')
  check(areByVoters(state), 'voters delegate, and to voters')
  const open = proposals.filter(isOpenProposal)
  check(
    open.length <= OPEN_PROPOSALS_MAX &&
      proposals.length - open.length <= ENDED_PROPOSALS_MAX &&
      sets.length <= SETS_MAX,
    'limits hold',
  )
  check(new Set(proposals.map(({ id }) => id)).size === proposals.length, 'a proposal is there once')
  check(proposals.every(isTallySound), 'weights never sum to more than the total')
  check(proposals.every(isQueueSound), 'what is queued was carried and waits for its timelock')
  check(
    open.every((proposal) => state.at < (proposal.kind === 'voting' ? proposal.closesAt : proposal.expiresAt)),
    'every open proposal waits for a timer',
  )
  return broken
}

function areCountsRight({ sets, contracts }: GovernanceState): boolean {
  const counts = new Map<string, number>()
  hashTrieForEach(contracts, ({ parametersHash }) => {
    if (parametersHash === undefined) return
    counts.set(parametersHash, (counts.get(parametersHash) ?? 0) + 1)
  })
  const areKept = [...counts.keys()].every((named) => sets.some(({ hash }) => hash === named))
  return areKept && sets.every(({ hash, liveContracts }) => liveContracts === (counts.get(hash) ?? 0))
}

function areByVoters({ weights, delegations }: GovernanceState): boolean {
  let areSo = true
  hashTrieForEach(delegations, (to, from) => {
    const isVoter = (did: string): boolean => weights !== undefined && weightOf(weights.table, did as Did) > 0n
    if (!isVoter(from) || !isVoter(to)) areSo = false
  })
  return areSo
}

function isTallySound(proposal: Proposal): boolean {
  if (proposal.kind === 'voting' && hashOfWeights(proposal.weights) !== proposal.weightsHash) return false
  const tally = proposal.kind === 'voting' ? tallyOf(proposal) : proposal.tally
  return tally === undefined || tally.for + tally.against + tally.abstain <= tally.total
}

function isQueueSound(proposal: Proposal): boolean {
  if (proposal.kind !== 'queued') return true
  const { tally, rules, closesAt, timelockMs, executableAt, expiresAt } = proposal
  return isCarried(tally, rules) && executableAt === closesAt + timelockMs && expiresAt > executableAt
}
