import { describe, expect, test } from 'vitest'
import { ESCROW_TIMER_NAMES } from '../../../src/core/escrow/escrow-timers.ts'
import { runTranscript } from './transcript.ts'

const AGREED = ['at 0', 'payer offer', 'payer award', 'both sign']
const HELD = [...AGREED, 'payer hold', 'ledger hold applied']
const WORKING = [...HELD, 'worker start', 'both voucher 1 40']
const DELIVERED = [...WORKING, 'worker deliver 90']
const DISPUTED = [...DELIVERED, 'payer reject 50', 'ledger dispute-bond applied']
const SETTLED = [...DELIVERED, 'payer accept 90', 'ledger capture applied']

type Case = {
  readonly timer: string
  readonly before: readonly string[]
  readonly deadline: number
  /** Acts that count until the deadline, each alone. */
  readonly acts: readonly string[]
}

const CASES: readonly Case[] = [
  { timer: 'offer', before: ['at 0', 'payer offer'], deadline: 1_000, acts: ['payer award', 'payer withdraw'] },
  { timer: 'hold', before: AGREED, deadline: 1_000, acts: ['payer hold', 'worker withdraw'] },
  { timer: 'start', before: HELD, deadline: 1_000, acts: ['worker start', 'both cancel 5'] },
  {
    timer: 'deliver',
    before: WORKING,
    deadline: 10_500,
    acts: ['worker deliver 90', 'both voucher 2 50', 'worker beat', 'both cancel 50', 'payer cancel 40'],
  },
  { timer: 'accept', before: DELIVERED, deadline: 2_000, acts: ['payer accept 90', 'payer reject 50'] },
  { timer: 'evidence', before: DISPUTED, deadline: 1_000, acts: ['worker evidence a', 'worker dispute 80'] },
  {
    timer: 'rule',
    before: [...DISPUTED, 'at 1000', 'timer evidence'],
    deadline: 5_000,
    acts: ['arbiters rule 60', 'worker dispute 50'],
  },
  {
    timer: 'rule',
    before: [...WORKING, 'watcher proof payer'],
    deadline: 10_500,
    acts: ['arbiters rule 60', 'watcher proof worker', 'worker deliver 100'],
  },
  { timer: 'refund', before: SETTLED, deadline: 3_000, acts: ['worker refund 5'] },
  { timer: 'beat', before: WORKING, deadline: 3_000, acts: [] },
  { timer: 'retain', before: ['at 0', 'payer offer', 'payer withdraw'], deadline: 100_000, acts: [] },
  { timer: 'retry', before: [...DELIVERED, 'payer accept 90'], deadline: 1_000, acts: [] },
  { timer: 'retry', before: [...DELIVERED, 'payer reject 50'], deadline: 1_000, acts: [] },
  { timer: 'retry', before: [...SETTLED, 'worker refund 5'], deadline: 1_000, acts: [] },
]

/** What comes of a last act `tick` ms around the deadline. */
function around({ before, deadline }: Case, tick: number, act: string): string {
  const text = ['terms C3', ...before, `at ${deadline + tick}`, act].join('\n')
  return runTranscript(text).lines.at(-1)?.actual.split(' ')[0] ?? ''
}

describe.each(CASES)('timer $timer at $deadline', (timed) => {
  test.each(timed.acts)('%s counts one tick before, and is late at the deadline and after', (act) => {
    const [before, there, after] = [-1, 0, 1].map((tick) => around(timed, tick, act))
    expect(before).not.toMatch(/^ESCROW_/)
    expect([there, after]).toEqual(['ESCROW_DEADLINE_PASSED', 'ESCROW_DEADLINE_PASSED'])
  })

  test('fires at the deadline and after, not one tick before', () => {
    const [before, there, after] = [-1, 0, 1].map((tick) => around(timed, tick, `timer ${timed.timer}`))
    expect(before).toBe('ESCROW_TIMER_EARLY')
    expect(there).not.toMatch(/^ESCROW_/)
    expect(after).toBe(there)
  })
})

test('a ruling counts from the deadline of the evidence on, whether its timer has fired or not', () => {
  const timed: Case = { timer: 'evidence', before: DISPUTED, deadline: 1_000, acts: [] }
  expect([-1, 0, 1].map((tick) => around(timed, tick, 'arbiters rule 60'))).toEqual([
    'ESCROW_RECORD_OPEN',
    'rule',
    'rule',
  ])
})

test('the payer cancels alone from the deadline of the beats on, whether its timer has fired or not', () => {
  const timed: Case = { timer: 'beat', before: WORKING, deadline: 3_000, acts: [] }
  expect([-1, 0, 1].map((tick) => around(timed, tick, 'payer cancel 40'))).toEqual([
    'ESCROW_NOT_STALLED',
    'stalled-cancel',
    'stalled-cancel',
  ])
})

test('a hold that is answered at the deadline is given back', () => {
  const timed: Case = { timer: 'hold', before: [...AGREED, 'payer hold'], deadline: 1_000, acts: [] }
  expect([-1, 0, 1].map((tick) => around(timed, tick, 'ledger hold applied'))).toEqual([
    'hold',
    'hold-late',
    'hold-late',
  ])
})

test('every timer is tried', () => {
  expect(new Set(CASES.map(({ timer }) => timer))).toEqual(new Set(ESCROW_TIMER_NAMES))
})
