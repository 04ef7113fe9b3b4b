import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { CodedError } from '../../../src/base/errors.ts'
import { parseTaskId, parseTenantId, type TaskId } from '../../../src/base/identifiers.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { HOUR_MS, timestampFromMs } from '../../../src/base/time.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import type { BudgetReservation } from '../../../src/ports/budgets.ts'
import type { RouteCaller } from '../../../src/ports/router.ts'
import type { ScheduledTimer, Timers } from '../../../src/ports/timers.ts'
import { type BudgetLimit, type BudgetOwner, createBudgetOwner } from '../../../src/router/budgets/budget-owner.ts'
import { advanceBudgets } from '../../../src/router/budgets/advanced-budgets.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.ts'

const random = createSystemRandom()
const nanos = (value: number): ReturnType<typeof amountFromNanos> => amountFromNanos(BigInt(value))

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('must be there')
  return value
}

const taskId: TaskId = must(parseTaskId('t1'))
const tenant = must(parseTenantId('default'))
const callers: readonly RouteCaller[] = ['k1', 'k2', 'k3'].map((keyId) => ({ tenant, team: 'search', keyId }))

/** Time that passes when the test says so. */
class ManualTime {
  nowMs = 1_000 * HOUR_MS
  private readonly waiting = new Set<{ dueMs: number; run: () => void }>()
  readonly clock = {
    now: () => timestampFromMs(this.nowMs),
    monotonicMs: () => this.nowMs,
    timeoutSignal: () => new AbortController().signal,
  }
  readonly timers: Timers = {
    schedule: (delayMs, run): ScheduledTimer => {
      const entry = { dueMs: this.nowMs + delayMs, run }
      this.waiting.add(entry)
      return { cancel: () => void this.waiting.delete(entry) }
    },
  }

  pass(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const next = [...this.waiting].toSorted((one, other) => one.dueMs - other.dueMs)[0]
      if (next === undefined || next.dueMs > endMs) break
      this.waiting.delete(next)
      this.nowMs = Math.max(this.nowMs, next.dueMs)
      next.run()
    }
    this.nowMs = endMs
  }
}

type World = {
  readonly time: ManualTime
  readonly disk: FaultyFileSystem
  readonly budgets: BudgetOwner
  /** What stands in the books, without what they are not told yet. */
  readonly books: BudgetOwner
}

async function open(
  limits: readonly BudgetLimit[],
  time = new ManualTime(),
  disk = new FaultyFileSystem(),
): Promise<World> {
  const log = await openSegmentedEventLog({ fileSystem: disk, random }, { directory: '/budget' })
  const { clock, timers } = time
  const books = createBudgetOwner({ actors: createActorSystem(), log, clock, random, timers }, { limits })
  const budgets = advanceBudgets({ owner: books, clock, timers })
  await budgets.start()
  return { time, disk, budgets, books }
}

const team = (limit: number, window: BudgetLimit['window'] = 'total'): BudgetLimit => ({
  scope: 'team:search',
  window,
  limitNanos: nanos(limit),
})

async function reserve(budgets: BudgetOwner, amount: number, caller = must(callers[0])): Promise<BudgetReservation> {
  return await budgets.reserve({ caller, taskId, amountNanos: nanos(amount) })
}

function usedOf(budgets: BudgetOwner, scope = 'team:search'): readonly [bigint, bigint] {
  const { spentNanos, heldNanos } = must(budgets.accountOf(scope)).counters.total
  return [spentNanos, heldNanos]
}

/** Behind it all that was told before is in the books. */
async function booked({ budgets }: World): Promise<void> {
  await budgets.setLimit('node:other', 'total', nanos(1))
}

describe('calls one after the other', () => {
  test('wait for the disk once, and are counted exactly at once', async () => {
    const { budgets, disk } = await open([team(1_000_000)])
    const before = disk.operationCount
    for (let call = 1; call <= 500; call += 1) {
      const reservation = await reserve(budgets, 100)
      expect(usedOf(budgets)).toEqual([BigInt(2 * (call - 1)), 100n])
      await reservation.settle(nanos(2))
      expect(usedOf(budgets)).toEqual([BigInt(2 * call), 0n])
    }
    expect(disk.operationCount - before).toBeLessThanOrEqual(4)
  })

  test('are told to the books soon, and what nobody takes is given back', async () => {
    const world = await open([team(1_000_000)])
    const { budgets, books, time } = world
    await (await reserve(budgets, 100)).settle(nanos(30))
    time.pass(25)
    await booked(world)
    expect(usedOf(books)[0]).toBe(30n)
    expect(usedOf(books)[1]).toBeGreaterThan(0n)
    time.pass(2_000)
    await booked(world)
    expect(usedOf(books)).toEqual([30n, 0n])
  })

  test('that cost more than was held are charged what they cost', async () => {
    const world = await open([team(100_000)])
    await (await reserve(world.budgets, 100)).settle(nanos(5_000))
    expect(usedOf(world.budgets)).toEqual([5_000n, 0n])
    world.time.pass(2_000)
    await booked(world)
    expect([usedOf(world.books), world.books.violations()]).toEqual([[5_000n, 0n], []])
  })

  test('are charged once, however often they end', async () => {
    const { budgets } = await open([team(1_000_000)])
    const reservation = await reserve(budgets, 100)
    await reservation.settle(nanos(3))
    await reservation.settle(nanos(3))
    await reservation.release()
    expect(usedOf(budgets)).toEqual([3n, 0n])
  })
})

describe('limits', () => {
  test('64 calls at once against room for 10 admit exactly 10', async () => {
    const { budgets } = await open([team(1_000)])
    const results = await Promise.allSettled(Array.from({ length: 64 }, async () => await reserve(budgets, 100)))
    const refused = results.filter((result) => result.status === 'rejected')
    expect(results.length - refused.length).toBe(10)
    expect(refused.every(({ reason }) => CodedError.is(reason, 'BUDGET_EXCEEDED'))).toBe(true)
    expect(usedOf(budgets)).toEqual([0n, 1_000n])
  })

  test('one that is lowered below an advance holds at once', async () => {
    const { budgets, books } = await open([team(1_000_000)])
    const first = await reserve(budgets, 100)
    await budgets.setLimit('team:search', 'total', nanos(150))
    await expect(reserve(budgets, 100)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
    await first.settle(nanos(10))
    await reserve(budgets, 100)
    expect([usedOf(budgets), books.violations()]).toEqual([[10n, 100n], []])
  })

  test('of an hour count a call in the hour in which it was admitted', async () => {
    const world = await open([team(1_000_000, 'hour')])
    const { budgets, books, time } = world
    time.pass(HOUR_MS - 10)
    await (await reserve(budgets, 100)).settle(nanos(60))
    time.pass(20)
    await (await reserve(budgets, 100)).settle(nanos(7))
    time.pass(2_000)
    await booked(world)
    const { hour, day } = must(books.accountOf('team:search')).counters
    expect([hour.spentNanos, day.spentNanos, hour.heldNanos]).toEqual([7n, 67n, 0n])
  })

  test('what other keys were advanced is there for whoever needs it', async () => {
    const { budgets } = await open([team(10_000)])
    for (const caller of callers) await (await reserve(budgets, 10, caller)).settle(nanos(1))
    const whole = await reserve(budgets, 9_997)
    await expect(reserve(budgets, 1)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
    await whole.release()
    expect(usedOf(budgets)).toEqual([3n, 0n])
  })
})

describe('an end', () => {
  test('in order leaves in the books what was spent, and nothing held', async () => {
    const first = await open([team(1_000_000)])
    for (let call = 0; call < 10; call += 1) await (await reserve(first.budgets, 100)).settle(nanos(9))
    await first.budgets.stop()
    first.disk.crash('lose')
    const second = await open([team(1_000_000)], first.time, first.disk)
    expect(usedOf(second.budgets)).toEqual([90n, 0n])
  })

  test('while calls are open charges those in full, and a call that ends later harms nobody', async () => {
    const first = await open([team(1_000_000)])
    const open1 = await reserve(first.budgets, 100)
    await (await reserve(first.budgets, 100)).settle(nanos(9))
    await first.budgets.stop()
    await open1.settle(nanos(5))
    const second = await open([team(1_000_000)], first.time, first.disk)
    expect(usedOf(second.budgets)).toEqual([109n, 0n])
  })

  test('of a caller that waits for an advance leaves nothing held', async () => {
    const { budgets } = await open([team(1_000_000)])
    const controller = new AbortController()
    const reserving = budgets.reserve(
      { caller: must(callers[0]), taskId, amountNanos: nanos(5) },
      { signal: controller.signal },
    )
    controller.abort(new Error('gone'))
    await expect(reserving).rejects.toThrow('gone')
    expect(usedOf(budgets)).toEqual([0n, 0n])
  })

  test('of the disk is heard when the advance is used up, and nothing is granted beyond it', async () => {
    const probe = await open([team(1_000_000)])
    await reserve(probe.budgets, 100)
    const disk = new FaultyFileSystem({ faults: [{ operation: probe.disk.operationCount + 1, kind: 'fail' }] })
    const { budgets, time } = await open([team(1_000_000)], new ManualTime(), disk)
    let granted = 0
    const all = async (): Promise<void> => {
      for (; granted < 1_000; granted += 1) await (await reserve(budgets, 100)).settle(nanos(100))
    }
    const spending = all()
    time.pass(25)
    await expect(spending).rejects.toMatchObject({ code: expect.stringMatching(/STORE_WRITE_FAILED|LOG_POISONED/) })
    expect(granted).toBeLessThanOrEqual(64)
  })
})

type Op =
  | { readonly kind: 'reserve'; readonly caller: number; readonly amount: number }
  | { readonly kind: 'end'; readonly at: number; readonly spent: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'limit'; readonly limit: number }

const ops: fc.Arbitrary<readonly Op[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('reserve' as const), caller: fc.nat(2), amount: fc.nat(40) }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('end' as const), at: fc.nat(20), spent: fc.nat(40) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 30, 1_100, 70_000) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('limit' as const), limit: fc.integer({ min: 0, max: 20_000 }) }),
    },
  ),
  { maxLength: 60 },
)

type Call = { readonly reservation: BudgetReservation; readonly amount: number }

/** Plays operations beside plain sums. @returns What was spent and is held, by the sums. */
async function playBeside(world: World, limit: number, list: readonly Op[]): Promise<readonly [number, number]> {
  const { budgets, books, time } = world
  let [spent, held, most] = [0, 0, limit]
  const calls: Call[] = []
  for (const op of list) {
    if (op.kind === 'pass') time.pass(op.ms)
    else if (op.kind === 'limit') {
      await budgets.setLimit('team:search', 'total', nanos(op.limit))
      most = op.limit
    } else if (op.kind === 'end') {
      const [call] = calls.splice(op.at % Math.max(1, calls.length), 1)
      if (call === undefined) continue
      const cost = Math.min(op.spent, call.amount)
      await call.reservation.settle(nanos(cost))
      spent += cost
      held -= call.amount
    } else {
      const { amount } = op
      const isRoom = spent + held + amount <= most
      const answer = await reserve(budgets, amount, must(callers[op.caller])).catch((error: unknown) => error)
      expect(CodedError.is(answer, 'BUDGET_EXCEEDED'), `${amount} of ${most - spent - held}`).toBe(!isRoom)
      if (isRoom) {
        calls.push({ reservation: answer as BudgetReservation, amount })
        held += amount
      }
    }
    await booked(world)
    expect(usedOf(budgets)).toEqual([BigInt(spent), BigInt(held)])
    expect(books.violations()).toEqual([])
  }
  return [spent, held]
}

test('refuses where no room is left and only there, and tells what is so, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 20_000 }), ops, async (limit, list) => {
      await playBeside(await open([team(limit)]), limit, list)
    }),
    { numRuns: 300, seed: 11 },
  )
})

test('a crash at any time charges what was spent and what was open, and at most a 64th of the room beside', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 20_000 }), ops, async (limit, all) => {
      const list = all.filter(({ kind }) => kind !== 'limit')
      const first = await open([team(limit)])
      const [spent, held] = await playBeside(first, limit, list)
      first.disk.crash('lose')
      const second = await open([team(limit)], first.time, first.disk)
      const [charged] = usedOf(second.budgets)
      expect(Number(charged)).toBeGreaterThanOrEqual(spent + held)
      expect(Number(charged)).toBeLessThanOrEqual(Math.min(limit, spent + held + (callers.length * limit) / 64))
    }),
    { numRuns: 200, seed: 12 },
  )
})
