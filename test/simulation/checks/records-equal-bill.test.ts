import { expect, it } from 'vitest'
import type { Amount } from '../../../src/base/money.ts'
import { answerWasServed, recordsEqualBill } from '../../../src/simulation/checks/records-equal-bill.ts'
import type { TaskRecord } from '../../../src/simulation/router/task-records.ts'

const call = { modelId: 'cheap', outcome: 'rejected', tokensIn: 10, tokensOut: 2, costNanos: 5n } as const
const last = { ...call, modelId: 'dear', outcome: 'accepted', costNanos: 50n } as const
const record: TaskRecord = {
  task: 'task-1',
  at: 0,
  modelId: 'dear',
  tier: 'premium_api',
  calls: [call, last],
  costNanos: 55n,
  latencyMs: 900,
  isCached: false,
  isEscalated: true,
  escalatedBecause: 'empty',
  isHighRisk: false,
}
const lines = [call, last].map(({ modelId, tokensIn, tokensOut, costNanos }) => ({
  modelId,
  user: undefined,
  prompt: 'Q',
  tokensIn,
  tokensOut,
  costNanos: costNanos as Amount,
  listedNanos: costNanos as Amount,
  isAnswered: true,
}))

it('takes a record that says what was billed, also where a price changed on the way', () => {
  expect(recordsEqualBill([record], lines)).toBeUndefined()
  expect(
    recordsEqualBill(
      [record],
      lines.map((line) => ({ ...line, costNanos: 1n as Amount })),
    ),
  ).toBeUndefined()
})

it('finds a call that was not kept, one in another place, and one with other tokens or another cost', () => {
  expect(recordsEqualBill([{ ...record, calls: [last] }], lines)).toContain('1 answered calls by its record, and 2')
  expect(recordsEqualBill([{ ...record, calls: [last, call] }], lines)).toContain('a call for task-1 was dear')
  expect(recordsEqualBill([{ ...record, calls: [call, { ...last, tokensOut: 3 }] }], lines)).toContain('10 + 3 tokens')
  expect(recordsEqualBill([{ ...record, calls: [call, { ...last, costNanos: undefined }] }], lines)).toContain(
    'unknown',
  )
})

it('finds a sum that is none, and a call that nobody answered and nobody counts', () => {
  expect(recordsEqualBill([{ ...record, costNanos: 50n }], lines)).toContain(
    'cost 50 by its record, and 55 by the bill',
  )
  const broken = { ...lines[0], isAnswered: false } as (typeof lines)[number]
  expect(recordsEqualBill([record], [...lines, broken])).toContain('cost 55 by its record, and 60')
  const failed = { ...call, outcome: 'failed', tokensIn: 0, tokensOut: 0, costNanos: 9n } as const
  const whole = { ...record, calls: [failed, call, last], costNanos: 64n }
  expect(recordsEqualBill([whole], [broken, ...lines])).toBeUndefined()
})

it('takes calls for a prompt that was asked twice in any order, and none too many', () => {
  const again = { ...record, task: 'task-2', calls: [last], costNanos: 50n }
  const three = [lines[1], ...lines] as typeof lines
  expect(recordsEqualBill([record, again], three)).toBeUndefined()
  expect(recordsEqualBill([record, again], lines)).toContain('task-1 and task-2 has 3 answered calls')
  expect(recordsEqualBill([record, { ...again, costNanos: 5n }], three)).toContain('cost 60 by its record, and 105')
})

it('finds an answer that nobody served', () => {
  expect(answerWasServed(record, { answer: 'A', served: 'A' })).toBeUndefined()
  expect(answerWasServed(record, { answer: 'B', served: 'A' })).toContain('otherwise than dear had served')
})
