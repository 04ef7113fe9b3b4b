import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { bucketMapEntries, bucketMapGet } from '../../../src/core/budget/bucket-map.ts'
import {
  formatBudgetEvent,
  formatBudgetState,
  parseBudgetEvent,
  parseBudgetState,
} from '../../../src/core/budget/budget-codec.ts'
import type { BudgetEffect, BudgetEvent, BudgetState } from '../../../src/core/budget/budget-event.ts'
import { BUDGET_MACHINE } from '../../../src/core/budget/budget-machine.ts'
import { VISITED_RANGES_MAX } from '../../../src/core/budget/visited-windows.ts'
import { BUDGET_WINDOWS, windowIdsAt } from '../../../src/core/budget/budget-window.ts'

const nanos = (value: number): ReturnType<typeof amountFromNanos> => amountFromNanos(BigInt(value))
const at = (ms: number): ReturnType<typeof timestampFromMs> => timestampFromMs(ms)
const START = Date.UTC(2026, 0, 31, 23, 30)

function limit(
  account: string,
  value: number | undefined,
  window: (typeof BUDGET_WINDOWS)[number] = 'total',
  ms: number = START,
): BudgetEvent {
  return { type: 'limit-set', account, window, limitNanos: value === undefined ? undefined : nanos(value), at: at(ms) }
}
function reserve(id: string, amount: number, accounts: readonly string[] = ['a'], ms: number = START): BudgetEvent {
  return {
    type: 'reservation-requested',
    id,
    accounts,
    amountNanos: nanos(amount),
    expiresAt: at(ms + 1000),
    at: at(ms),
  }
}
function settle(id: string, spent: number, ms: number = START): BudgetEvent {
  return { type: 'call-settled', id, spentNanos: nanos(spent), at: at(ms) }
}

function charge(id: string, released: number, spent: number, ms: number = START): BudgetEvent {
  return { type: 'reservation-charged', id, releasedNanos: nanos(released), spentNanos: nanos(spent), at: at(ms) }
}

function run(events: readonly BudgetEvent[]): { state: BudgetState; effects: readonly (readonly BudgetEffect[])[] } {
  let state = BUDGET_MACHINE.initial({ at: at(0) })
  const effects = events.map((event) => {
    const step = BUDGET_MACHINE.transition(state, event)
    state = step.state
    expect(BUDGET_MACHINE.violations(state)).toEqual([])
    return step.effects
  })
  return { state, effects }
}
const kinds = (effects: readonly (readonly BudgetEffect[])[]): string[] =>
  effects.map((list) => list.map(({ type }) => type).join('+'))

describe('admission', () => {
  test('exactly as many reservations are granted as the limit holds, and release makes room again', () => {
    const { effects } = run([
      limit('a', 10),
      reserve('1', 5),
      reserve('2', 5),
      reserve('3', 1),
      { type: 'reservation-released', id: '1', at: at(START) },
      reserve('4', 5),
      reserve('5', 1),
    ])
    expect(kinds(effects)).toEqual([
      '',
      'grant-reservation',
      'grant-reservation',
      'refuse-reservation',
      'confirm-charge',
      'grant-reservation',
      'refuse-reservation',
    ])
    expect(effects[3]).toEqual([
      { type: 'refuse-reservation', id: '3', account: 'a', window: 'total', limitNanos: 10n, availableNanos: 0n },
    ])
  })

  test('every level of the hierarchy must have room, and a refusal holds nothing on the others', () => {
    const { state, effects } = run([
      limit('org', 100),
      limit('team', 5),
      reserve('1', 6, ['org', 'team', 'key']),
      reserve('2', 5, ['org', 'team', 'key']),
    ])
    expect(effects[2]?.[0]).toMatchObject({ type: 'refuse-reservation', account: 'team', availableNanos: 5n })
    expect(kinds(effects)[3]).toBe('grant-reservation')
    expect(bucketMapGet(state.accounts, 'org')?.counters.total.heldNanos).toBe(5n)
    expect(bucketMapGet(state.accounts, 'key')).toBeUndefined()
  })

  test('the shortest window without room is named', () => {
    const { effects } = run([limit('a', 100, 'month'), limit('a', 10, 'day'), limit('a', 10, 'hour'), reserve('1', 11)])
    expect(effects[3]?.[0]).toMatchObject({ window: 'hour', limitNanos: 10n, availableNanos: 10n })
  })

  test('a repeated id, an unknown id and a malformed hierarchy change nothing', () => {
    const { state, effects } = run([
      limit('a', 10),
      reserve('1', 1),
      reserve('1', 1),
      settle('none', 1),
      reserve('2', 1, []),
      reserve('3', 1, ['a', 'a']),
    ])
    expect(effects.slice(2)).toEqual([
      [{ type: 'event-refused', code: 'RESERVATION_EXISTS' }],
      [{ type: 'event-refused', code: 'RESERVATION_UNKNOWN' }],
      [{ type: 'event-refused', code: 'EVENT_INVALID' }],
      [{ type: 'event-refused', code: 'EVENT_INVALID' }],
    ])
    expect(state.reservations.size).toBe(1)
  })
})

describe('settlement', () => {
  test('what was really spent is charged and the rest is free again', () => {
    const { state } = run([limit('a', 10), reserve('1', 8), settle('1', 3)])
    expect(bucketMapGet(state.accounts, 'a')?.counters.total).toEqual({
      windowId: 0,
      spentNanos: 3n,
      heldNanos: 0n,
      overNanos: 0n,
    })
  })

  test('a call that cost more than was reserved is charged in full, reported, and blocks further ones', () => {
    const { state, effects } = run([limit('a', 10), reserve('1', 8), settle('1', 14), reserve('2', 0)])
    expect(effects[2]).toEqual([
      { type: 'confirm-charge', id: '1', spentNanos: 14n },
      { type: 'report-overrun', account: 'a', window: 'total', overNanos: 4n },
    ])
    expect(kinds(effects)[3]).toBe('refuse-reservation')
    expect(bucketMapGet(state.accounts, 'a')?.counters.total.spentNanos).toBe(14n)
  })

  test('an expired reservation is charged in full', () => {
    const { state } = run([limit('a', 10), reserve('1', 8), { type: 'reservation-expired', id: '1', at: at(START) }])
    expect(bucketMapGet(state.accounts, 'a')?.counters.total.spentNanos).toBe(8n)
  })
})

describe('windows', () => {
  test('hours, days and months start anew at their UTC boundary; the total does not', () => {
    const next = Date.UTC(2026, 1, 1, 0, 0)
    const events = [limit('h', 5, 'hour'), limit('d', 5, 'day'), limit('m', 5, 'month'), limit('t', 5, 'total')]
    const names = ['h', 'd', 'm', 't']
    const before = names.map((name) => reserve(`1${name}`, 5, [name]))
    const after = names.map((name) => reserve(`2${name}`, 5, [name], next))
    const { effects } = run([...events, ...before, ...after])
    expect(kinds(effects).slice(8)).toEqual([
      'grant-reservation',
      'grant-reservation',
      'grant-reservation',
      'refuse-reservation',
    ])
  })

  test('a call is charged to the window in which it was admitted', () => {
    const next = START + 3_600_000
    const { state } = run([limit('a', 5, 'hour'), reserve('1', 5), reserve('2', 1, ['a'], next), settle('1', 5, next)])
    const account = bucketMapGet(state.accounts, 'a')
    expect(account?.counters.hour).toMatchObject({ spentNanos: 0n, heldNanos: 1n })
    expect(account?.counters.total).toMatchObject({ spentNanos: 5n, heldNanos: 1n })
  })

  test('a clock that goes back a little stands still', () => {
    const { state, effects } = run([limit('a', 5, 'hour'), reserve('1', 5), reserve('2', 5, ['a'], START - 300_000)])
    expect(kinds(effects)[2]).toBe('refuse-reservation')
    expect(state.at).toBe(START)
  })

  test('a clock that was a year ahead shuts nobody out once it is right again', () => {
    const later = START + 365 * 86_400_000
    const hours = [0, 1, 2, 3].map((hour) => START + hour * 3_600_000)
    const { effects } = run([
      limit('a', 5, 'hour'),
      reserve('ahead', 5, ['a'], later),
      settle('ahead', 5, later),
      ...hours.flatMap((ms, hour) => [reserve(`${hour}`, 5, ['a'], ms), settle(`${hour}`, 5, ms)]),
      reserve('again', 5, ['a'], later),
    ])
    expect(kinds(effects).slice(3)).toEqual([
      ...hours.flatMap(() => ['grant-reservation', 'confirm-charge']),
      'refuse-reservation',
    ])
  })

  test('a window that the clock comes back to is found as it was left, with what is still held in it', () => {
    const later = START + 50 * 3_600_000
    const { state, effects } = run([
      limit('a', 5, 'hour'),
      reserve('1', 2),
      settle('1', 2),
      reserve('2', 2),
      reserve('ahead', 4, ['a'], later),
      reserve('3', 2),
      reserve('4', 1),
      settle('2', 4),
    ])
    expect(kinds(effects).slice(4)).toEqual([
      'grant-reservation',
      'refuse-reservation',
      'grant-reservation',
      'confirm-charge+report-overrun',
    ])
    expect(bucketMapGet(state.accounts, 'a')?.counters.hour).toMatchObject({ spentNanos: 6n, heldNanos: 1n })
  })

  test('what a call cost above its hold is remembered for a window that was left', () => {
    const later = START + 50 * 3_600_000
    const { effects } = run([
      limit('a', 5, 'hour'),
      reserve('1', 0),
      reserve('ahead', 1, ['a'], later),
      settle('1', 5, later),
      reserve('2', 1),
    ])
    expect(kinds(effects).at(-1)).toBe('refuse-reservation')
  })

  test('however often the clock jumps, the windows that are remembered stay few', () => {
    const jumps = Array.from({ length: 40 }, (_, at) =>
      reserve(`${at}`, 1, ['a'], START + ((at * 17) % 40) * 7_300_000),
    )
    const { state } = run([limit('a', 5, 'hour'), ...jumps])
    expect(bucketMapGet(state.accounts, 'a')?.counters.hour.visited?.length).toBe(VISITED_RANGES_MAX)
    const read = parseBudgetState(JSON.parse(JSON.stringify(formatBudgetState(state))))
    expect(read && bucketMapEntries(read.accounts)).toEqual(bucketMapEntries(state.accounts))
  })

  test('months are numbered without gaps', () => {
    expect(windowIdsAt(at(Date.UTC(2027, 0, 1))).month - windowIdsAt(at(Date.UTC(2026, 11, 31))).month).toBe(1)
    expect(windowIdsAt(at(Date.UTC(2024, 1, 29))).month).toBe(2024 * 12 + 1)
  })
})

describe('limits', () => {
  test('a limit lowered below what is used blocks until there is room again', () => {
    const { effects } = run([
      limit('a', 10),
      reserve('1', 8),
      limit('a', 5),
      reserve('2', 1),
      settle('1', 1),
      reserve('3', 4),
      reserve('4', 1),
    ])
    expect(kinds(effects)).toEqual([
      '',
      'grant-reservation',
      '',
      'refuse-reservation',
      'confirm-charge',
      'grant-reservation',
      'refuse-reservation',
    ])
  })

  test('an account without a limit and without holds is forgotten', () => {
    const { state } = run([limit('a', 10), reserve('1', 8), limit('a', undefined), settle('1', 3)])
    expect(state.accounts.size).toBe(0)
  })
})

const amount = fc.integer({ min: 0, max: 12 })
const name = fc.constantFrom('node', 'team:a', 'team:b', 'key:x')
const id = fc.constantFrom('1', '2', '3', '4', '5', '6')
const window = fc.constantFrom(...BUDGET_WINDOWS)
const time = fc
  .integer({ min: 0, max: 9 })
  .map((steps) => START + steps * 25 * 60_000 + (steps > 6 ? 86_400_000 * 40 : 0))
const anyEvent: fc.Arbitrary<BudgetEvent> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc
      .tuple(name, fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }), window, time)
      .map(([account, value, span, ms]) => limit(account, value, span, ms)),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(id, amount, fc.uniqueArray(name, { minLength: 1, maxLength: 3 }), time)
      .map(([key, value, accounts, ms]) => reserve(key, value, accounts, ms)),
  },
  { weight: 2, arbitrary: fc.tuple(id, amount, time).map(([key, value, ms]) => settle(key, value, ms)) },
  {
    weight: 2,
    arbitrary: fc.tuple(id, amount, amount, time).map(([key, released, spent, ms]) => charge(key, released, spent, ms)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(id, time).map(([key, ms]) => ({ type: 'reservation-released' as const, id: key, at: at(ms) })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(id, time).map(([key, ms]) => ({ type: 'reservation-expired' as const, id: key, at: at(ms) })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(id, amount, fc.uniqueArray(name, { minLength: 1, maxLength: 3 }), time)
      .map(([key, value, accounts, ms]) => ({
        type: 'overrun-charged' as const,
        id: key,
        accounts,
        spentNanos: amountFromNanos(BigInt(value)),
        at: at(ms),
      })),
  },
)

describe('properties', () => {
  test('invariants hold after every step, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => void run(events)),
      { numRuns: 300, seed: 7 },
    )
  })

  test('admitted calls that stay within their reservation never pass a fixed limit, in any interleaving', () => {
    const calls = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 3 })),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), calls, fc.integer(), (limitValue, list, seed) => {
        const open: { id: string; amount: number }[] = []
        let state = BUDGET_MACHINE.transition(BUDGET_MACHINE.initial({ at: at(0) }), limit('a', limitValue)).state
        let spent = 0
        for (const [index, [size, share, action]] of list.entries()) {
          const victim = open[Math.abs(seed + index) % Math.max(1, open.length)]
          if (action === 0 && victim !== undefined) {
            const actual = Math.min(victim.amount, share)
            state = BUDGET_MACHINE.transition(state, settle(victim.id, actual)).state
            spent += actual
            open.splice(open.indexOf(victim), 1)
            continue
          }
          const step = BUDGET_MACHINE.transition(state, reserve(String(index), size))
          state = step.state
          const held = open.reduce((total, call) => total + call.amount, 0)
          const isGranted = step.effects[0]?.type === 'grant-reservation'
          // The model decides alone: granted if and only if it fits.
          expect(isGranted).toBe(spent + held + size <= limitValue)
          if (isGranted) open.push({ id: String(index), amount: size })
          const counter = bucketMapGet(state.accounts, 'a')?.counters.total
          expect(counter?.spentNanos).toBe(BigInt(spent))
          expect(Number((counter?.spentNanos ?? 0n) + (counter?.heldNanos ?? 0n))).toBeLessThanOrEqual(limitValue)
        }
      }),
      { numRuns: 500, seed: 11 },
    )
  })

  test('no window gives more than its limit, however the clock jumps, and a fresh one always has room', () => {
    const HOUR = 3_600_000
    const jump = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(0, 60_000, HOUR / 2, HOUR, -60_000) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(-HOUR, -3 * HOUR, 9 * HOUR, -30 * HOUR, 400 * 24 * HOUR, -400 * 24 * HOUR),
      },
    )
    const steps = fc.array(fc.tuple(jump, fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 9 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(steps, fc.constantFrom('hour' as const, 'day' as const, 'month' as const), (list, span) => {
        const [limitValue, used, open] = [
          10,
          new Map<number, number>(),
          [] as { id: string; window: number; amount: number }[],
        ]
        let now = START + 1_000 * 24 * HOUR
        let state = run([limit('a', limitValue, span, now)]).state
        const add = (windowId: number, value: number): void =>
          void used.set(windowId, (used.get(windowId) ?? 0) + value)
        for (const [index, [by, size, action]] of list.entries()) {
          now += by
          const ending = action < 4 ? open.splice(action % Math.max(1, open.length), 1)[0] : undefined
          if (ending !== undefined) {
            const actual = Math.min(ending.amount, size)
            state = BUDGET_MACHINE.transition(state, settle(ending.id, actual, now)).state
            add(ending.window, actual - ending.amount)
            continue
          }
          const step = BUDGET_MACHINE.transition(state, reserve(String(index), size, ['a'], now))
          state = step.state
          expect(BUDGET_MACHINE.violations(state)).toEqual([])
          expect(Math.abs(state.at - now)).toBeLessThanOrEqual(300_000)
          const windowId = windowIdsAt(state.at)[span]
          // The model forgets no window, and counts what is open at its worst.
          if (step.effects[0]?.type === 'grant-reservation') {
            add(windowId, size)
            open.push({ id: String(index), window: windowId, amount: size })
            expect(used.get(windowId)).toBeLessThanOrEqual(limitValue)
          }
        }
        const fresh = reserve('fresh', limitValue, ['a'], START + 5_000 * 24 * HOUR + 60 * 400 * 24 * HOUR)
        expect(BUDGET_MACHINE.transition(state, fresh).effects[0]?.type).toBe('grant-reservation')
      }),
      { numRuns: 500, seed: 13 },
    )
  })

  test('a transition leaves the state it was given as it was', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), anyEvent, (events, last) => {
        const { state } = run(events)
        const before = JSON.stringify(formatBudgetState(state))
        BUDGET_MACHINE.transition(state, last)
        expect(JSON.stringify(formatBudgetState(state))).toBe(before)
      }),
      { numRuns: 200, seed: 3 },
    )
  })

  test('events and states survive their JSON form', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        for (const event of events) {
          expect(parseBudgetEvent(JSON.parse(JSON.stringify(formatBudgetEvent(event))))).toEqual(event)
        }
        const { state } = run(events)
        const read = parseBudgetState(JSON.parse(JSON.stringify(formatBudgetState(state))))
        expect(read && bucketMapEntries(read.accounts)).toEqual(bucketMapEntries(state.accounts))
        expect(read && bucketMapEntries(read.reservations)).toEqual(bucketMapEntries(state.reservations))
      }),
      { numRuns: 200, seed: 5 },
    )
  })

  test('damaged JSON is refused, not guessed', () => {
    const good = formatBudgetEvent(reserve('1', 5))
    for (const change of [
      { amountNanos: '-1' },
      { amountNanos: 5 },
      { amountNanos: '05' },
      { accounts: 'a' },
      { at: -1 },
      { id: 7 },
      { type: 'x' },
    ]) {
      expect(parseBudgetEvent({ ...(good as object), ...change })).toBeUndefined()
    }
    expect(parseBudgetState({ at: 0, accounts: [{ name: 'a' }], reservations: [] })).toBeUndefined()
    expect(parseBudgetState(null)).toBeUndefined()
  })
})
