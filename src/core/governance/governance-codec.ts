import type { JsonValue } from '../../base/canonical-json.ts'
import { emptyHashTrie, type HashTrie, hashTrieEntries, hashTrieSet } from '../collections/hash-trie.ts'
import { type ContractId, type Did, parseContractId } from '../evidence/names.ts'
import {
  EVIDENCE_READERS,
  INVALID,
  listOf,
  objectOf,
  oneOf,
  optional,
  parsed,
  readCount,
  readDid,
  readDuration,
  type Reader,
  readHash,
  readTime,
  toJson,
  unionOf,
} from '../json/json-reader.ts'
import {
  CONTRACTS_MAX,
  ENDED_PROPOSALS_MAX,
  type EndedProposal,
  type GovernanceEvent,
  type GovernanceState,
  type KeptSet,
  type LiveContract,
  OPEN_PROPOSALS_MAX,
  type Proposal,
  PROPOSAL_ENDS,
  type QueuedProposal,
  SETS_MAX,
  type VotingProposal,
} from './governance-state.ts'
import {
  CHANGES_MAX,
  PARAMETER_NAMES,
  type ParameterChange,
  type ParameterName,
  type ParameterSet,
  parseParameterName,
} from './parameter-set.ts'
import { type Tally, VOTE_CHOICES, type VoteChoice, type VoteRules } from './tally.ts'
import { DELEGATIONS_MAX } from './vote-delegation.ts'
import { VOTERS_MAX, WEIGHT_SOURCES, type WeightRow, type WeightTable } from './weight-table.ts'

/** Integers of governance as text: decimal, without sign or leading zeros. */
const readInteger: Reader<bigint> = (json) =>
  typeof json === 'string' && /^(0|[1-9][0-9]{0,24})$/.test(json) ? BigInt(json) : INVALID

const readName: Reader<ParameterName> = parsed(parseParameterName)

const readContract: Reader<ContractId> = parsed(parseContractId)

const readText: Reader<string> = (json) => (typeof json === 'string' ? json : INVALID)

const readChoice: Reader<VoteChoice> = oneOf(...VOTE_CHOICES)
const readChange: Reader<ParameterChange> = objectOf({ name: readName, value: readInteger })
const readRow: Reader<WeightRow> = objectOf({ voter: readDid, weight: readInteger })
const readTable: Reader<WeightTable> = objectOf({ source: oneOf(...WEIGHT_SOURCES), rows: listOf(readRow, VOTERS_MAX) })
const readSet: Reader<ParameterSet> = objectOf(
  Object.fromEntries(PARAMETER_NAMES.map((name) => [name, readInteger])) as {
    readonly [Name in ParameterName]: Reader<bigint>
  },
)

const LIVE_CONTRACT = {
  parametersHash: readHash,
  deliverMs: readDuration,
  graceMs: readDuration,
  ruleMs: readDuration,
}

const readEvent: Reader<GovernanceEvent> = unionOf<GovernanceEvent>(
  objectOf({ type: oneOf('weights-published'), table: readTable, at: readTime }),
  objectOf({
    type: oneOf('proposal-made'),
    base: readHash,
    changes: listOf(readChange, CHANGES_MAX),
    weightsHash: readHash,
    timelockMs: readDuration,
    ...EVIDENCE_READERS,
  }),
  objectOf({ type: oneOf('vote-cast'), proposal: readHash, choice: readChoice, ...EVIDENCE_READERS }),
  objectOf({ type: oneOf('vote-delegated'), to: optional(readDid), ...EVIDENCE_READERS }),
  objectOf({ type: oneOf('execution-requested'), proposal: readHash, ...EVIDENCE_READERS }),
  objectOf({ type: oneOf('cancellation-requested'), proposal: readHash, ...EVIDENCE_READERS }),
  objectOf({ type: oneOf('contract-opened'), contract: readContract, ...LIVE_CONTRACT, at: readTime }),
  objectOf({ type: oneOf('contract-closed'), contract: readContract, at: readTime }),
  objectOf({ type: oneOf('timer-fired'), name: oneOf('close', 'expire'), proposal: readHash, at: readTime }),
)

/** JSON of an event for the journal: integers without a bound are decimal text, absent members are left out. */
export function formatGovernanceEvent(event: GovernanceEvent): JsonValue {
  return toJson(event)
}

/** Reads what `formatGovernanceEvent` wrote; `undefined` for anything else. */
export function parseGovernanceEvent(json: unknown): GovernanceEvent | undefined {
  const event = readEvent(json)
  return event === INVALID ? undefined : event
}

/** Entries of a map as pairs, in the order of their keys. */
function trieOf<Value>(reader: Reader<Value>, max: number): Reader<HashTrie<Value>> {
  const readPairs = listOf<readonly [string, Value]>((json) => {
    if (!Array.isArray(json) || json.length !== 2) return INVALID
    const key = readText(json[0])
    const value = reader(json[1])
    return key === INVALID || value === INVALID ? INVALID : [key, value]
  }, max)
  return (json) => {
    const pairs = readPairs(json)
    if (pairs === INVALID) return INVALID
    let trie = emptyHashTrie<Value>()
    for (const [key, value] of pairs) trie = hashTrieSet(trie, key, value)
    return trie.size === pairs.length ? trie : INVALID
  }
}

const PROPOSAL_HEAD = {
  id: readHash,
  proposer: readDid,
  base: readHash,
  changes: listOf(readChange, CHANGES_MAX),
  weightsHash: readHash,
  timelockMs: readDuration,
  closesAt: readTime,
}

const readTally: Reader<Tally> = objectOf({
  for: readInteger,
  against: readInteger,
  abstain: readInteger,
  total: readInteger,
})
const readRules: Reader<VoteRules> = objectOf({ quorumPerMillion: readInteger, thresholdPerMillion: readInteger })
const readDelegations: Reader<HashTrie<Did>> = trieOf(readDid, DELEGATIONS_MAX)

const readProposal: Reader<Proposal> = unionOf<Proposal>(
  objectOf<VotingProposal>({
    kind: oneOf('voting'),
    ...PROPOSAL_HEAD,
    weights: readTable,
    delegations: readDelegations,
    rules: readRules,
    executionMs: readDuration,
    votes: trieOf(readChoice, VOTERS_MAX),
  }),
  objectOf<QueuedProposal>({
    kind: oneOf('queued'),
    ...PROPOSAL_HEAD,
    tally: readTally,
    rules: readRules,
    executableAt: readTime,
    expiresAt: readTime,
  }),
  objectOf<EndedProposal>({
    kind: oneOf(...PROPOSAL_ENDS),
    ...PROPOSAL_HEAD,
    tally: optional(readTally),
    endedAt: readTime,
  }),
)

const readState: Reader<GovernanceState> = objectOf<GovernanceState>({
  at: readTime,
  current: readHash,
  sets: listOf(objectOf<KeptSet>({ hash: readHash, set: readSet, liveContracts: readCount }), SETS_MAX),
  contracts: trieOf(objectOf<LiveContract>(LIVE_CONTRACT), CONTRACTS_MAX),
  weights: optional(objectOf({ hash: readHash, table: readTable })),
  delegations: readDelegations,
  proposals: listOf(readProposal, OPEN_PROPOSALS_MAX + ENDED_PROPOSALS_MAX),
})

/** JSON of a state, the same for equal states. */
export function formatGovernanceState(state: GovernanceState): JsonValue {
  const { contracts, delegations, proposals, ...others } = state
  return toJson({
    ...others,
    contracts: hashTrieEntries(contracts),
    delegations: hashTrieEntries(delegations),
    proposals: proposals.map((proposal) =>
      proposal.kind === 'voting'
        ? {
            ...proposal,
            delegations: hashTrieEntries(proposal.delegations),
            votes: hashTrieEntries(proposal.votes),
          }
        : proposal,
    ),
  })
}

/** Reads what `formatGovernanceState` wrote; `undefined` for anything else. */
export function parseGovernanceState(json: unknown): GovernanceState | undefined {
  const state = readState(json)
  return state === INVALID ? undefined : state
}
