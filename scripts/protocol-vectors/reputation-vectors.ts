import { bodyArea, type BodyRow, type WrongBodyRow } from './body-area.ts'
import type { VectorArea } from './vector.ts'
import { VECTOR_KEYS } from './vector-kit.ts'

const { payer, worker, notary } = VECTOR_KEYS
const currency = `USD@${notary.did}`
const receipt = {
  contract: '71'.repeat(32),
  payer: payer.did,
  worker: worker.did,
  payerSource: '72'.repeat(32),
  workerSource: '73'.repeat(32),
  currency,
  heldNanos: '1000000000',
  workerNanos: '800000000',
  cause: 'accepted',
  fault: 'none',
  heldAt: 1_790_000_000_000,
  endedAt: 1_790_000_020_000,
}
const snapshot = {
  contract: receipt.contract,
  seq: 3,
  at: 1_790_000_010_000,
  counts: [
    { unit: 'input-tokens', quantity: '1200' },
    { unit: 'output-tokens', quantity: '345' },
  ],
}
const statement = {
  subject: worker.did,
  currency,
  from: 1_788_000_000_000,
  to: 1_790_000_000_000,
  ratedNanos: '800000000',
  receivedNanos: '790000000',
  paidNanos: '0',
  csvHash: '74'.repeat(32),
}

const BODIES: readonly BodyRow[] = [
  ['a receipt, by the payer', 'reputation-receipt', receipt, payer],
  ['the same receipt, by the worker', 'reputation-receipt', receipt, worker],
  [
    'a receipt of work that never came',
    'reputation-receipt',
    { ...receipt, workerNanos: '0', cause: 'expired', fault: 'worker' },
    payer,
  ],
  ['a meter reading', 'meter-snapshot', snapshot, worker],
  ['a meter reading of nothing yet', 'meter-snapshot', { ...snapshot, seq: 0, counts: [] }, worker],
  ['a statement', 'statement', statement, worker],
  ['sums beyond 64 bits', 'statement', { ...statement, ratedNanos: '999999999999999999999999999999' }, worker],
]

const WRONG: readonly WrongBodyRow[] = [
  ['a cause that there is not', 'reputation-receipt', { ...receipt, cause: 'liked' }],
  ['a fault that there is not', 'reputation-receipt', { ...receipt, fault: 'notary' }],
  ['a score', 'reputation-receipt', { ...receipt, stars: 5 }],
  ['an amount as a number', 'reputation-receipt', { ...receipt, heldNanos: 1_000_000_000 }],
  ['an instant as text', 'reputation-receipt', { ...receipt, endedAt: '1790000020000' }],
  ['a unit in upper case', 'meter-snapshot', { ...snapshot, counts: [{ unit: 'Tokens', quantity: '1' }] }],
  [
    '33 units',
    'meter-snapshot',
    { ...snapshot, counts: Array.from({ length: 33 }, (_, at) => ({ unit: `unit-${at}`, quantity: '1' })) },
  ],
  ['a negative quantity', 'meter-snapshot', { ...snapshot, counts: [{ unit: 'tokens', quantity: '-1' }] }],
  ['sums of 31 digits', 'statement', { ...statement, paidNanos: '1'.repeat(31) }],
  ['a statement of no period', 'statement', { ...statement, from: -1 }],
]

/** Messages about what came of work, as receivers see them, and bodies that none of them has. */
export const REPUTATION_VECTORS: VectorArea = bodyArea('reputation', BODIES, WRONG)
