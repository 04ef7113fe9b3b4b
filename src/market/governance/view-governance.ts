import { addDuration } from '../../base/time.ts'
import type { GovernedBooksState } from '../../core/books/governed-books.ts'
import { hashTrieEntries } from '../../core/collections/hash-trie.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import { timelockBound } from '../../core/governance/contract-steps.ts'
import { isOpenProposal, type Proposal } from '../../core/governance/governance-state.ts'
import { parseParameterSet } from '../../core/governance/governance-codec.ts'
import {
  hashOfParameters,
  PARAMETER_NAMES,
  type ParameterName,
  type ParameterSet,
} from '../../core/governance/parameter-set.ts'
import { isCarried, tallyOf } from '../../core/governance/tally.ts'
import { totalOf } from '../../core/governance/weight-table.ts'
import type { GovernanceView, ProposalView } from '../../ports/notary-client.ts'

/** How the books are governed; `undefined` before governance has begun. */
export function viewGovernance({ books, governance }: GovernedBooksState): GovernanceView | undefined {
  if (governance === undefined) return undefined
  const { current, sets, weights, delegations, proposals } = governance
  const governed = new Set<string>(sets.map(({ hash }) => hash))
  const beside = hashTrieEntries(books.parameters).map(([hash]) => hash as Hash)
  return {
    current,
    sets: sets.map(({ hash, set, liveContracts }) => ({ hash, values: valuesOf(set), liveContracts })),
    beside: weights === undefined ? beside.filter((hash) => !governed.has(hash)) : [],
    timelockBoundMs: timelockBound(governance),
    weights:
      weights === undefined
        ? null
        : {
            hash: weights.hash,
            source: weights.table.source,
            total: totalOf(weights.table).toString(),
            rows: weights.table.rows.map(({ voter, weight }) => ({ voter, weight: weight.toString() })),
          },
    delegations: hashTrieEntries(delegations).map(([from, to]) => ({ from: from as Did, to })),
    proposals: proposals.map((proposal) => viewProposal(proposal)).toReversed(),
  }
}

/** A set is what its hash names, whoever shows it. */
export function areSetsNamed({ sets }: GovernanceView): boolean {
  return sets.every(({ hash, values }) => {
    const set = parseParameterSet(values)
    return set !== undefined && hashOfParameters(set) === hash
  })
}

function valuesOf(set: ParameterSet): Readonly<Record<ParameterName, string>> {
  return Object.fromEntries(PARAMETER_NAMES.map((name) => [name, set[name].toString()])) as Record<
    ParameterName,
    string
  >
}

function viewProposal(proposal: Proposal): ProposalView {
  const { id, kind: state, proposer, base, changes, weightsHash, timelockMs, closesAt } = proposal
  const tally = proposal.kind === 'voting' ? tallyOf(proposal) : proposal.tally
  return {
    id,
    state,
    proposer,
    base,
    changes: changes.map(({ name, value }) => ({ name, value: value.toString() })),
    weightsHash,
    timelockMs,
    tally:
      tally === undefined
        ? null
        : {
            for: tally.for.toString(),
            against: tally.against.toString(),
            abstain: tally.abstain.toString(),
            total: tally.total.toString(),
          },
    isCarried: carriedOf(proposal),
    closesAt,
    executableAt: addDuration(closesAt, timelockMs),
    expiresAt: proposal.kind === 'queued' ? proposal.expiresAt : null,
    endedAt: isOpenProposal(proposal) ? null : proposal.endedAt,
  }
}

/** Whether it would be carried now, or was; what ended without a count is neither. */
function carriedOf(proposal: Proposal): boolean | null {
  if (proposal.kind === 'voting') return isCarried(tallyOf(proposal), proposal.rules)
  if (proposal.kind === 'cancelled') return proposal.tally === undefined ? null : true
  return proposal.kind !== 'rejected'
}
