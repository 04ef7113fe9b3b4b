import { canonicalJson } from '../../base/canonical-json.ts'
import { addDuration, type DurationMs, type Timestamp } from '../../base/time.ts'
import { hashTrieEntries, hashTrieGet } from '../../core/collections/hash-trie.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import { timelockBound } from '../../core/governance/contract-steps.ts'
import { formatGovernanceEvent, parseGovernanceEvent } from '../../core/governance/governance-codec.ts'
import { GOVERNANCE_MACHINE } from '../../core/governance/governance-machine.ts'
import type {
  GovernanceEffect,
  GovernanceEvent,
  GovernanceInput,
  GovernanceState,
  GovernanceTimer,
  Proposal,
} from '../../core/governance/governance-state.ts'
import { PARAMETER_NAMES } from '../../core/governance/parameter-set.ts'
import { isCarried, tallyOf } from '../../core/governance/tally.ts'
import { totalOf, weightOf } from '../../core/governance/weight-table.ts'
import type { JournaledMachine } from '../ledger/journaled-machine.ts'
import type { MachineJournal } from '../ledger/machine-journal.ts'

/** Governance as the hash-chained journal keeps it. It moves no money, so it has no balances. */
export function journaledGovernance(
  input: GovernanceInput,
): JournaledMachine<GovernanceState, GovernanceEvent, GovernanceEffect> {
  return {
    machine: GOVERNANCE_MACHINE,
    first: GOVERNANCE_MACHINE.initial(input),
    formatEvent: (event) => canonicalJson(formatGovernanceEvent(event)),
    parseEvent: parseGovernanceEvent,
    stampOf: ({ at }) => at,
    formatBalances: ({ current }) => canonicalJson({ parameters: current }),
    sumsOf: () => ({}),
  }
}

/** One line of `governance list`. */
export type ProposalLine = {
  readonly id: Hash
  readonly state: Proposal['kind']
  readonly proposer: Did
  readonly changes: readonly { readonly name: string; readonly value: string }[]
  /** What is next, and at which stamp; `undefined` once it has ended. */
  readonly next: { readonly what: 'closes' | 'executable' | 'expires'; readonly at: Timestamp } | undefined
}

/** What `governance show` prints of a proposal; weights are decimal text. */
export type ProposalView = ProposalLine & {
  readonly base: Hash
  readonly weightsHash: Hash
  readonly timelockMs: DurationMs
  /** Contracts that are live now ask for a timelock longer than this. */
  readonly timelockBoundMs: DurationMs
  readonly tally:
    | { readonly for: string; readonly against: string; readonly abstain: string; readonly total: string }
    | undefined
  /** As it stands; `undefined` where it was cancelled before the vote ended. */
  readonly isCarried: boolean | undefined
  readonly closesAt: Timestamp
  readonly executableAt: Timestamp
  readonly endedAt: Timestamp | undefined
}

/** What `governance show` prints without a proposal. */
export type GovernanceView = {
  readonly parametersHash: Hash
  readonly parameters: Readonly<Record<string, string>>
  readonly keptSets: readonly { readonly hash: Hash; readonly liveContracts: number }[]
  readonly weights: { readonly hash: Hash; readonly source: string; readonly total: string } | undefined
  readonly delegations: readonly { readonly from: string; readonly to: Did }[]
}

export type GovernanceOutcome =
  | { readonly kind: 'done'; readonly effects: readonly GovernanceEffect[] }
  | { readonly kind: 'refused'; readonly code: Extract<GovernanceEffect, { type: 'event-refused' }>['code'] }

/** A timer that fires as an event of the machine. */
export type PendingTimer = {
  readonly name: GovernanceTimer
  readonly proposal: Hash
  readonly firesAt: Timestamp
}

/** The owner of governance: events in, durable before they are answered; questions answered from the state. */
export class GovernanceBoard {
  private readonly journal: MachineJournal<GovernanceState, GovernanceEvent, GovernanceEffect>

  /** @param journal  Opened with `journaledGovernance`. Whoever opened it closes it. */
  constructor(journal: MachineJournal<GovernanceState, GovernanceEvent, GovernanceEffect>) {
    this.journal = journal
  }

  /** Runs one event. Rejects with what the journal rejects with. */
  async take(event: GovernanceEvent): Promise<GovernanceOutcome> {
    const [journaled] = await this.journal.append([event])
    const effects = journaled?.effects ?? []
    const refusal = effects.find((effect) => effect.type === 'event-refused')
    return refusal === undefined ? { kind: 'done', effects } : { kind: 'refused', code: refusal.code }
  }

  /** Timers that open proposals wait for; whoever starts again starts them again. */
  timers(): readonly PendingTimer[] {
    const timers: PendingTimer[] = []
    for (const proposal of this.journal.state.proposals) {
      if (proposal.kind === 'voting') {
        timers.push({ name: 'close', proposal: proposal.id, firesAt: proposal.closesAt })
      }
      if (proposal.kind === 'queued') {
        timers.push({ name: 'expire', proposal: proposal.id, firesAt: proposal.expiresAt })
      }
    }
    return timers
  }

  /** Newest first. */
  list(): readonly ProposalLine[] {
    return this.journal.state.proposals.map(lineOf).toReversed()
  }

  /** `undefined` when there is none of this name. */
  show(id: Hash): ProposalView | undefined {
    const { state } = this.journal
    const proposal = state.proposals.find((known) => known.id === id)
    return proposal === undefined ? undefined : viewOf(proposal, state)
  }

  overview(): GovernanceView {
    const { current, sets, weights, delegations } = this.journal.state
    const set = sets.find(({ hash }) => hash === current)?.set
    return {
      parametersHash: current,
      parameters: Object.fromEntries(
        set === undefined ? [] : PARAMETER_NAMES.map((name) => [name, set[name].toString()]),
      ),
      keptSets: sets.map(({ hash, liveContracts }) => ({ hash, liveContracts })),
      weights: weights && {
        hash: weights.hash,
        source: weights.table.source,
        total: totalOf(weights.table).toString(),
      },
      delegations: hashTrieEntries(delegations).map(([from, to]) => ({ from, to })),
    }
  }

  /** What a voter can do: its weight in the newest table, whom it delegates to, and the proposals that wait for its vote. */
  voter(voter: Did): { readonly weight: string; readonly to: Did | undefined; readonly open: readonly ProposalLine[] } {
    const { weights, delegations, proposals } = this.journal.state
    const open = proposals.filter(
      (proposal) =>
        proposal.kind === 'voting' &&
        weightOf(proposal.weights, voter) > 0n &&
        hashTrieGet(proposal.votes, voter) === undefined,
    )
    const weight = weights === undefined ? 0n : weightOf(weights.table, voter)
    return { weight: weight.toString(), to: hashTrieGet(delegations, voter), open: open.map(lineOf) }
  }
}

function lineOf(proposal: Proposal): ProposalLine {
  const { id, kind, proposer, changes } = proposal
  const shown = changes.map(({ name, value }) => ({ name, value: value.toString() }))
  return { id, state: kind, proposer, changes: shown, next: nextOf(proposal) }
}

function nextOf(proposal: Proposal): ProposalLine['next'] {
  if (proposal.kind === 'voting') return { what: 'closes', at: proposal.closesAt }
  if (proposal.kind === 'queued') return { what: 'executable', at: proposal.executableAt }
  return undefined
}

function viewOf(proposal: Proposal, state: GovernanceState): ProposalView {
  const { base, weightsHash, timelockMs, closesAt } = proposal
  const tally = proposal.kind === 'voting' ? tallyOf(proposal) : proposal.tally
  const isEnded = proposal.kind !== 'voting' && proposal.kind !== 'queued'
  return {
    ...lineOf(proposal),
    base,
    weightsHash,
    timelockMs,
    timelockBoundMs: timelockBound(state),
    tally: tally && {
      for: tally.for.toString(),
      against: tally.against.toString(),
      abstain: tally.abstain.toString(),
      total: tally.total.toString(),
    },
    isCarried: tally && (isEnded ? proposal.kind !== 'rejected' : isCarried(tally, proposal.rules)),
    closesAt,
    executableAt: addDuration(closesAt, timelockMs),
    endedAt: isEnded ? proposal.endedAt : undefined,
  }
}
