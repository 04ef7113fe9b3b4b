import { describe, expect, it } from 'vitest'
import { DEFAULT_TENANT } from '../../../src/base/identifiers.ts'
import { type Amount, parseAmount } from '../../../src/base/money.ts'
import { CodedError } from '../../../src/base/errors.ts'
import { civilDateOfInstant } from '../../../src/core/models/civil-date.ts'
import type { RouteRequest, RouteResult } from '../../../src/ports/router.ts'
import type { TelemetryEvent } from '../../../src/wire/telemetry-event.ts'
import { Machine } from '../../../src/simulation/machine/machine.ts'
import { totalsOf } from '../../../src/simulation/models/provider-bill.ts'
import { ARRIVAL_MS } from '../../../src/simulation/models/sent-call.ts'
import { makeTask } from '../../../src/simulation/models/simulated-task.ts'
import { bootRouter, type RouterWork } from '../../../src/simulation/router/boot-router.ts'
import type { RouterMachineInit } from '../../../src/simulation/router/router-parts.ts'
import { drive } from '../../../src/simulation/run/drive.ts'
import { modelWorld, PREMIUM } from '../models/simulated-world.ts'

function setUp(seed = 1, extra: Partial<RouterMachineInit> = {}) {
  const parts = modelWorld(seed)
  const { world, stage, provider, prices } = parts
  let current: RouterWork | undefined
  const machine = new Machine(world, {
    name: 'node',
    boot: async (owner, self) => {
      current = await bootRouter(owner, self, { stage, provider, prices, premium: PREMIUM, ...extra })
      return current
    },
    onBootFailure: (error) => world.fail(error),
  })
  const work = (): RouterWork => {
    if (current === undefined) throw new Error('the machine is down')
    return current
  }
  return { ...parts, machine, work, tasks: stage.random('tasks') }
}

const usd = (text: string): Amount => parseAmount(text) as Amount

const asking = (content: string): RouteRequest => ({
  caller: { tenant: DEFAULT_TENANT },
  target: { kind: 'auto' },
  request: { messages: [{ role: 'user', content }] },
  controls: {},
})

async function askMany(set: ReturnType<typeof setUp>, count: number): Promise<readonly RouteResult[]> {
  const results: RouteResult[] = []
  for (let at = 0; at < count; at += 1) {
    const task = makeTask(set.tasks, 'choice')
    set.outcomes.announce(task)
    results.push(await drive(set.world, set.work().router.route(asking(task.prompt))))
  }
  return results
}

async function recordsOf({ world, work }: ReturnType<typeof setUp>) {
  await drive(world, work().records.pipeline.flush())
  const list = async (): Promise<TelemetryEvent[]> => {
    const events: TelemetryEvent[] = []
    for await (const event of work().records.store.list()) events.push(event)
    return events
  }
  return await drive(world, list())
}

describe('a machine that serves tasks', () => {
  it('answers by the real router, and its records say what the provider charged', async () => {
    const set = setUp()
    await drive(set.world, set.machine.start())
    const results = await askMany(set, 30)
    const records = await recordsOf(set)
    const charged = set.provider.bill.total()
    expect(results.reduce<bigint>((sum, { costNanos }) => sum + (costNanos ?? 0n), 0n)).toBe(charged)
    expect(records.reduce<bigint>((sum, { cost_usd }) => sum + BigInt(Math.round((cost_usd ?? 0) * 1e9)), 0n)).toBe(
      charged,
    )
    expect([records.length, set.stage.handled.router]).toEqual([30, 30])
    expect(set.world.failures).toEqual([])
  })

  it('records what it can know of a cost where the price rises on the way, and the bill tells the difference', async () => {
    const limits = [{ scope: 'node', window: 'total', limitNanos: usd('1') }] as const
    const set = setUp(1, { limits, hasCache: false })
    await drive(set.world, set.machine.start())
    const { prices, world, provider } = set
    const today = civilDateOfInstant(world.startAt)
    for (const { id } of prices.registry.entries)
      world.schedule(ARRIVAL_MS / 2, { kind: 'dearer', run: () => prices.multiply(id, 3, today) })
    const [first, second] = await askMany(set, 2)
    const records = await recordsOf(set)
    const { billed, listed } = totalsOf(provider.bill.lines)
    const [line] = provider.bill.lines
    expect(line?.costNanos).toBe(3n * (line?.listedNanos ?? 0n))
    expect(provider.bill.repriced).toEqual({ calls: 1, nanos: billed - listed })
    expect(records.reduce<bigint>((sum, { cost_usd }) => sum + BigInt(Math.round((cost_usd ?? 0) * 1e9)), 0n)).toBe(
      listed,
    )
    expect((first?.costNanos ?? 0n) + (second?.costNanos ?? 0n)).toBe(listed)
    const [budget] = set.work().budgets.inspect()
    expect(budget?.account.counters.total.spentNanos).toBe(listed)
  })

  it('gives a question that was answered before from the cache, after a restart too', async () => {
    const set = setUp()
    await drive(set.world, set.machine.start())
    const task = makeTask(set.stage.random('one'), 'choice')
    set.outcomes.announce({ ...task, difficulty: 0 })
    const ask = async () => (await drive(set.world, set.work().router.route(asking(task.prompt)))).tier
    expect(await ask()).not.toBe('cache')
    expect(await ask()).toBe('cache')
    await set.world.run({ untilMs: set.world.nowMs() + 1_000 })
    set.machine.kill()
    await drive(set.world, set.machine.start())
    expect(await ask()).toBe('cache')
  })

  it('keeps records and what was spent when it is killed and the power fails', async () => {
    const limit = { scope: 'node', window: 'total', limitNanos: usd('0.05') } as const
    const set = setUp(2, { limits: [limit] })
    await drive(set.world, set.machine.start())
    await askMany(set, 10)
    await set.world.run({ untilMs: set.world.nowMs() + 1_000 })
    const before = (await recordsOf(set)).length
    const spent = set.provider.bill.total()
    set.machine.cutPower()
    await drive(set.world, set.machine.start())
    expect((await recordsOf(set)).length).toBe(before)
    const [line] = set.work().budgets.inspect()
    expect(line?.account.counters.total.spentNanos).toBe(spent)
  })

  it('never lets a provider charge more than the budget, whenever it is killed', async () => {
    const limitNanos = usd('0.02')
    const set = setUp(3, { limits: [{ scope: 'node', window: 'total', limitNanos }], hasCache: false })
    const random = set.stage.random('tasks')
    let refused = 0
    for (let at = 0; at < 150; at += 1) {
      await drive(set.world, set.machine.start())
      const task = makeTask(random, 'code')
      set.outcomes.announce(task)
      set
        .work()
        .router.route(asking(task.prompt))
        .catch((error: unknown) => {
          if (CodedError.is(error)) refused += 1
        })
      await set.world.run({ untilMs: set.world.nowMs() + random.nextBelow(9_000) })
      if (random.nextUnit() < 0.3) set.machine.cutPower()
    }
    expect(refused).toBeGreaterThan(0)
    expect(set.provider.bill.total()).toBeLessThanOrEqual(limitNanos)
    expect(set.provider.bill.lines.some(({ isAnswered }) => !isAnswered)).toBe(true)
  })

  it('goes on to another model when one is down', async () => {
    const set = setUp()
    await drive(set.world, set.machine.start())
    const [first] = await askMany(set, 1)
    set.provider.setFaults(first?.modelId ?? '', { outage: 1 })
    const results = await askMany(set, 5)
    expect(results.every(({ modelId }) => modelId !== first?.modelId)).toBe(true)
    expect(results.some(({ attempts }) => attempts.some(({ outcome }) => outcome === 'failed'))).toBe(true)
  })

  it('is the same for the same seed', async () => {
    const run = async () => {
      const set = setUp(7)
      await drive(set.world, set.machine.start())
      await askMany(set, 10)
      return set.world.hash
    }
    expect(await run()).toBe(await run())
  })
})
