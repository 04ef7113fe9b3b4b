import { SAMPLE_TERMS } from '../../../scripts/protocol-vectors/escrow-samples.ts'
import { bodyOfTerms } from '../../../src/wire/v1/escrow-terms.ts'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { formatReputationReceipt } from '../../../src/core/reputation/reputation-receipt.ts'
import { DISPUTE_MESSAGES } from '../../../src/wire/v1/dispute-messages.ts'
import { REPUTATION_MESSAGES } from '../../../src/wire/v1/reputation-messages.ts'
import { contractOf, CREDITS, didOf, hashOf, receiptOf } from '../../core/reputation/reputation-market.ts'

const RECEIPT = receiptOf({ name: 'a', payer: 1, worker: 2, credits: 3 })
const SALT = 'AAAAAAAAAAAAAAAAAAAAAA'
const contract = contractOf('a')

const SAMPLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'reputation-receipt': { ...(formatReputationReceipt(RECEIPT) as Record<string, unknown>) },
  'meter-snapshot': { contract, seq: 3, at: 9, counts: [{ unit: 'tokens.out', quantity: '123' }] },
  statement: {
    subject: didOf(1),
    currency: CREDITS,
    from: 0,
    to: 9,
    ratedNanos: '1',
    receivedNanos: '20000000000000000000000',
    paidNanos: '0',
    csvHash: hashOf('csv'),
  },
  'dispute-case-request': { contract, node: didOf(1) },
  'replica-call': {
    contract,
    round: 0,
    terms: bodyOfTerms(SAMPLE_TERMS),
    task: { skill: 'text.word-count', salt: SALT, inputHash: hashOf('i'), inputBytes: 13 },
    commitBy: 1_790_000_000_000,
    revealBy: 1_790_000_001_000,
  },
  'replica-commit': { contract, round: 0, commitment: hashOf('c') },
  'replica-reveal': { contract, round: 0, result: hashOf('r'), salt: SALT },
  'dispute-vote-commit': { contract, round: 1, commitment: hashOf('c') },
  'dispute-vote-reveal': {
    contract,
    round: 1,
    evidenceRoot: hashOf('e'),
    currency: CREDITS,
    workerNanos: '7',
    salt: SALT,
  },
  'dispute-ruling-part': {
    contract,
    basis: 'predicate',
    evidenceRoot: hashOf('e'),
    currency: CREDITS,
    workerNanos: '7',
    payerNanos: '3',
  },
  'dispute-appeal': { contract, round: 0, currency: CREDITS, bondNanos: '50', bondOrder: hashOf('o') },
}

const TABLE: Readonly<Record<string, z.ZodType>> = { ...REPUTATION_MESSAGES, ...DISPUTE_MESSAGES }

describe('messages of reputation, metering and disputes', () => {
  it('there is a sample of each', () => {
    expect(Object.keys(SAMPLES).toSorted()).toEqual(Object.keys(TABLE).toSorted())
  })

  it.each(Object.entries(SAMPLES))(
    '%s reads and writes back, and nothing missing, added or of another shape is taken',
    (type, body) => {
      const schema = TABLE[type] ?? z.never()
      expect(z.encode(schema, z.decode(schema, body))).toEqual(body)
      expect(schema.safeParse({ ...body, more: 1 }).success).toBe(false)
      for (const name of Object.keys(body)) {
        const { [name]: given, ...rest } = body
        expect(schema.safeParse(rest).success).toBe(false)
        expect(schema.safeParse({ ...rest, [name]: typeof given === 'number' ? -1 : 'X' }).success).toBe(false)
      }
    },
  )

  it('a receipt on the wire is the receipt of the machine', () => {
    expect(z.decode(REPUTATION_MESSAGES['reputation-receipt'], formatReputationReceipt(RECEIPT) as never)).toEqual(
      RECEIPT,
    )
  })
})
