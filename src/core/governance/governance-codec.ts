import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import { emptyHashTrie, type HashTrie, hashTrieEntries, hashTrieSet } from '../collections/hash-trie.ts'
import { type ContractId, parseContractId } from '../evidence/names.ts'
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
  findParameterFault,
  PARAMETER_NAMES,
  type ParameterChange,
  type ParameterName,
  type ParameterSet,
  parseParameterName,
} from './parameter-set.ts'
import { type Tally, VOTE_CHOICES, type VoteChoice, type VoteRules } from './tally.ts'
import { type Delegations, delegationsAmong } from './vote-delegation.ts'
import { hashOfWeights, VOTERS_MAX, WEIGHT_SOURCES, type WeightRow, type WeightTable } from './weight-table.ts'

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
  parametersHash: optional(readHash),
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

/** JSON of a set: its values as decimal text. */
export function formatParameterSet(set: ParameterSet): JsonValue {
  return toJson(set)
}

/** Reads what `formatParameterSet` wrote; `undefined` for anything else, and for values outside of their ranges. */
export function parseParameterSet(json: unknown): ParameterSet | undefined {
  const set = readSet(json)
  return set === INVALID || findParameterFault(set) !== undefined ? undefined : set
}

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
const readDelegations: Reader<Delegations> = trieOf(readDid, VOTERS_MAX)

/** A voting proposal as it is written: its table and its delegations by their place among those that are written once. */
type WrittenProposal =
  | (Omit<VotingProposal, 'weights' | 'delegations'> & { readonly table: number; readonly delegated: number })
  | QueuedProposal
  | EndedProposal

const readProposal: Reader<WrittenProposal> = unionOf<WrittenProposal>(
  objectOf<Extract<WrittenProposal, { kind: 'voting' }>>({
    kind: oneOf('voting'),
    ...PROPOSAL_HEAD,
    table: readCount,
    delegated: readCount,
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

type WrittenGovernance = Omit<GovernanceState, 'weights' | 'delegations' | 'depths' | 'proposals'> & {
  /** Of open proposals, and the newest one last where there is one. */
  readonly tables: readonly WeightTable[]
  readonly isWeighted: boolean
  /** Of open proposals, and those of now last. */
  readonly delegations: readonly Delegations[]
  readonly proposals: readonly WrittenProposal[]
}

const readState: Reader<WrittenGovernance> = objectOf<WrittenGovernance>({
  at: readTime,
  current: readHash,
  sets: listOf(objectOf<KeptSet>({ hash: readHash, set: readSet, liveContracts: readCount }), SETS_MAX),
  contracts: trieOf(objectOf<LiveContract>(LIVE_CONTRACT), CONTRACTS_MAX),
  tables: listOf(readTable, OPEN_PROPOSALS_MAX + 1),
  isWeighted: (json) => (typeof json === 'boolean' ? json : INVALID),
  delegations: listOf(readDelegations, OPEN_PROPOSALS_MAX + 1),
  proposals: listOf(readProposal, OPEN_PROPOSALS_MAX + ENDED_PROPOSALS_MAX),
})

/** Values that are written once, by their text. */
class Once {
  readonly values: JsonValue[] = []
  private readonly places = new Map<string, number>()

  place(value: JsonValue): number {
    const text = canonicalJson(value)
    const known = this.places.get(text)
    if (known !== undefined) return known
    this.places.set(text, this.values.length)
    return this.values.push(value) - 1
  }

  /** As the last one, whether it is there already or not. */
  end(value: JsonValue): void {
    this.values.push(value)
  }
}

/** JSON of a state, the same for equal states. */
export function formatGovernanceState(state: GovernanceState): JsonValue {
  const { contracts, delegations, depths: _, proposals, weights, ...others } = state
  const tables = new Once()
  const delegated = new Once()
  const written = proposals.map((proposal) => {
    if (proposal.kind !== 'voting') return proposal
    const { weights: table, delegations: pinned, votes, ...head } = proposal
    return {
      ...head,
      table: tables.place(toJson(table)),
      delegated: delegated.place(toJson(hashTrieEntries(pinned))),
      votes: hashTrieEntries(votes),
    }
  })
  if (weights !== undefined) tables.end(toJson(weights.table))
  delegated.end(toJson(hashTrieEntries(delegations)))
  return toJson({
    ...others,
    contracts: hashTrieEntries(contracts),
    tables: tables.values,
    isWeighted: weights !== undefined,
    delegations: delegated.values,
    proposals: written,
  })
}

/** Reads what `formatGovernanceState` wrote; `undefined` for anything else. */
export function parseGovernanceState(json: unknown): GovernanceState | undefined {
  const written = readState(json)
  if (written === INVALID) return undefined
  const { tables, isWeighted, delegations: all, proposals: kept, ...others } = written
  const table = isWeighted ? tables.at(-1) : undefined
  const delegations = all.at(-1)
  if (delegations === undefined || (isWeighted && table === undefined)) return undefined
  const proposals: Proposal[] = []
  for (const proposal of kept) {
    if (proposal.kind !== 'voting') proposals.push(proposal)
    else {
      const { table: tableAt, delegated: delegatedAt, ...head } = proposal
      const [weights, pinned] = [tables[tableAt], all[delegatedAt]]
      if (weights === undefined || pinned === undefined) return undefined
      proposals.push({ ...head, weights, delegations: pinned })
    }
  }
  const { depths } = delegationsAmong({ delegations, depths: emptyHashTrie() }, () => true)
  const weights = table && { hash: hashOfWeights(table), table }
  return { ...others, weights, delegations, depths, proposals }
}
