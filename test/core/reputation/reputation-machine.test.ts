import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { parseCurrency } from '../../../src/core/ledger/ledger-names.ts'
import { betaMeanPpm } from '../../../src/core/reputation/beta-standing.ts'
import {
  formatReputationEvent,
  formatReputationState,
  parseReputationEvent,
  parseReputationState,
} from '../../../src/core/reputation/reputation-codec.ts'
import {
  REPUTATION_MACHINE,
  type ReputationEffect,
  type ReputationEvent,
} from '../../../src/core/reputation/reputation-machine.ts'
import type { ReputationState } from '../../../src/core/reputation/reputation-state.ts'
import type { ReputationPolicy } from '../../../src/core/reputation/reputation-policy.ts'
import { type EscrowFault, SETTLEMENT_CAUSES, type SettlementCause } from '../../../src/core/escrow/escrow-state.ts'
import { ENDINGS } from '../../../src/core/reputation/reputation-receipt.ts'
import { listReputation, showReputation, weightsOf } from '../../../src/core/reputation/reputation-view.ts'
import {
  CREDITS,
  didOf,
  hashOf,
  POLICY,
  presented,
  type ReceiptInit,
  receiptOf,
  signedBy,
} from './reputation-market.ts'

function initial(policy: ReputationPolicy = POLICY): ReputationState {
  return REPUTATION_MACHINE.initial({ at: timestampFromMs(0), policy })
}

function run(
  events: readonly ReputationEvent[],
  first: ReputationState = initial(),
): { readonly state: ReputationState; readonly effects: readonly ReputationEffect[] } {
  let state = first
  const effects: ReputationEffect[] = []
  for (const event of events) {
    const step = REPUTATION_MACHINE.transition(state, event)
    expect(REPUTATION_MACHINE.violations(step.state)).toEqual([])
    if (step.effects.some(({ type }) => type === 'event-refused')) expect(step.state).toBe(state)
    state = step.state
    effects.push(...step.effects)
  }
  return { state, effects }
}

function codesOf(effects: readonly ReputationEffect[]): readonly string[] {
  return effects.map((effect) => (effect.type === 'event-refused' ? effect.code : effect.type))
}

const WORKER = didOf(2)

const CASES: readonly (readonly [SettlementCause, EscrowFault])[] = [
  ['accepted', 'none'],
  ['accepted', 'payer'],
  ['auto-accepted', 'none'],
  ['conceded', 'none'],
  ['ruled', 'none'],
  ['ruled', 'payer'],
  ['ruled', 'worker'],
  ['frozen-ruled', 'both'],
  ['fallback', 'none'],
  ['frozen', 'payer'],
  ['cancelled', 'none'],
  ['stalled', 'worker'],
  ['not-started', 'worker'],
  ['expired', 'worker'],
]

describe('one contract, one update', () => {
  it('gives both parties the value of the contract', () => {
    const { state, effects } = run([presented(receiptOf({ name: 'a', payer: 1, worker: 2, credits: 3 }))])
    expect(effects).toEqual([
      {
        type: 'reputation-updated',
        contract: receiptOf({ name: 'a', payer: 1, worker: 2 }).contract,
        updates: [
          { subject: didOf(1), role: 'payer', rater: WORKER, goodMicros: 3_000_000n, badMicros: 0n },
          { subject: WORKER, role: 'worker', rater: didOf(1), goodMicros: 3_000_000n, badMicros: 0n },
        ],
      },
    ])
    expect(betaMeanPpm(weightsOf(state, WORKER, 'worker'))).toBe(800_000n)
    expect(betaMeanPpm(weightsOf(state, didOf(77), 'worker'))).toBe(500_000n)
  })

  it('ignores the same receipt and keeps the state', () => {
    const event = presented(receiptOf({ name: 'a', payer: 1, worker: 2 }))
    const once = run([event])
    const twice = REPUTATION_MACHINE.transition(once.state, event)
    expect(codesOf(twice.effects)).toEqual(['receipt-exists'])
    expect(twice.state).toBe(once.state)
  })

  it('refuses another receipt of the contract and names who signed both', () => {
    const first = presented(receiptOf({ name: 'a', payer: 1, worker: 2, credits: 2 }))
    const other = presented(
      receiptOf({ name: 'a', payer: 1, worker: 2, credits: 2, cause: 'expired', fault: 'worker' }),
    )
    const { effects } = run([first, { ...other, workerSigned: undefined }])
    const refusal = effects.at(-1)
    expect(refusal).toMatchObject({ type: 'event-refused', code: 'REPUTATION_RECEIPT_CONFLICT' })
    expect(refusal?.type === 'event-refused' ? refusal.conflict?.liars : undefined).toEqual([
      { iss: didOf(1), kept: first.payerSigned?.envelope, given: other.payerSigned?.envelope },
    ])
  })

  it('lays the fault of each ending where the edge shows it', () => {
    const rows = CASES.map(([cause, fault]) => {
      const init: ReceiptInit = { name: cause, payer: 1, worker: 2, credits: 4, cause, fault }
      const { state } = run([presented(receiptOf({ ...init, workerNanos: amountFromNanos(1_000_000_000n) }))])
      const [payer, worker] = [weightsOf(state, didOf(1), 'payer'), weightsOf(state, WORKER, 'worker')]
      return [cause, fault, payer.goodMicros, payer.badMicros, worker.goodMicros, worker.badMicros].join(' ')
    })
    expect(rows).toEqual([
      'accepted none 1000000 0 1000000 0',
      'accepted payer 0 4000000 1000000 0',
      'auto-accepted none 0 0 1000000 0',
      'conceded none 0 0 1000000 3000000',
      'ruled none 0 0 1000000 0',
      'ruled payer 0 4000000 1000000 0',
      'ruled worker 0 0 0 4000000',
      'frozen-ruled both 0 4000000 0 4000000',
      'fallback none 0 3000000 0 0',
      'frozen payer 0 4000000 0 0',
      'cancelled none 0 0 0 0',
      'stalled worker 0 0 0 4000000',
      'not-started worker 0 0 0 0',
      'expired worker 0 0 0 4000000',
    ])
    expect(new Set(CASES.map(([cause]) => cause))).toEqual(new Set(SETTLEMENT_CAUSES))
  })

  it('asks for the signatures that the ending names, but not for that of the party at fault', () => {
    for (const [cause, fault] of CASES) {
      const event = presented(receiptOf({ name: cause, payer: 1, worker: 2, cause, fault }))
      const isNeeded = (role: 'payer' | 'worker'): boolean => {
        const signers: readonly string[] = ENDINGS[cause].signers
        return signers.includes(role) && fault !== role && fault !== 'both'
      }
      const outcome = (change: Partial<typeof event>): string | undefined =>
        codesOf(run([{ ...event, ...change }]).effects)[0]
      const refused = 'REPUTATION_RECEIPT_UNSIGNED'
      expect(outcome({ payerSigned: undefined }) === refused).toBe(isNeeded('payer'))
      expect(outcome({ workerSigned: undefined }) === refused).toBe(isNeeded('worker'))
      expect(outcome({ payerSigned: undefined, workerSigned: undefined })).toBe(refused)
      expect(outcome({ payerSigned: signedBy(didOf(5), 'x', 1) })).toBe(refused)
      expect(outcome({ workerSigned: signedBy(didOf(5), 'x', 1) })).toBe(refused)
    }
  })
})

describe('refusals', () => {
  const good = receiptOf({ name: 'a', payer: 1, worker: 2 })
  const other = parseCurrency(`USD@${didOf(7)}`)
  it.each([
    ['REPUTATION_RECEIPT_MALFORMED', presented({ ...good, worker: good.payer })],
    ['REPUTATION_RECEIPT_MALFORMED', presented({ ...good, workerNanos: amountFromNanos(good.heldNanos + 1n) })],
    ['REPUTATION_RECEIPT_MALFORMED', presented({ ...good, heldAt: timestampFromMs(501) })],
    ['REPUTATION_RECEIPT_MALFORMED', presented({ ...good, cause: 'expired' })],
    ['REPUTATION_RECEIPT_EARLY', presented(good, 499)],
    ['REPUTATION_RECEIPT_OLD', presented(good, 10_000)],
    ['REPUTATION_CURRENCY_UNKNOWN', presented({ ...good, currency: other ?? good.currency })],
    [
      'REPUTATION_VALUE_SMALL',
      presented({ ...good, heldNanos: amountFromNanos(999_999n), workerNanos: amountFromNanos(0n) }),
    ],
  ])('%s', (code, event) => {
    expect(codesOf(run([event]).effects)).toEqual([code])
  })

  it('takes a receipt at the very stamp of its end and in its last epoch', () => {
    expect(codesOf(run([presented(good, 500)]).effects)).toEqual(['reputation-updated'])
    expect(codesOf(run([presented(good, 9_999)]).effects)).toEqual(['reputation-updated'])
  })

  it('refuses time that goes back, and what exceeds the limits', () => {
    const later: ReputationEvent = { type: 'time-passed', at: timestampFromMs(901) }
    expect(codesOf(run([later, presented(good)]).effects)).toEqual(['REPUTATION_TIME_BACK'])
    const second = presented(receiptOf({ name: 'b', payer: 3, worker: 2 }))
    for (const limits of [{ contractsMax: 1 }, { subjectsMax: 2 }, { ratersMax: 1 }]) {
      const { effects } = run([presented(good), second], initial({ ...POLICY, ...limits }))
      expect(codesOf(effects)).toEqual(['reputation-updated', 'REPUTATION_FULL'])
    }
    expect(codesOf(run([presented(good)], initial({ ...POLICY, pairCapMicros: 0n })).effects)).toEqual([
      'REPUTATION_POLICY_BAD',
    ])
  })
})

describe('weight', () => {
  it('halves with each epoch by integer arithmetic', () => {
    let { state } = run([presented(receiptOf({ name: 'a', payer: 1, worker: 2, credits: 3 }))])
    const seen: bigint[] = []
    for (const at of [999, 1_000, 2_000, 3_999, 9_999, 10_000]) {
      state = run([{ type: 'time-passed', at: timestampFromMs(at) }], state).state
      seen.push(weightsOf(state, WORKER, 'worker').goodMicros)
    }
    expect(seen).toEqual([3_000_000n, 1_500_000n, 750_000n, 375_000n, 5_859n, 0n])
    expect(state.contracts.size).toBe(0)
    expect(state.standings.size).toBe(0)
  })

  it('caps a contract, then a counterparty, then a purse', () => {
    const big = run([presented(receiptOf({ name: 'a', payer: 1, worker: 2, credits: 1_000 }))]).state
    expect(weightsOf(big, WORKER, 'worker').goodMicros).toBe(10_000_000n)
    const pair = Array.from({ length: 9 }, (_, index) =>
      presented(receiptOf({ name: `p${index}`, payer: 1, worker: 2, credits: 10 })),
    )
    expect(weightsOf(run(pair).state, WORKER, 'worker').goodMicros).toBe(20_000_000n)
    const purse = Array.from({ length: 90 }, (_, index) =>
      presented(
        receiptOf({ name: `q${index}`, payer: 10 + index, worker: 2, credits: 10, payerSource: hashOf('one purse') }),
      ),
    )
    const { state } = run(purse)
    expect(weightsOf(state, WORKER, 'worker').goodMicros).toBeLessThanOrEqual(40_000_000n)
    expect(weightsOf(state, WORKER, 'worker').goodMicros).toBeGreaterThan(39_999_000n)
    expect(showReputation(state, { subject: WORKER, role: 'worker' })?.flags).toEqual(['one-source'])
    expect(showReputation(run(pair).state, { subject: WORKER, role: 'worker' })?.flags).toEqual([
      'one-counterparty',
      'one-source',
    ])
  })

  it('lists the best mean first and says who is new', () => {
    const { state } = run([
      presented(receiptOf({ name: 'a', payer: 1, worker: 2, credits: 6 })),
      presented(receiptOf({ name: 'b', payer: 1, worker: 3, credits: 2 })),
      presented(receiptOf({ name: 'c', payer: 1, worker: 4, credits: 6, cause: 'expired', fault: 'worker' })),
    ])
    const lines = listReputation(state, { role: 'worker', limit: 10 })
    expect(lines.map(({ subject, meanPpm, flags }) => [subject, meanPpm, flags[0]])).toEqual([
      [didOf(2), 875_000n, 'one-counterparty'],
      [didOf(3), 750_000n, 'newcomer'],
      [didOf(4), 125_000n, 'one-counterparty'],
    ])
    expect(listReputation(state, { role: undefined, limit: 1 })).toHaveLength(1)
  })
})

const RECEIPTS = fc
  .array(
    fc.record({
      payer: fc.integer({ min: 0, max: 4 }),
      worker: fc.integer({ min: 5, max: 8 }),
      credits: fc.integer({ min: 1, max: 30 }),
      purse: fc.integer({ min: 0, max: 2 }),
      endedAt: fc.integer({ min: 0, max: 9_000 }),
      ending: fc.constantFrom(...CASES),
    }),
    { maxLength: 25 },
  )
  .map((items) =>
    items.map(({ purse, endedAt, ending: [cause, fault], ...item }, index) =>
      receiptOf({
        ...item,
        cause,
        fault,
        name: `n${index}`,
        payerSource: hashOf(`purse ${purse}`),
        heldAt: timestampFromMs(0),
        endedAt: timestampFromMs(endedAt),
      }),
    ),
  )

describe('properties', () => {
  it('does not depend on the order of receipts, nor on repeats', () => {
    fc.assert(
      fc.property(RECEIPTS, fc.infiniteStream(fc.nat()), (receipts, draws) => {
        const keyed = [...receipts, ...receipts.slice(0, 5)].map((receipt) => ({
          receipt,
          key: draws.next().value ?? 0,
        }))
        const shuffled = keyed
          .sort((left, right) => left.key - right.key)
          .map(({ receipt }) => presented(receipt, 9_000))
        const one = run(receipts.map((receipt) => presented(receipt, 9_000))).state
        const other = run(shuffled).state
        const textOf = (state: ReputationState): string =>
          canonicalJson(
            listReputation(state, { role: undefined, limit: 100 }).map((line) => ({
              ...line,
              goodMicros: `${line.goodMicros}`,
              badMicros: `${line.badMicros}`,
              meanPpm: `${line.meanPpm}`,
            })),
          )
        expect(textOf(other)).toBe(textOf(one))
      }),
      { numRuns: 150 },
    )
  })

  it('never lowers a mean by good evidence, nor raises it by bad', () => {
    fc.assert(
      fc.property(RECEIPTS, fc.integer({ min: 0, max: 4 }), fc.boolean(), (receipts, payer, isGood) => {
        const before = run(receipts.map((receipt) => presented(receipt, 9_000))).state
        const ending = isGood ? ({ cause: 'accepted' } as const) : ({ cause: 'expired', fault: 'worker' } as const)
        const more = receiptOf({
          name: 'more',
          payer,
          worker: 6,
          credits: 7,
          ...ending,
          endedAt: timestampFromMs(9_000),
        })
        const after = run([presented(more, 9_000)], before).state
        const subject = didOf(6)
        const change =
          betaMeanPpm(weightsOf(after, subject, 'worker')) - betaMeanPpm(weightsOf(before, subject, 'worker'))
        // One part per million is rounding.
        expect(isGood ? change >= -1n : change <= 1n).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('reads back every event and state', () => {
    fc.assert(
      fc.property(RECEIPTS, (receipts) => {
        const events = receipts.map((receipt) => presented(receipt, 9_000))
        for (const event of events)
          expect(parseReputationEvent(JSON.parse(canonicalJson(formatReputationEvent(event))))).toEqual(event)
        const { state } = run(events)
        const text = canonicalJson(formatReputationState(state))
        const again = parseReputationState(JSON.parse(text), POLICY)
        expect(again === undefined ? '' : canonicalJson(formatReputationState(again))).toBe(text)
      }),
      { numRuns: 50 },
    )
    expect(parseReputationEvent({ type: 'receipt-presented', at: 1 })).toBeUndefined()
    expect(parseReputationState({ at: 0, contracts: [{}], standings: [] }, POLICY)).toBeUndefined()
    expect(CREDITS.startsWith('USD@')).toBe(true)
  })
})
