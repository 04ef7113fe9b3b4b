import { describe, expect, test } from 'vitest'
import { VECTOR_KEYS } from '../../../scripts/protocol-vectors/vector-kit.ts'
import type { Amount } from '../../../src/base/money.ts'
import type { ContractId, Hash } from '../../../src/core/evidence/names.ts'
import type { Currency } from '../../../src/core/ledger/ledger-names.ts'
import { type DisputeReadingInit, readDisputeMessage } from '../../../src/wire/v1/dispute-events.ts'
import { receivedMessage, receivedVector } from './received-vector.ts'

const { payer, worker, notary, arbiter } = VECTOR_KEYS
const contract = '61'.repeat(32) as ContractId
const file = '65'.repeat(32) as Hash
const init: DisputeReadingInit = {
  contract,
  currency: `USD@${notary.did}` as Currency,
  round: 0,
  sizeOf: (hash) => (hash === file ? 1_024 : undefined),
  heldBy: () => 50_000_000n as Amount,
}

describe('messages of a dispute', () => {
  test.each([
    ['a replica binds itself to a result', 'replication-event', 'result-committed', arbiter],
    ['a replica shows its result', 'replication-event', 'result-revealed', arbiter],
    ['an arbiter binds itself to a vote', 'dispute-event', 'vote-committed', arbiter],
    ['an arbiter shows its vote', 'dispute-event', 'vote-revealed', arbiter],
    ['the payer wants another round', 'dispute-event', 'ruling-appealed', payer],
  ] as const)('%s', (name, kind, type, { did }) => {
    expect(readDisputeMessage(receivedVector(name), init)).toMatchObject({ kind, event: { type, iss: did } })
  })

  test('that add evidence carry the size of the file', () => {
    const message = receivedMessage({ evidence: file }, { type: 'escrow-evidence', contract }, worker)
    expect(readDisputeMessage(message, init)).toMatchObject({
      kind: 'dispute-event',
      event: { type: 'evidence-filed', iss: worker.did, hash: file, sizeBytes: 1_024 },
    })
  })

  test.each([
    ['a part of a ruling that was voted', init, 'DISPUTE_TYPE_UNKNOWN'],
    ['a vote for', init, 'DISPUTE_TYPE_UNKNOWN'],
    ['an arbiter shows its vote', { ...init, contract: file as unknown as ContractId }, 'DISPUTE_CONTRACT_WRONG'],
    ['an arbiter shows its vote', { ...init, currency: `EUR@${notary.did}` as Currency }, 'DISPUTE_CURRENCY_WRONG'],
    ['an arbiter shows its vote', { ...init, round: 1 }, 'DISPUTE_ROUND_WRONG'],
    ['the worker wants another round', init, 'DISPUTE_ROUND_WRONG'],
    ['the worker wants another round', { ...init, round: 1 }, 'DISPUTE_BOND_MISSING'],
    ['the payer wants another round', { ...init, heldBy: () => undefined }, 'DISPUTE_BOND_MISSING'],
  ] as const)('%s: refused', (name, given, code) => {
    expect(readDisputeMessage(receivedVector(name), given)).toEqual({ kind: 'refused', code })
  })

  test('evidence that nobody has is refused', () => {
    const message = receivedMessage({ evidence: contract }, { type: 'escrow-evidence', contract }, worker)
    expect(readDisputeMessage(message, init)).toEqual({ kind: 'refused', code: 'DISPUTE_FILE_MISSING' })
  })
})
