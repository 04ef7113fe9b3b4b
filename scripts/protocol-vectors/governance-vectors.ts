import { hashOfParameters, DEFAULT_PARAMETERS } from '../../src/core/governance/parameter-set.ts'
import { hashOfWeights } from '../../src/core/governance/weight-table.ts'
import { bodyArea, type BodyRow, type WrongBodyRow } from './body-area.ts'
import type { VectorArea } from './vector.ts'
import { VECTOR_KEYS } from './vector-kit.ts'

const { payer, worker, arbiter } = VECTOR_KEYS
const proposal = '51'.repeat(32)
const rows = [payer.did, worker.did].toSorted().map((voter, index) => ({ voter, weight: BigInt(index + 1) }))
const weights = hashOfWeights({ source: 'bond', rows })
const proposed = {
  base: hashOfParameters(DEFAULT_PARAMETERS),
  changes: [
    { name: 'fee.perMillionMax', value: '4000' },
    { name: 'minimum.acceptMs', value: '900000' },
  ],
  weights,
  timelockMs: 172_800_000,
}

const BODIES: readonly BodyRow[] = [
  ['a proposal', 'governance-propose', { ...proposed, note: 'lower fees, more time to look' }, payer],
  ['a proposal without a note', 'governance-propose', proposed, payer],
  ['a vote for', 'governance-vote', { proposal, choice: 'for' }, payer],
  ['a vote against', 'governance-vote', { proposal, choice: 'against' }, worker],
  ['an abstention', 'governance-vote', { proposal, choice: 'abstain' }, worker],
  ['a delegation of votes', 'governance-delegate', { to: payer.did }, worker],
  ['a delegation that is taken back', 'governance-delegate', {}, worker],
  ['an execution, by anybody', 'governance-execute', { proposal }, arbiter],
  ['a cancellation', 'governance-cancel', { proposal }, payer],
]

const WRONG: readonly WrongBodyRow[] = [
  ['no changes', 'governance-propose', { ...proposed, changes: [] }],
  ['a parameter that there is not', 'governance-propose', { ...proposed, changes: [{ name: 'fee.tax', value: '1' }] }],
  ['a value as a number', 'governance-propose', { ...proposed, changes: [{ name: 'fee.perMillionMax', value: 4000 }] }],
  ['33 changes', 'governance-propose', { ...proposed, changes: Array.from({ length: 33 }, () => proposed.changes[0]) }],
  ['a timelock beyond any contract', 'governance-propose', { ...proposed, timelockMs: 946_080_000_002 }],
  ['a choice that there is not', 'governance-vote', { proposal, choice: 'maybe' }],
  ['a weight of the voter', 'governance-vote', { proposal, choice: 'for', weight: '5' }],
  ['a delegate that is no key', 'governance-delegate', { to: 'did:web:example.com' }],
  ['an execution of nothing', 'governance-execute', {}],
]

/** Messages of governance as receivers see them, and bodies that none of them has. */
export const GOVERNANCE_VECTORS: VectorArea = bodyArea('governance', BODIES, WRONG)
