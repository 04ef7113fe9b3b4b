import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import {
  type AccountKind,
  formatAccountId,
  parseTransferId,
  type TransferId,
} from '../../../src/core/ledger/ledger-names.ts'
import {
  fitsHold,
  type MeterSnapshot,
  rateBetween,
  rateSnapshot,
  refuseSnapshot,
  stopBefore,
} from '../../../src/core/metering/meter.ts'
import {
  createStatement,
  type PostedTransfer,
  type Statement,
  type StatementInit,
} from '../../../src/core/metering/statement.ts'
import { formatStatementCsv, STATEMENT_COLUMNS } from '../../../src/core/metering/statement-csv.ts'
import { contractOf, CREDITS, didOf } from '../reputation/reputation-market.ts'

const GOLDEN = new URL('statement-golden.txt', import.meta.url)

const PRICES = new Map([
  ['seconds', { nanos: amountFromNanos(5_000_000n), per: 1n }],
  ['tokens.out', { nanos: amountFromNanos(1_000_000_000n), per: 1_000_000n }],
  ['calls', { nanos: amountFromNanos(10n), per: 3n }],
])

function reading(seq: number, counts: Readonly<Record<string, bigint>>, at = seq * 100): MeterSnapshot {
  return { contract: contractOf('work'), seq, at: timestampFromMs(at), counts: new Map(Object.entries(counts)) }
}

function transferOf(
  id: number,
  init: { from: [Did, AccountKind]; to: [Did, AccountKind]; nanos: bigint; at: number; contract?: string },
): PostedTransfer {
  const account = ([owner, kind]: [Did, AccountKind]) => formatAccountId({ owner, kind, currency: CREDITS })
  return {
    id: parseTransferId(id.toString(16).padStart(32, '0')) ?? ('' as TransferId),
    at: timestampFromMs(init.at),
    debit: account(init.from),
    credit: account(init.to),
    nanos: amountFromNanos(init.nanos),
    contract: init.contract === undefined ? undefined : contractOf(init.contract),
  }
}

function statementOf(init: Partial<StatementInit>): Statement {
  const period = { from: timestampFromMs(0), to: timestampFromMs(1_000) }
  const result = createStatement({ subject: didOf(1), currency: CREDITS, ...period, usage: [], transfers: [], ...init })
  if (result.kind === 'refused') throw new TypeError(result.code)
  return result
}

describe('a meter', () => {
  it('takes cumulative readings in order, and refuses others by code', () => {
    const first = reading(0, { seconds: 5n })
    expect(refuseSnapshot(undefined, first)).toBeUndefined()
    expect(refuseSnapshot(first, reading(1, { seconds: 5n, calls: 1n }))).toBeUndefined()
    expect(refuseSnapshot(undefined, reading(1, {}))).toBe('METER_SEQUENCE_WRONG')
    expect(refuseSnapshot(first, reading(2, { seconds: 6n }))).toBe('METER_SEQUENCE_WRONG')
    expect(refuseSnapshot(first, reading(1, { seconds: 4n }))).toBe('METER_COUNT_BACK')
    expect(refuseSnapshot(first, reading(1, { calls: 4n }))).toBe('METER_COUNT_BACK')
    expect(refuseSnapshot(reading(0, {}, 9), reading(1, {}, 8))).toBe('METER_TIME_BACK')
    expect(refuseSnapshot(first, { ...reading(1, { seconds: 9n }), contract: contractOf('x') })).toBe(
      'METER_CONTRACT_WRONG',
    )
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`u${index}`, 1n]))
    expect(refuseSnapshot(undefined, reading(0, many))).toBe('METER_UNITS_MANY')
  })

  it('rates cumulative counts, rounded down once', () => {
    expect(
      rateSnapshot(
        new Map([
          ['tokens.out', 1_234n],
          ['calls', 5n],
        ]),
        PRICES,
      ),
    ).toEqual({
      kind: 'rated',
      lines: [
        { unit: 'calls', quantity: 5n, nanos: 16n },
        { unit: 'tokens.out', quantity: 1_234n, nanos: 1_234_000n },
      ],
      totalNanos: 1_234_016n,
    })
    expect(rateSnapshot(new Map([['watts', 1n]]), PRICES)).toEqual({ kind: 'refused', code: 'METER_UNIT_UNPRICED' })
    expect(rateSnapshot(new Map([['seconds', 1n << 63n]]), PRICES)).toEqual({
      kind: 'refused',
      code: 'METER_AMOUNT_LARGE',
    })
  })

  it('costs the same in any number of readings', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(0n, 50n), { minLength: 1, maxLength: 20 }), (steps) => {
        let last: MeterSnapshot | undefined
        let sum = 0n
        let calls = 0n
        for (const [seq, step] of steps.entries()) {
          calls += step
          const next = reading(seq, { calls })
          const rated = rateBetween({ from: last, to: next }, PRICES)
          sum += rated.kind === 'rated' ? rated.totalNanos : -1n
          last = next
        }
        expect(sum).toBe((calls * 10n) / 3n)
      }),
    )
  })
})

describe('work stops before its hold is spent', () => {
  const init = { holdNanos: amountFromNanos(1_000n), ratedNanos: amountFromNanos(400n), at: timestampFromMs(50) }

  it('by hand: 600 left at 100 a second are 6 seconds, less a reaction of 500 ms', () => {
    const rate = { perSecondNanos: amountFromNanos(100n), reactionMs: durationFromMs(500) }
    expect(stopBefore({ ...init, ...rate })).toBe(5_550)
    expect(stopBefore({ ...init, ...rate, reactionMs: durationFromMs(7_000) })).toBe(50)
    expect(stopBefore({ ...init, ...rate, ratedNanos: amountFromNanos(1_000n) })).toBe(50)
    expect(stopBefore({ ...init, ...rate, perSecondNanos: amountFromNanos(0n) })).toBeUndefined()
    expect(fitsHold(init, amountFromNanos(600n))).toBe(true)
    expect(fitsHold(init, amountFromNanos(601n))).toBe(false)
  })

  it('whatever the rate: at the stop and the reaction after it, no more is spent than is held', () => {
    const amount = fc.bigInt(0n, 10n ** 15n).map(amountFromNanos)
    fc.assert(
      fc.property(amount, amount, fc.bigInt(1_000n, 10n ** 12n), fc.nat(10_000), (left, rated, perSecond, reaction) => {
        const holdNanos = amountFromNanos(left + rated)
        const rate = { perSecondNanos: amountFromNanos(perSecond), reactionMs: durationFromMs(reaction) }
        const stop = stopBefore({ holdNanos, ratedNanos: rated, at: timestampFromMs(7), ...rate }) ?? 0
        if (stop === 7) return
        const spent = (perSecond * BigInt(stop - 7 + reaction)) / 1_000n
        expect(rated + spent <= holdNanos).toBe(true)
        // It wastes less than a millisecond.
        expect(rated + (perSecond * BigInt(stop - 7 + reaction + 1)) / 1_000n + 1n >= holdNanos).toBe(true)
      }),
    )
  })
})

describe('a statement', () => {
  const [PAYER, WORKER, NOTARY] = [didOf(1), didOf(2), didOf(3)]
  const transfers = [
    transferOf(4, {
      from: [PAYER, 'held'],
      to: [WORKER, 'available'],
      nanos: 2_500_000_000n,
      at: 700,
      contract: 'work',
    }),
    transferOf(3, { from: [PAYER, 'held'], to: [NOTARY, 'fee'], nanos: 1n, at: 700, contract: 'work' }),
    transferOf(5, {
      from: [WORKER, 'available'],
      to: [PAYER, 'available'],
      nanos: 500_000_000n,
      at: 900,
      contract: 'work',
    }),
    transferOf(1, { from: [didOf(9_000), 'issuer'], to: [PAYER, 'available'], nanos: 10_000_000_000n, at: 0 }),
    transferOf(2, { from: [PAYER, 'available'], to: [PAYER, 'held'], nanos: 3_000_000_000n, at: 10, contract: 'work' }),
    transferOf(6, { from: [WORKER, 'available'], to: [NOTARY, 'fee'], nanos: 7n, at: 20 }),
    transferOf(7, { from: [PAYER, 'available'], to: [WORKER, 'available'], nanos: 7n, at: 1_000 }),
  ]
  const rated = rateBetween(
    { from: reading(0, { seconds: 10n }), to: reading(6, { seconds: 400n, calls: 5n }) },
    PRICES,
  )
  const usage = [
    {
      contract: contractOf('work'),
      counterparty: WORKER,
      at: timestampFromMs(600),
      lines: rated.kind === 'rated' ? rated.lines : [],
    },
  ]

  it('is the golden file byte for byte, with the line ends of CSV', () => {
    expect(formatStatementCsv(statementOf({ transfers, usage }))).toBe(
      readFileSync(GOLDEN, 'utf8').replaceAll('\n', '\r\n'),
    )
  })

  it('sums by contract and by counterparty', () => {
    const statement = statementOf({ transfers, usage })
    expect(statement.total).toEqual({
      ratedNanos: 1_950_000_016n,
      receivedNanos: 10_500_000_000n,
      paidNanos: 2_500_000_001n,
    })
    expect(statement.contracts.map(({ contract, paidNanos }) => [contract, paidNanos])).toEqual([
      [undefined, 0n],
      [contractOf('work'), 2_500_000_001n],
    ])
    expect(statement.counterparties.map(({ counterparty }) => counterparty)).toEqual([WORKER, NOTARY, didOf(9_000)])
  })

  it('refuses a period that ends before it starts, and too many lines', () => {
    const init = {
      subject: PAYER,
      currency: CREDITS,
      from: timestampFromMs(0),
      to: timestampFromMs(9),
      usage: [],
      transfers: [],
    }
    expect(createStatement({ ...init, from: timestampFromMs(10) })).toEqual({
      kind: 'refused',
      code: 'METER_PERIOD_WRONG',
    })
    const one = transferOf(1, { from: [WORKER, 'available'], to: [PAYER, 'available'], nanos: 1n, at: 1 })
    const many = Array.from({ length: 100_001 }, () => one)
    expect(createStatement({ ...init, transfers: many })).toEqual({ kind: 'refused', code: 'METER_STATEMENT_LARGE' })
  })

  it('received less paid is the change of all accounts, whatever the transfers', () => {
    const kinds: readonly AccountKind[] = ['available', 'held', 'bond']
    const any = fc.array(
      fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2), fc.bigInt(1n, 10n ** 12n), fc.nat(1_200)),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(any, (moves) => {
        const posted = moves.map(([from, fromKind, to, toKind, nanos, at], index) =>
          transferOf(index, {
            from: [didOf(from), kinds[fromKind] ?? 'available'],
            to: [didOf(to), kinds[toKind] ?? 'available'],
            nanos,
            at,
            ...(index % 2 === 0 && { contract: `c${index % 3}` }),
          }),
        )
        const { total, contracts, counterparties } = statementOf({ transfers: posted })
        const change = moves.reduce(
          (sum, [from, , to, , nanos, at]) =>
            at >= 1_000 ? sum : sum + (to === 1 ? nanos : 0n) - (from === 1 ? nanos : 0n),
          0n,
        )
        expect(total.receivedNanos - total.paidNanos).toBe(change)
        for (const sums of [contracts, counterparties]) {
          expect(sums.reduce((sum, { receivedNanos }) => sum + receivedNanos, 0n)).toBe(total.receivedNanos)
          expect(sums.reduce((sum, { paidNanos }) => sum + paidNanos, 0n)).toBe(total.paidNanos)
        }
      }),
    )
  })

  it('has the pinned header', () => {
    expect(STATEMENT_COLUMNS.join(',')).toBe(
      'row,at,contract,counterparty,currency,unit,quantity,rated,received,paid,transfer',
    )
  })
})
