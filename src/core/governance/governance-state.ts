import type { DurationMs, Timestamp } from '../../base/time.ts'
import { emptyHashTrie, type HashTrie } from '../collections/hash-trie.ts'
import { TIMER_MAX_MS } from '../escrow/escrow-rules.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { ContractId, Did, Hash } from '../evidence/names.ts'
import type { GovernanceRefusal } from './governance-refusals.ts'
import { hashOfParameters, type ParameterChange, type ParameterSet } from './parameter-set.ts'
import type { Tally, VoteChoice, VoteRules } from './tally.ts'
import type { DelegationDepths, Delegations } from './vote-delegation.ts'
import type { WeightTable } from './weight-table.ts'

/** Open proposals at most, of all and of one proposer. */
export const OPEN_PROPOSALS_MAX = 64
export const OPEN_PROPOSALS_OF_ONE_MAX = 4
/** Ended proposals that are remembered; the oldest leave. */
export const ENDED_PROPOSALS_MAX = 256
/** Sets kept at most: the one in force and those of live contracts. */
export const SETS_MAX = 64
/** Live contracts at most. */
export const CONTRACTS_MAX = 262_144
/** Longest timelock: a millisecond more than any parameter set lets a contract last, so that no contract keeps everybody from proposing. */
export const TIMELOCK_MAX_MS: DurationMs = (3 * TIMER_MAX_MS + 1) as DurationMs

type ProposalHead = {
  /** Hash of the signed proposal. */
  readonly id: Hash
  readonly proposer: Did
  /** Set in force when it was proposed; it is executed on no other. */
  readonly base: Hash
  readonly changes: readonly ParameterChange[]
  /** Hash of the table of weights that counts. */
  readonly weightsHash: Hash
  readonly timelockMs: DurationMs
  /** First stamp at which no vote counts. */
  readonly closesAt: Timestamp
}

/** Votes are taken while the stamp is below `closesAt`. Weights, delegations and rules are those of the moment of the proposal. */
export type VotingProposal = ProposalHead & {
  readonly kind: 'voting'
  readonly weights: WeightTable
  readonly delegations: Delegations
  readonly rules: VoteRules
  readonly executionMs: DurationMs
  readonly votes: HashTrie<VoteChoice>
}

/** Carried, and waits: executable from `executableAt` on while the stamp is below `expiresAt`. */
export type QueuedProposal = ProposalHead & {
  readonly kind: 'queued'
  readonly tally: Tally
  readonly rules: VoteRules
  readonly executableAt: Timestamp
  readonly expiresAt: Timestamp
}

export const PROPOSAL_ENDS = ['rejected', 'executed', 'cancelled', 'expired'] as const
export type ProposalEnd = (typeof PROPOSAL_ENDS)[number]

export type EndedProposal = ProposalHead & {
  readonly kind: ProposalEnd
  /** `undefined` when it was cancelled before the vote ended. */
  readonly tally: Tally | undefined
  readonly endedAt: Timestamp
}

export type OpenProposal = VotingProposal | QueuedProposal
export type Proposal = OpenProposal | EndedProposal

/** A set in force or named by live contracts. */
export type KeptSet = { readonly hash: Hash; readonly set: ParameterSet; readonly liveContracts: number }

/** What a live contract says about how long it may last. */
export type LiveContract = {
  /** `undefined` for a set that the notary set published beside the governed ones. */
  readonly parametersHash: Hash | undefined
  readonly deliverMs: DurationMs
  readonly graceMs: DurationMs
  readonly ruleMs: DurationMs
}

/** Which parameter set is in force, which others live contracts still name, and what is proposed, under vote or decided. */
export type GovernanceState = {
  readonly at: Timestamp
  /** Hash of the set in force. */
  readonly current: Hash
  /** Oldest first. */
  readonly sets: readonly KeptSet[]
  readonly contracts: HashTrie<LiveContract>
  /** The newest table, with its hash; `undefined` before the first. */
  readonly weights: { readonly hash: Hash; readonly table: WeightTable } | undefined
  readonly delegations: Delegations
  /** Follows from the delegations. */
  readonly depths: DelegationDepths
  /** In the order in which they were made. */
  readonly proposals: readonly Proposal[]
}

export type GovernanceTimer = 'close' | 'expire'

/**
 * What governance is told: messages of proposers and voters, each with its `Evidence`; tables of weights; contracts that begin and end; timers. `proposal` is
 * the hash of the signed proposal.
 */
export type GovernanceEvent =
  /** A snapshot of weights, as the notary set certified it. */
  | { readonly type: 'weights-published'; readonly table: WeightTable; readonly at: Timestamp }
  | ({
      readonly type: 'proposal-made'
      readonly base: Hash
      readonly changes: readonly ParameterChange[]
      readonly weightsHash: Hash
      readonly timelockMs: DurationMs
    } & Evidence)
  | ({ readonly type: 'vote-cast'; readonly proposal: Hash; readonly choice: VoteChoice } & Evidence)
  /** `to` is `undefined` where the voter takes its delegation back. It counts for proposals made later. */
  | ({ readonly type: 'vote-delegated'; readonly to: Did | undefined } & Evidence)
  | ({ readonly type: 'execution-requested'; readonly proposal: Hash } & Evidence)
  | ({ readonly type: 'cancellation-requested'; readonly proposal: Hash } & Evidence)
  | ({ readonly type: 'contract-opened'; readonly contract: ContractId; readonly at: Timestamp } & LiveContract)
  | { readonly type: 'contract-closed'; readonly contract: ContractId; readonly at: Timestamp }
  | {
      readonly type: 'timer-fired'
      readonly name: GovernanceTimer
      readonly proposal: Hash
      readonly at: Timestamp
    }

/**
 * What a step of governance leaves to be done outside, in order. `GOVERNED_BOOKS_MACHINE` hands `publish-parameters` and `retire-parameters` to the books
 * within the same event.
 */
export type GovernanceEffect =
  | {
      readonly type: 'start-timer'
      readonly name: GovernanceTimer
      readonly proposal: Hash
      readonly firesAt: Timestamp
    }
  | { readonly type: 'cancel-timer'; readonly name: GovernanceTimer; readonly proposal: Hash }
  | { readonly type: 'announce-outcome'; readonly proposal: Hash; readonly outcome: 'queued' | ProposalEnd }
  /** From now on contracts are signed under this set. */
  | { readonly type: 'publish-parameters'; readonly hash: Hash; readonly set: ParameterSet }
  /** Nothing refers to it any more. */
  | { readonly type: 'retire-parameters'; readonly hash: Hash }
  | { readonly type: 'event-refused'; readonly code: GovernanceRefusal }

export type GovernanceInput = { readonly parameters: ParameterSet; readonly at: Timestamp }

export function initialGovernance({ parameters, at }: GovernanceInput): GovernanceState {
  const hash = hashOfParameters(parameters)
  return {
    at,
    current: hash,
    sets: [{ hash, set: parameters, liveContracts: 0 }],
    contracts: emptyHashTrie(),
    weights: undefined,
    delegations: emptyHashTrie(),
    depths: emptyHashTrie(),
    proposals: [],
  }
}

export function isOpenProposal(proposal: Proposal): proposal is OpenProposal {
  return proposal.kind === 'voting' || proposal.kind === 'queued'
}
