import { describe, expect, it } from 'vitest'
import type { Amount } from '../../../src/base/money.ts'
import { learnedOnce } from '../../../src/simulation/checks/learned-once.ts'
import { reputationCountedOnce } from '../../../src/simulation/checks/reputation-once.ts'
import {
  budgetNotExceeded,
  recordSaysTruth,
  spendCoversBill,
  spendEqualsBill,
} from '../../../src/simulation/checks/spend.ts'

const five = 5n as Amount
const line = {
  modelId: 'm',
  user: 't',
  prompt: 'q',
  tokensIn: 1,
  tokensOut: 1,
  costNanos: five,
  listedNanos: five,
  isAnswered: true,
}
const bill = { billed: five, listed: five }
const word = { task: 't', modelId: 'm', isFromModel: true, costNanos: 5n }

describe('record-says-truth', () => {
  it('finds a cost that was not charged, a model that was not called, and a cost that is missing', () => {
    expect(recordSaysTruth(word, [line])).toBeUndefined()
    expect(recordSaysTruth({ ...word, costNanos: 6n }, [line])).toContain('6 by its record, and 5 by the bill')
    expect(recordSaysTruth({ ...word, modelId: 'n' }, [line])).toContain('was not charged for')
    expect(recordSaysTruth({ ...word, costNanos: undefined }, [line])).toContain('no cost')
    expect(recordSaysTruth({ ...word, isFromModel: false, costNanos: 0n }, [])).toBeUndefined()
  })

  it('takes more than was charged where a call was broken off, and never less', () => {
    const broken = { ...line, isAnswered: false }
    expect(recordSaysTruth({ ...word, costNanos: 12n }, [line, broken])).toBeUndefined()
    expect(recordSaysTruth({ ...word, costNanos: 9n }, [line, broken])).toContain('9 by its record, and 10')
  })

  it('counts by the list with which a call was sent, and says what it really cost', () => {
    const dearer = { ...line, costNanos: 15n as Amount }
    expect(recordSaysTruth(word, [dearer])).toBeUndefined()
    expect(recordSaysTruth({ ...word, costNanos: 15n }, [dearer])).toContain('5 (15 at prices that changed on the way)')
  })
})

describe('budgets', () => {
  it('are found out where they know of less than was billed, or allow more', () => {
    expect([spendCoversBill('n', { spent: 5n, bill }), spendEqualsBill('n', { spent: 5n, bill })]).toEqual([
      undefined,
      undefined,
    ])
    expect(spendCoversBill('n', { spent: 4n, bill })).toContain('knows of 4')
    expect(spendEqualsBill('n', { spent: 6n, bill })).toContain('has spent 6')
    expect(budgetNotExceeded('n', { bill, limit: 5n })).toBeUndefined()
    expect(budgetNotExceeded('n', { bill, limit: 4n })).toContain('whose budget is 4')
    const dearer = { billed: 15n as Amount, listed: five }
    expect(budgetNotExceeded('n', { bill: dearer, limit: 5n })).toBeUndefined()
    expect(spendEqualsBill('n', { spent: 6n, bill: dearer })).toContain('15 at prices')
  })
})

describe('learned-once and reputation-once', () => {
  it('find what was counted twice', () => {
    expect(learnedOnce('n', { weight: 3, outcomes: 3, again: 0 })).toBeUndefined()
    expect(learnedOnce('n', { weight: 3, outcomes: 3, again: 1 })).toContain('a second time')
    expect(learnedOnce('n', { weight: 4, outcomes: 3, again: 0 })).toContain('a weight of 4')
    const standing = { books: 'a', subject: 'b', role: 'worker', counted: 2, ended: 2 }
    expect(reputationCountedOnce(standing)).toBeUndefined()
    expect(reputationCountedOnce({ ...standing, counted: 3 })).toContain('count 3 contracts of b')
  })
})
