import { describe, expect, test } from 'vitest'
import { VECTOR_KEYS } from '../../../scripts/protocol-vectors/vector-kit.ts'
import type { Amount } from '../../../src/base/money.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import { type CertifiedEnding, receiptOfEnding } from '../../../src/core/reputation/certified-ending.ts'
import { REPUTATION_MACHINE } from '../../../src/core/reputation/reputation-machine.ts'
import { REPUTATION_POLICY_DEFAULTS } from '../../../src/core/reputation/reputation-policy.ts'
import type { ContractId, Hash } from '../../../src/core/evidence/names.ts'
import type { Currency } from '../../../src/core/ledger/ledger-names.ts'
import { readReputationReceipts } from '../../../src/wire/v1/reputation-events.ts'
import { receivedMessage, receivedVector } from './received-vector.ts'

const { payer, worker, notary, arbiter } = VECTOR_KEYS
const ending: CertifiedEnding = {
  certificate: '7f'.repeat(32) as Hash,
  custody: 'C2',
  contract: '71'.repeat(32) as ContractId,
  payer: payer.did,
  worker: worker.did,
  currency: `USD@${notary.did}` as Currency,
  heldNanos: 1_000_000_000n as Amount,
  workerNanos: 800_000_000n as Amount,
  cause: 'accepted',
  fault: 'none',
  heldAt: 1_790_000_000_000 as Timestamp,
  endedAt: 1_790_000_020_000 as Timestamp,
}
const init = { ending, at: 1_790_000_030_000 as Timestamp }
const sources = { payerSource: '72'.repeat(32) as Hash, workerSource: '73'.repeat(32) as Hash }
const byPayer = () => receivedVector('a receipt, by the payer')
const byWorker = () => receivedVector('the same receipt, by the worker')

function signedBy(key: typeof payer, changes: Readonly<Record<string, unknown>>) {
  const receipt = receiptOfEnding(ending, sources)
  const body = {
    ...receipt,
    heldNanos: String(receipt.heldNanos),
    workerNanos: String(receipt.workerNanos),
    ...changes,
  }
  return receivedMessage(body, { type: 'reputation-receipt' }, key)
}

describe('receipts of reputation', () => {
  test.each([
    ['payer first', [byPayer, byWorker]],
    ['worker first', [byWorker, byPayer]],
  ])('of a certified ending count once for each party: %s', (_name, messages) => {
    const reading = readReputationReceipts(
      messages.map((message) => message()),
      init,
    )
    if (reading.kind === 'refused') throw new TypeError(reading.code)
    expect(reading.event).toMatchObject({ payerSigned: { iss: payer.did }, workerSigned: { iss: worker.did } })
    const unitNanos = new Map([[ending.currency, 1_000_000_000n as Amount]])
    const state = REPUTATION_MACHINE.initial({
      at: 0 as Timestamp,
      policy: { ...REPUTATION_POLICY_DEFAULTS, unitNanos },
    })
    const first = REPUTATION_MACHINE.transition(state, reading.event)
    expect(first.effects.map(({ type }) => type)).toEqual(['reputation-updated'])
    const again = REPUTATION_MACHINE.transition(first.state, reading.event)
    expect(again.effects.map(({ type }) => type)).toEqual(['receipt-exists'])
    expect(again.state).toBe(first.state)
  })

  test.each([
    ['no receipt', () => [], init, 'REPUTATION_TYPE_UNKNOWN'],
    ['another type', () => [receivedVector('a meter reading')], init, 'REPUTATION_TYPE_UNKNOWN'],
    ['one party twice', () => [byPayer(), byPayer()], init, 'REPUTATION_TYPE_UNKNOWN'],
    ['a third party', () => [signedBy(arbiter, {})], init, 'REPUTATION_SIGNER_WRONG'],
    [
      'two receipts',
      () => [byPayer(), signedBy(worker, { workerNanos: '700000000' })],
      init,
      'REPUTATION_BODIES_DIFFERENT',
    ],
    ['more than was paid', () => [signedBy(worker, { workerNanos: '900000000' })], init, 'REPUTATION_ENDING_DIFFERENT'],
    ['a later end', () => [signedBy(payer, { endedAt: 1_790_000_020_001 })], init, 'REPUTATION_ENDING_DIFFERENT'],
    [
      'bilateral credit',
      () => [byPayer(), byWorker()],
      { ...init, ending: { ...ending, custody: 'C1' as const } },
      'REPUTATION_CUSTODY_CREDIT',
    ],
  ] as const)('%s is refused', (_name, messages, given, code) => {
    expect(readReputationReceipts(messages(), given)).toEqual({ kind: 'refused', code })
  })
})
