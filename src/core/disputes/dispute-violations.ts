import { evidenceRootOf } from '../escrow/evidence-root.ts'
import type { DisputeState } from './dispute-state.ts'

/** Names of broken invariants of a dispute. */
export function disputeViolations(state: DisputeState): readonly string[] {
  const broken = new Set<string>()
  const { terms } = state
  if (state.kind === 'gathering') return []
  if (state.root !== evidenceRootOf(terms.contract, state.evidence)) broken.add('the root is that of the record')
  if (state.kind === 'committing' || state.kind === 'revealing') {
    for (const did of state.commitments.keys()) if (!state.panel.includes(did)) broken.add('only the panel votes')
    const endsAt = state.kind === 'committing' ? state.commitBy + terms.revealMs : state.revealBy
    if (endsAt > terms.ruleBy) broken.add('no phase reaches beyond T_rule')
  }
  if (state.kind === 'revealing') {
    for (const [did, nanos] of state.votes) {
      if (!state.commitments.has(did)) broken.add('only committed votes are revealed')
      if (nanos > terms.maxNanos) broken.add('a vote is within what is held')
    }
  }
  if (state.kind === 'appealable' || state.kind === 'ended') {
    const { ruling } = state
    if (ruling !== undefined && ruling.workerNanos + ruling.payerNanos !== terms.maxNanos)
      broken.add('a split sums to what is held')
    const isByVote = state.kind === 'appealable' || state.basis === 'arbiters'
    if (isByVote && (ruling === undefined || ruling.signers.length < terms.k)) broken.add('a ruling has k signatures')
  }
  return [...broken]
}
