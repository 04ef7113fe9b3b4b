import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { CodedError } from '../../../src/base/errors.ts'
import { parseTaskId, parseTenantId, type TaskId } from '../../../src/base/identifiers.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { BUDGET_MACHINE } from '../../../src/core/budget/budget-machine.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import type { RouteCaller } from '../../../src/ports/router.ts'
import {
  createBudgetOwner,
  type BudgetOwner,
  type BudgetOwnerComponents,
  type BudgetOwnerInit,
} from '../../../src/router/budgets/budget-owner.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import { FaultyFileSystem, type DiskFault } from '../../../src/testing/faulty-file-system.ts'

const random = createSystemRandom()
const nanos = (value: number): ReturnType<typeof amountFromNanos> => amountFromNanos(BigInt(value))
const clock = {
  now: () => timestampFromMs(1_000_000),
  monotonicMs: () => 0,
  timeoutSignal: () => new AbortController().signal,
}
const timers = { schedule: () => ({ cancel(): void {} }) }

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('must be there')
  return value
}
const caller: RouteCaller = { tenant: must(parseTenantId('default')), team: 'search', keyId: 'k1' }
const taskId: TaskId = must(parseTaskId('t1'))

type Owned = { readonly owner: BudgetOwner; readonly log: EventLog }
async function startOwner(
  disk: FaultyFileSystem,
  init: BudgetOwnerInit,
  extra: Pick<BudgetOwnerComponents, 'machine'> = {},
): Promise<Owned> {
  const log = await openSegmentedEventLog({ fileSystem: disk, random }, { directory: '/budget' })
  const owner = createBudgetOwner({ actors: createActorSystem(), log, clock, random, timers, ...extra }, init)
  await owner.start()
  return { owner, log }
}
const limits = (value: number, scope = 'team:search'): BudgetOwnerInit => ({
  limits: [{ scope, window: 'total', limitNanos: nanos(value) }],
})
const reserve = async (owner: BudgetOwner, amount: number) =>
  await owner.reserve({ caller, taskId, amountNanos: nanos(amount) })
const usedOf = (owner: BudgetOwner): readonly unknown[] =>
  owner
    .inspect()
    .map(({ scope, account }) => [scope, account.counters.total.spentNanos, account.counters.total.heldNanos])

describe('admission', () => {
  test('64 parallel calls against a budget for 10 admit exactly 10', async () => {
    const { owner } = await startOwner(new FaultyFileSystem(), limits(1000))
    const results = await Promise.allSettled(Array.from({ length: 64 }, async () => await reserve(owner, 100)))
    const refused = results.filter((result) => result.status === 'rejected')
    expect(results.length - refused.length).toBe(10)
    expect(refused.every(({ reason }) => CodedError.is(reason, 'BUDGET_EXCEEDED'))).toBe(true)
    expect(usedOf(owner)).toEqual([['team:search', 0n, 1000n]])
  })

  test('parallel reservations share syncs', async () => {
    const disk = new FaultyFileSystem()
    const { owner } = await startOwner(disk, limits(1_000_000))
    const before = disk.operationCount
    await Promise.all(Array.from({ length: 64 }, async () => await reserve(owner, 1)))
    expect(disk.operationCount - before).toBeLessThanOrEqual(4)
  })

  test('a caller without a limit gets room at once and nothing is written', async () => {
    const disk = new FaultyFileSystem()
    const { owner, log } = await startOwner(disk, limits(1, 'team:other'))
    expect(owner.isBounded(caller)).toBe(false)
    const before = disk.operationCount
    const reservation = await reserve(owner, 1_000_000)
    await reservation.settle(nanos(5))
    expect([disk.operationCount - before, log.nextIndex]).toEqual([0, 1])
  })

  test('a limit on the task alone bounds it', async () => {
    const { owner } = await startOwner(new FaultyFileSystem(), { limits: [] })
    await owner.setLimit('task:t1', 'total', nanos(5))
    await expect(reserve(owner, 6)).rejects.toMatchObject({
      code: 'BUDGET_EXCEEDED',
      message: expect.stringMatching(/0\.000000005 USD left .* may cost 0\.000000006; send max_tokens/),
      details: { scope: 'task:t1', availableNanos: '5', neededNanos: '6' },
    })
  })

  test('an aborted caller leaves nothing held', async () => {
    const { owner } = await startOwner(new FaultyFileSystem(), limits(10))
    const controller = new AbortController()
    const reserving = owner.reserve({ caller, taskId, amountNanos: nanos(5) }, { signal: controller.signal })
    controller.abort(new Error('gone'))
    await expect(reserving).rejects.toThrow('gone')
    expect(usedOf(owner)).toEqual([['team:search', 0n, 0n]])
  })

  test('before the start nothing is granted', async () => {
    const log = await openSegmentedEventLog({ fileSystem: new FaultyFileSystem(), random }, { directory: '/budget' })
    const owner = createBudgetOwner({ actors: createActorSystem(), log, clock, random, timers }, limits(10))
    expect(owner.isBounded(caller)).toBe(true)
    await expect(reserve(owner, 1)).rejects.toMatchObject({ code: 'STORE_NOT_OPEN' })
  })
})

describe('settlement', () => {
  test('is charged once, however often it is called', async () => {
    const { owner } = await startOwner(new FaultyFileSystem(), limits(10))
    const reservation = await reserve(owner, 8)
    await reservation.settle(nanos(3))
    await reservation.settle(nanos(3))
    await reservation.release()
    expect(usedOf(owner)).toEqual([['team:search', 3n, 0n]])
  })

  test('above the reservation is recorded truthfully and blocks further calls', async () => {
    const { owner } = await startOwner(new FaultyFileSystem(), limits(10))
    await (await reserve(owner, 8)).settle(nanos(14))
    await expect(reserve(owner, 1)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
    expect(usedOf(owner)).toEqual([['team:search', 14n, 0n]])
  })
})

describe('restart', () => {
  test('what was spent is known again, and open reservations are charged in full', async () => {
    const disk = new FaultyFileSystem()
    const first = await startOwner(disk, limits(100))
    await (await reserve(first.owner, 20)).settle(nanos(7))
    await reserve(first.owner, 30)
    disk.crash('lose')
    const second = await startOwner(disk, limits(100))
    expect(usedOf(second.owner)).toEqual([['team:search', 37n, 0n]])
    expect(second.owner.violations()).toEqual([])
  })

  test('replaying the journal gives the state that was, whatever the calls were', async () => {
    const call = fc.record({ amount: fc.nat(40), spent: fc.nat(50), ending: fc.constantFrom('settle', 'release') })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(call, { maxLength: 5 }), { maxLength: 8 }), async (rounds) => {
        const disk = new FaultyFileSystem()
        const init = { ...limits(200), compactAtBytes: 1500 }
        const first = await startOwner(disk, init)
        for (const round of rounds) {
          const calls = round.map(async ({ amount, spent, ending }) => {
            const reservation = await reserve(first.owner, amount)
            await (ending === 'settle' ? reservation.settle(nanos(spent)) : reservation.release())
          })
          for (const result of await Promise.allSettled(calls)) {
            if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'BUDGET_EXCEEDED' })
          }
        }
        await first.owner.stop()
        disk.crash('lose')
        const second = await startOwner(disk, init)
        expect(second.owner.inspect()).toEqual(first.owner.inspect())
      }),
      { numRuns: 60, seed: 23 },
    )
  })

  test('limits follow the configuration, removed ones included', async () => {
    const disk = new FaultyFileSystem()
    await startOwner(disk, limits(100))
    disk.crash('lose')
    const second = await startOwner(disk, { limits: [{ scope: 'node', window: 'day', limitNanos: nanos(5) }] })
    expect(second.owner.inspect().map(({ scope, account }) => [scope, account.limits])).toEqual([['node', { day: 5n }]])
    disk.crash('lose')
    const third = await startOwner(disk, { limits: [] })
    expect(third.owner.inspect()).toEqual([])
    expect(third.owner.isBounded(caller)).toBe(false)
  })

  test('a journal that outgrew its state is compacted and reads the same', async () => {
    const disk = new FaultyFileSystem()
    const init = { ...limits(1_000_000), compactAtBytes: 2000 }
    const first = await startOwner(disk, init)
    for (let call = 0; call < 40; call += 1) await (await reserve(first.owner, 10)).settle(nanos(2))
    await first.owner.stop()
    expect(first.log.snapshot).toBeDefined()
    disk.crash('lose')
    const second = await startOwner(disk, init)
    expect(usedOf(second.owner)).toEqual([['team:search', 80n, 0n]])
  })

  test('a journal that does not follow from itself is refused', async () => {
    const disk = new FaultyFileSystem()
    const { log } = await startOwner(disk, limits(100))
    const forged = {
      format: 1,
      event: { type: 'call-settled', id: 'none', spentNanos: '1', at: 5 },
      effect: 'confirm-charge',
    }
    await log.append([new TextEncoder().encode(JSON.stringify(forged))])
    disk.crash('lose')
    await expect(startOwner(disk, limits(100))).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })
})

describe('a defect of the machine', () => {
  test('that shows once is not noticed: the owner starts again from its journal, and holds what was held', async () => {
    let thrown = 0
    const machine: NonNullable<BudgetOwnerComponents['machine']> = {
      ...BUDGET_MACHINE,
      transition(state, event) {
        if (event.type === 'reservation-requested' && event.id.endsWith('-3') && thrown === 0) {
          thrown += 1
          throw new Error('planted')
        }
        return BUDGET_MACHINE.transition(state, event)
      },
    }
    const { owner } = await startOwner(new FaultyFileSystem(), limits(100), { machine })
    const held = await reserve(owner, 10)
    const late = Array.from({ length: 4 }, async () => await reserve(owner, 20))
    await held.settle(nanos(7))
    const granted = await Promise.all(late)
    expect([thrown, usedOf(owner), owner.violations()]).toEqual([1, [['team:search', 7n, 80n]], []])
    // What is open belongs to callers that are alive: nothing was charged in full.
    for (const reservation of granted) await reservation.settle(nanos(1))
    expect([usedOf(owner), owner.isBounded(caller)]).toEqual([[['team:search', 11n, 0n]], true])
  })
})

describe('a failing disk', () => {
  test('a refused sync fails the reservation, and nothing is granted after it', async () => {
    const disk = new FaultyFileSystem()
    const probe = await startOwner(disk, limits(100))
    const next = disk.operationCount + 1
    await probe.owner.stop()
    const fault: DiskFault = { operation: next, kind: 'fail' }
    const failing = new FaultyFileSystem({ faults: [fault] })
    const { owner } = await startOwner(failing, limits(100))
    await expect(reserve(owner, 1)).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    await expect(reserve(owner, 1)).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
  })
})

describe('a reservation that nobody ends', () => {
  type Sweeping = { readonly owner: BudgetOwner; pass(ms: number): Promise<void>; reopen(): Promise<BudgetOwner> }
  async function startSweeping(init: BudgetOwnerInit): Promise<Sweeping> {
    let nowMs = 1_000_000
    let scheduled: (() => void) | undefined
    const log = await openSegmentedEventLog({ fileSystem: new FaultyFileSystem(), random }, { directory: '/budget' })
    const open = (): BudgetOwner =>
      createBudgetOwner(
        {
          actors: createActorSystem(),
          log,
          random,
          clock: { ...clock, now: () => timestampFromMs(nowMs) },
          timers: {
            schedule(_delayMs, callback) {
              scheduled = callback
              return { cancel(): void {} }
            },
          },
        },
        init,
      )
    const owner = open()
    await owner.start()
    return {
      owner,
      async reopen() {
        await owner.stop()
        const reopened = open()
        await reopened.start()
        return reopened
      },
      async pass(ms) {
        nowMs += ms
        scheduled?.()
        // A write behind the sweep's own is durable after it.
        await owner.setLimit('team:other', 'total', nanos(1))
      },
    }
  }
  const usedBySearch = (owner: BudgetOwner): unknown => usedOf(owner).at(-1)

  test('is charged in full by the sweep when it has expired, and not before', async () => {
    const { owner, pass } = await startSweeping({ ...limits(10), expiryMs: 60_000 })
    await reserve(owner, 8)
    await pass(59_999)
    expect(usedBySearch(owner)).toEqual(['team:search', 0n, 8n])
    await pass(1)
    expect(usedBySearch(owner)).toEqual(['team:search', 8n, 0n])
  })

  test.each([
    [5, 8n],
    [8, 8n],
    [11, 11n],
  ])(
    'and is settled at %s of 8 after all counts for what it cost, at least the charge of the expiry',
    async (cost, spent) => {
      const { owner, pass } = await startSweeping({ ...limits(20), expiryMs: 60_000 })
      const reservation = await reserve(owner, 8)
      await pass(60_000)
      await reservation.settle(nanos(cost))
      expect(usedBySearch(owner)).toEqual(['team:search', spent, 0n])
      expect(owner.violations()).toEqual([])
    },
  )

  test('and is settled above the limit stops the next call, after a restart as well', async () => {
    const { owner, pass, reopen } = await startSweeping({ ...limits(10), expiryMs: 60_000 })
    const reservation = await reserve(owner, 8)
    await pass(60_000)
    await reservation.settle(nanos(12))
    await expect(reserve(owner, 1)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
    const reopened = await reopen()
    expect(usedOf(reopened)).toEqual([['team:search', 12n, 0n]])
  })
})
