import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { TaskId, TenantId } from '../../../src/base/identifiers.ts'
import { type Amount, amountFromNanos } from '../../../src/base/money.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import type { BudgetReservation } from '../../../src/ports/budgets.ts'
import { accountsOf, shadowAccounts } from '../../../src/router/budgets/budget-accounts.ts'
import {
  CHARGED_AT_ONCE,
  createPostgresBudgets,
  type PostgresBudgetsInit,
  type SharedBudgets,
} from '../../../src/storage/postgres/budgets/postgres-budgets.ts'
import type { PostgresInit } from '../../../src/storage/postgres/postgres-connection.ts'
import { createChangeFeed } from '../../../src/storage/postgres/store-change-feed.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { PostgresCluster, whyNoPostgres } from './postgres-cluster.ts'
import { PostgresSchemas } from './postgres-schemas.ts'

const reason = whyNoPostgres()
let cluster: PostgresCluster
let proxy: CuttingProxy
const schemas = new PostgresSchemas(() => cluster.url)
const enders: (() => Promise<void>)[] = []

beforeAll(async () => {
  if (reason !== undefined) return
  cluster = await PostgresCluster.start()
  proxy = await CuttingProxy.start(cluster.port)
}, 60_000)
afterEach(async () => {
  for (const end of enders.splice(0).toReversed()) await end()
  await schemas.closeAll()
})
afterAll(async () => {
  if (reason !== undefined) return
  await proxy.close()
  await cluster.remove()
})

const nanos = (value: number): Amount => amountFromNanos(BigInt(value))
const caller = { tenant: 'acme' as TenantId, team: 'search' }
const taskId = 'task-1' as TaskId
const LIMITS = [
  { scope: 'node', window: 'day' as const, limitNanos: nanos(1_000) },
  { scope: 'tenant:acme', window: 'total' as const, limitNanos: nanos(600) },
]

let members = 0
type Gateway = SharedBudgets & { readonly failures: unknown[]; readonly pause: () => void }

async function openBudgets(
  init: Partial<PostgresBudgetsInit> = {},
  connect: Partial<PostgresInit> = {},
): Promise<Gateway> {
  members += 1
  const origin = `gateway-${members}`
  const connection = await schemas.open(connect)
  const changes = createChangeFeed(connection, { origin })
  await changes.start()
  enders.push(async () => await changes.stop())
  const failures: unknown[] = []
  const random = createSystemRandom()
  const onError = (error: unknown): void => void failures.push(error)
  const budgets = createPostgresBudgets(
    { connection, changes, random, accountsOf, shadowAccounts, onError },
    { limits: LIMITS, origin, ...init },
  )
  await budgets.start()
  let isPaused = false
  enders.push(async () => {
    if (!isPaused) await budgets.stop()
  })
  // A process that is paused or dead renews nothing.
  const pause = (): void => {
    isPaused = true
    Object.assign(connection, { timers: { schedule: () => ({ cancel() {} }) } })
  }
  return Object.assign(budgets, { failures, pause })
}

async function openFleet(count: number, init: Partial<PostgresBudgetsInit> = {}): Promise<readonly Gateway[]> {
  const first = await openBudgets(init)
  const others: Gateway[] = []
  while (others.length < count - 1) others.push(await openBudgets(init, { schema: schemas.last }))
  return [first, ...others]
}

const reserve = async (budgets: SharedBudgets, amount: number): Promise<BudgetReservation> =>
  await budgets.reserve({ caller, taskId, amountNanos: nanos(amount) })

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  return await work().then(
    () => 'done',
    (error: unknown) => (CodedError.is(error) ? error.code : String(error)),
  )
}

type Counter = { readonly spent: string; readonly held: string }
async function counterOf(scope: string, span: string): Promise<Counter | undefined> {
  const rows = await cluster.query<Counter>(
    `SELECT sum(spent_nanos)::text AS spent, sum(held_nanos)::text AS held FROM ${schemas.last}.budget_window WHERE scope = $1 AND span = $2`,
    [scope, span],
  )
  return rows[0]
}

describe.skipIf(reason !== undefined)('budgets of several gateways', () => {
  test('room that one takes is gone for the other, and is given back', async () => {
    const [one, two] = await openFleet(2)
    if (one === undefined || two === undefined) throw new Error('two gateways')
    const held = await reserve(one, 400)
    const refused = await reserve(two, 300).catch((error: unknown) => error)
    expect(CodedError.is(refused, 'BUDGET_EXCEEDED') && refused.details).toMatchObject({
      scope: 'tenant:acme',
      window: 'total',
      limitNanos: '600',
      availableNanos: '200',
      neededNanos: '300',
    })
    await held.settle(nanos(250))
    await held.settle(nanos(999))
    await (await reserve(two, 350)).release()
    expect(await counterOf('tenant:acme', 'total')).toEqual({ spent: '250', held: '0' })
    expect(await counterOf('node', 'day')).toEqual({ spent: '250', held: '0' })
    expect(await one.verify()).toEqual([])
  })

  test('hundreds at once from four gateways never pass a limit together, and one statement serves many', async () => {
    const fleet = await openFleet(4)
    const outcomes = await Promise.all(
      Array.from({ length: 800 }, async (_, place) => {
        const budgets = fleet[place % 4]
        if (budgets === undefined) throw new Error('four gateways')
        try {
          const held = await reserve(budgets, 3)
          await held.settle(nanos(place % 4))
          return place % 4
        } catch (error: unknown) {
          if (!CodedError.is(error, 'BUDGET_EXCEEDED')) throw error
          return 0
        }
      }),
    )
    const spent = outcomes.reduce((sum, cost) => sum + cost, 0)
    expect(await counterOf('tenant:acme', 'total')).toEqual({ spent: String(spent), held: '0' })
    const [peak] = await cluster.query<{ peak: string }>(
      `SELECT max(peak_nanos)::text AS peak FROM ${schemas.last}.budget_window WHERE scope = 'tenant:acme' AND span = 'total'`,
    )
    expect(Number(peak?.peak)).toBeLessThanOrEqual(600)
    expect(await fleet[0]?.verify()).toEqual([])
  })

  test('a call that cost more than was reserved is charged whole, and shuts the account', async () => {
    const budgets = await openBudgets()
    await (await reserve(budgets, 100)).settle(nanos(900))
    expect(await counterOf('tenant:acme', 'total')).toEqual({ spent: '900', held: '0' })
    expect(await codeOf(async () => await reserve(budgets, 0))).toBe('BUDGET_EXCEEDED')
  })

  test('what a dead gateway held is charged in full once its lease has ended, and not before', async () => {
    const [dead, alive] = await openFleet(2, { leaseMs: 300 })
    if (dead === undefined || alive === undefined) throw new Error('two gateways')
    await reserve(dead, 400)
    dead.pause()
    expect(await codeOf(async () => await reserve(alive, 300))).toBe('BUDGET_EXCEEDED')
    expect(await counterOf('tenant:acme', 'total')).toEqual({ spent: '0', held: '400' })
    await expect.poll(async () => (await counterOf('tenant:acme', 'total'))?.held, { timeout: 5_000 }).toBe('0')
    expect(await counterOf('tenant:acme', 'total')).toEqual({ spent: '400', held: '0' })
    await (await reserve(alive, 200)).settle(nanos(200))
  })

  test('a dead gateway that held more than one statement charges is charged for all of it', async () => {
    const [dead, alive] = await openFleet(2, { leaseMs: 300 })
    if (dead === undefined || alive === undefined) throw new Error('two gateways')
    // One nano each for 500 of them, within the limit.
    const held = Array.from(
      { length: CHARGED_AT_ONCE + 5 },
      async (_, place) => await reserve(dead, place < 500 ? 1 : 0),
    )
    await Promise.all(held)
    dead.pause()
    await expect.poll(async () => (await counterOf('tenant:acme', 'total'))?.held, { timeout: 5_000 }).toBe('0')
    expect(await counterOf('tenant:acme', 'total')).toEqual({ spent: '500', held: '0' })
    await expect.poll(async () => await alive.verify()).toEqual([])
  })

  test('a gateway that was paused past its lease is charged once, also where its call cost more', async () => {
    const [paused, alive] = await openFleet(2, { leaseMs: 300 })
    if (paused === undefined || alive === undefined) throw new Error('two gateways')
    const [cheap, dear] = [await reserve(paused, 100), await reserve(paused, 100)]
    paused.pause()
    await expect.poll(async () => (await counterOf('tenant:acme', 'total'))?.held, { timeout: 5_000 }).toBe('0')
    await cheap.settle(nanos(10))
    await dear.settle(nanos(130))
    expect(await counterOf('tenant:acme', 'total')).toEqual({ spent: '230', held: '0' })
    await (await reserve(paused, 50)).settle(nanos(50))
    expect(await counterOf('tenant:acme', 'total')).toEqual({ spent: '280', held: '0' })
  })

  test.each(['before', 'after'] as const)(
    'commands that are cut %s the server has them are carried out once',
    async (cut) => {
      const budgets = await openBudgets({}, { url: `postgresql://postgres@127.0.0.1:${proxy.port}/postgres` })
      for (let place = 1; place <= 6; place += 1) {
        proxy.cutAt(1, cut, /budget_batch|budgets/)
        const held = await reserve(budgets, 50)
        proxy.cutAt(1, cut, /budget_batch|budgets/)
        await held.settle(nanos(10))
      }
      expect(proxy.cuts).toBeGreaterThan(0)
      expect(await counterOf('tenant:acme', 'total')).toEqual({ spent: '60', held: '0' })
      expect(await budgets.verify()).toEqual([])
    },
  )

  test('while the server is away nobody gets room, and what was spent meanwhile is charged when it is back', async () => {
    const budgets = await openBudgets({ leaseMs: 60_000 })
    const held = await reserve(budgets, 100)
    await cluster.stopServer('fast')
    try {
      const [refused] = await Promise.all([codeOf(async () => await reserve(budgets, 100)), held.settle(nanos(70))])
      expect(refused).toBe('STORE_UNREACHABLE')
    } finally {
      await cluster.startServer()
    }
    await (await reserve(budgets, 100)).settle(nanos(5))
    expect(await counterOf('tenant:acme', 'total')).toEqual({ spent: '75', held: '0' })
    expect(await budgets.verify()).toEqual([])
  }, 30_000)

  test('a limit that one gateway sets or takes away holds for the others within a second, and costs no statement before', async () => {
    const [one, two] = await openFleet(2, { limits: [] })
    if (one === undefined || two === undefined) throw new Error('two gateways')
    expect([one.isBounded(caller), two.isBounded(caller)]).toEqual([false, false])
    await one.setLimit('team:search', 'hour', nanos(10))
    await expect.poll(() => two.isBounded(caller), { timeout: 1_000, interval: 5 }).toBe(true)
    expect(await codeOf(async () => await reserve(two, 11))).toBe('BUDGET_EXCEEDED')
    await (await reserve(two, 10)).settle(nanos(10))
    await two.setLimit('team:search', 'hour', undefined)
    await expect.poll(() => one.isBounded(caller), { timeout: 1_000, interval: 5 }).toBe(false)
    // An account without a limit is forgotten.
    await one.setLimit('team:search', 'hour', nanos(10))
    await (await reserve(one, 10)).release()
    expect(one.inspect()).toMatchObject([{ scope: 'team:search', account: { limits: { hour: 10n } } }])
  })

  test('a gateway that starts takes away what no configuration says any more, and nothing that was set meanwhile', async () => {
    const one = await openBudgets()
    await one.setLimit('team:search', 'hour', nanos(10))
    const ownLimits = [
      { scope: 'key:own', window: 'day' as const, limitNanos: nanos(5) },
      { scope: 'node', window: 'day' as const, limitNanos: nanos(5) },
    ]
    const two = await openBudgets({ limits: LIMITS.slice(0, 1), ownLimits }, { schema: schemas.last })
    const limits = two.inspect().map(({ scope, account }) => [scope, account.limits])
    expect(limits).toEqual([
      ['key:own', { day: 5n }],
      ['node', { day: 1_000n }],
      ['team:search', { hour: 10n }],
    ])
    expect(two.accountOf('team:search')?.limits).toEqual({ hour: 10n })
    await expect.poll(() => one.accountOf('tenant:acme'), { timeout: 1_000, interval: 5 }).toBe(undefined)
  })

  test('amounts of 64 bits are exact, and names of any kind are names', async () => {
    const most = 18_446_744_073_709_551_615n
    const scope = `tenant:acme`
    const budgets = await openBudgets({ limits: [{ scope, window: 'month', limitNanos: amountFromNanos(most) }] })
    const held = await budgets.reserve({ caller, taskId, amountNanos: amountFromNanos(most - 1n) })
    const refused = await reserve(budgets, 2).catch((error: unknown) => error)
    expect(CodedError.is(refused) && refused.details['availableNanos']).toBe('1')
    await held.settle(amountFromNanos(most - 1n))
    await budgets.setLimit(`team:'"\\; DROP`, 'day', nanos(5))
    const odd = { tenant: 'other' as TenantId, team: `'"\\; DROP` }
    const answer = await codeOf(async () => await budgets.reserve({ caller: odd, taskId, amountNanos: nanos(6) }))
    expect(answer).toBe('BUDGET_EXCEEDED')
  })

  test('a reservation that nobody ends is charged in full after its time', async () => {
    const budgets = await openBudgets({ leaseMs: 300, expiryMs: 100 })
    const held = await reserve(budgets, 40)
    await expect
      .poll(async () => await counterOf('tenant:acme', 'total'), { timeout: 5_000 })
      .toEqual({ spent: '40', held: '0' })
    await held.settle(nanos(45))
    expect(await counterOf('tenant:acme', 'total')).toEqual({ spent: '45', held: '0' })
  })
})
