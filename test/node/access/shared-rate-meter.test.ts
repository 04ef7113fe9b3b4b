import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { AccessRates } from '../../../src/core/access/access-entry.ts'
import type { RateHold } from '../../../src/node/access/rate-meter.ts'
import { SharedRateMeter } from '../../../src/node/access/shared-rate-meter.ts'
import type { RateStore } from '../../../src/ports/rate-store.ts'
import type { Timers } from '../../../src/ports/timers.ts'
import { MemoryRateStore } from '../../../src/storage/memory/memory-rate-store.ts'

/** Time that a test moves on, and timers by it. */
class World {
  nowMs = 1_000
  exchanges = 0
  failure: Error | undefined
  /** Who cannot reach the store. */
  cutOff = ''
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>()
  readonly #rates = new MemoryRateStore({ monotonicMs: () => this.nowMs })

  readonly timers: Timers = {
    schedule: (delayMs, run) => {
      const timer = { atMs: this.nowMs + delayMs, run }
      this.#timers.add(timer)
      return { cancel: () => void this.#timers.delete(timer) }
    },
  }

  meter(member: string, leaseMs = 15_000): SharedRateMeter {
    const inner = this.#rates.join(member, leaseMs)
    const store: RateStore = {
      leaseMs,
      exchange: async (reports) => {
        this.exchanges += 1
        if (this.failure !== undefined || this.cutOff === member)
          throw this.failure ?? new CodedError('STORE_UNREACHABLE', { message: 'cut off' })
        return await inner.exchange(reports)
      },
    }
    return new SharedRateMeter({ store, clock: { monotonicMs: () => this.nowMs }, timers: this.timers })
  }

  /** What waits for answers has them afterwards. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms
    for (;;) {
      await this.settle()
      const [next] = [...this.#timers].toSorted((one, other) => one.atMs - other.atMs)
      if (next === undefined || next.atMs > untilMs) break
      this.nowMs = next.atMs
      this.#timers.delete(next)
      next.run()
    }
    this.nowMs = untilMs
    await this.settle()
  }
}

const of = (rates: AccessRates, scope = 'key:k1') => [{ scope, rates }]

async function tryToBegin(meter: SharedRateMeter, rates: AccessRates): Promise<RateHold | CodedError> {
  try {
    return await meter.begin(of(rates))
  } catch (error: unknown) {
    if (CodedError.is(error)) return error
    throw error
  }
}

/** How many of so many that ask at once may begin. */
async function countBegun(meters: readonly SharedRateMeter[], rates: AccessRates, each: number): Promise<number> {
  const asked = meters.flatMap((meter) => Array.from({ length: each }, async () => await tryToBegin(meter, rates)))
  return (await Promise.all(asked)).filter((held) => !(held instanceof CodedError)).length
}

describe('rates of several gateways', () => {
  test('allow together what one would allow, at once and over time', async () => {
    const world = new World()
    const meters = ['a', 'b', 'c'].map((name) => world.meter(name))
    const rates = { requestsPerMinute: 60 }
    expect(await countBegun(meters, rates, 60)).toBe(60)
    let later = 0
    for (let second = 0; second < 60; second += 1) {
      await world.pass(1_000)
      later += await countBegun(meters, rates, 5)
    }
    expect([later <= 60, later >= 57]).toEqual([true, true])
  })

  test('are asked for seldom: a thousand requests cost a few exchanges, and most none at all', async () => {
    const world = new World()
    const meter = world.meter('a')
    const rates = { requestsPerMinute: 60_000, tokensPerMinute: 1_000_000_000, concurrentRequests: 64 }
    let waited = 0
    for (let request = 0; request < 10_000; request += 1) {
      const begun = meter.begin(of(rates))
      if (begun instanceof Promise) waited += 1
      ;(await begun).end()
      if (request % 100 === 99) await world.pass(100)
    }
    expect([waited < 10, world.exchanges < 60]).toEqual([true, true])
  })

  test('are asked for ahead of need, so that a burst waits for the first slice and hardly again', async () => {
    const world = new World()
    const meter = world.meter('a')
    let waited = 0
    for (let request = 0; request < 1_200; request += 1) {
      const begun = meter.begin(of({ requestsPerMinute: 6_000 }))
      if (begun instanceof Promise) waited += 1
      await begun
      if (request % 10 === 9) await world.settle()
    }
    expect(waited).toBe(1)
  })

  test('that one does not use any more are there for the others a second later', async () => {
    const world = new World()
    const [one, two] = [world.meter('a'), world.meter('b')]
    const rates = { requestsPerMinute: 100 }
    await one.begin(of(rates))
    const heldBack = 100 - 1 - (await countBegun([two], rates, 100))
    // An eighth at the most of what it was about to use, and no more than a quarter of all.
    expect([heldBack > 0, heldBack <= 25]).toEqual([true, true])
    await world.pass(1_100)
    expect(await countBegun([two], rates, 100)).toBeGreaterThanOrEqual(heldBack)
    await world.pass(2_000)
    const before = world.exchanges
    await world.pass(60_000)
    expect(world.exchanges - before).toBeLessThanOrEqual(4)
  })

  test('of requests at a time are those that run anywhere', async () => {
    const world = new World()
    const [one, two] = [world.meter('a'), world.meter('b')]
    const rates = { concurrentRequests: 2 }
    const held = [await tryToBegin(one, rates), await tryToBegin(two, rates)]
    const refused = await tryToBegin(two, rates)
    expect(refused instanceof CodedError && refused.details).toMatchObject({ what: 'requests at a time', limit: 2 })
    const [first] = held
    if (first instanceof CodedError || first === undefined) throw new Error('one runs')
    first.end()
    first.end()
    await world.pass(1_500)
    expect(await countBegun([two], rates, 3)).toBe(1)
    expect(await countBegun([one], rates, 3)).toBe(0)
  })

  test('of requests at a time that one does not use are there for the others, also while it runs some', async () => {
    const world = new World()
    const [one, two] = [world.meter('a'), world.meter('b')]
    const rates = { concurrentRequests: 32 }
    const held = await one.begin(of(rates))
    expect(await countBegun([two], rates, 32)).toBeLessThan(31)
    await world.pass(1_600)
    expect(await countBegun([two], rates, 32)).toBeGreaterThan(0)
    await world.pass(20_000)
    expect(await countBegun([one, two], rates, 32)).toBe(0)
    held.end()
    await world.pass(1_600)
    expect(await countBegun([two], rates, 32)).toBe(1)
  })

  test('of several requests at once are taken for all of them or for none, and are given back together', async () => {
    const world = new World()
    const meter = world.meter('a')
    const rates = { concurrentRequests: 5, requestsPerMinute: 10 }
    const several = async (count: number) => await meter.begin(of(rates), count)
    const held = await several(3)
    await expect(several(3)).rejects.toMatchObject({ code: 'ACCESS_RATE_LIMITED' })
    await several(2)
    await expect(several(1)).rejects.toMatchObject({ code: 'ACCESS_RATE_LIMITED' })
    held.end()
    held.end()
    await several(3)
    await expect(several(1)).rejects.toMatchObject({ code: 'ACCESS_RATE_LIMITED' })
  })

  test('are taken from all levels or from none', async () => {
    const world = new World()
    const meter = world.meter('a')
    const levels = [...of({ requestsPerMinute: 40 }, 'tenant:acme'), ...of({ requestsPerMinute: 1 })]
    await meter.begin(levels)
    for (let time = 0; time < 20; time += 1)
      await expect((async () => await meter.begin(levels))()).rejects.toMatchObject({ code: 'ACCESS_RATE_LIMITED' })
    const other = await meter.begin(of({ requestsPerMinute: 40 }, 'tenant:acme'))
    expect(other.headers.slice(0, 4)).toEqual([
      'x-ratelimit-limit-requests',
      '40',
      'x-ratelimit-remaining-requests',
      '38',
    ])
  })

  test('of tokens count what was used in the end, and one that asks for more than a minute gets it alone', async () => {
    const world = new World()
    const [one, two] = [world.meter('a'), world.meter('b')]
    const rates = { tokensPerMinute: 1_000 }
    const tokens = await one.takeTokens(of(rates), 900)
    await expect((async () => await two.takeTokens(of(rates), 200))()).rejects.toMatchObject({
      code: 'ACCESS_RATE_LIMITED',
    })
    tokens.settle(100)
    tokens.settle(900)
    await world.pass(1_100)
    await two.takeTokens(of(rates), 800)
    await world.pass(120_000)
    await two.takeTokens(of(rates), 5_000)
    await world.pass(60_000)
    await expect((async () => await one.begin(of(rates)))()).rejects.toMatchObject({ code: 'ACCESS_RATE_LIMITED' })
    await world.pass(200_000)
    await one.begin(of(rates))
  })

  test('are refused while the store is away, without asking it for each, and go on once it is back', async () => {
    const world = new World()
    const meter = world.meter('a')
    const rates = { requestsPerMinute: 2 }
    world.failure = new CodedError('STORE_UNREACHABLE', { message: 'away' })
    await expect((async () => await meter.begin(of(rates)))()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    const before = world.exchanges
    for (let time = 0; time < 50; time += 1)
      await expect((async () => await meter.begin(of(rates)))()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    expect(world.exchanges).toBe(before)
    world.failure = undefined
    await world.pass(1_100)
    await meter.begin(of(rates))
  })

  test('that were in the slice of a gateway cut off for longer than its lease are used by nobody', async () => {
    const world = new World()
    const [one, two] = [world.meter('a', 5_000), world.meter('b', 5_000)]
    const rates = { requestsPerMinute: 3_200 }
    for (let time = 0; time < 40; time += 1) await one.begin(of(rates))
    world.cutOff = 'a'
    let begun = 40
    for (let time = 0; time < 24; time += 1) {
      if (!((await tryToBegin(one, rates)) instanceof CodedError)) begun += 1
      await world.pass(200)
    }
    // It goes on with what it had.
    expect(begun).toBeGreaterThan(50)
    await world.pass(300)
    await expect((async () => await one.begin(of(rates)))()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    begun += await countBegun([two], rates, 3_500)
    expect(begun).toBeLessThanOrEqual(3_200 + (3_200 * 5_100) / 60_000)
    world.cutOff = ''
    await world.pass(1_100)
    await world.pass(60_000)
    await one.begin(of(rates))
  })

  test('what waits is bounded, and what is held is given back at the end', async () => {
    const world = new World()
    const [one, two] = [world.meter('a'), world.meter('b')]
    const rates = { requestsPerMinute: 100_000 }
    const outcomes = await Promise.all(Array.from({ length: 5_000 }, async () => await tryToBegin(one, rates)))
    const overloaded = outcomes.filter((held) => CodedError.is(held, 'GATEWAY_OVERLOADED'))
    expect(overloaded.length).toBe(5_000 - 4_096)
    await one.stop()
    await one.stop()
    expect(await countBegun([two], { requestsPerMinute: 100_000 }, 4_096)).toBe(4_096)
  })
})

describe('whatever gateways do', () => {
  const act = fc.record({
    meter: fc.nat(2),
    kind: fc.constantFrom('begin', 'tokens', 'pass', 'fail', 'heal'),
    amount: fc.integer({ min: 1, max: 60 }),
    used: fc.integer({ min: 0, max: 60 }),
  })

  test('no more is admitted in any time than the limit and what it gives back in that time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 80 }), async (acts) => {
        const world = new World()
        const meters = ['a', 'b', 'c'].map((name) => world.meter(name, 3_000))
        const rates = { requestsPerMinute: 50, tokensPerMinute: 600, concurrentRequests: 7 }
        const begun: number[] = []
        const running: RateHold[] = []
        let tokens = 0
        const startedMs = world.nowMs
        for (const { meter: place, kind, amount, used } of acts) {
          const meter = meters[place]
          if (meter === undefined) continue
          if (kind === 'fail') world.failure = new CodedError('STORE_UNREACHABLE', { message: 'away' })
          else if (kind === 'heal') world.failure = undefined
          else if (kind === 'pass') await world.pass(amount * 20)
          else if (kind === 'begin') {
            for (let time = 0; time < amount; time += 1) {
              const held = await tryToBegin(meter, rates)
              if (held instanceof CodedError) break
              begun.push(world.nowMs)
              running.push(held)
              if (time % 3 !== 0) running.shift()?.end()
            }
            while (running.length > used % 5) running.shift()?.end()
          } else {
            const held = await (async () => await meter.takeTokens(of(rates), amount))().catch(() => undefined)
            if (held === undefined) continue
            const spent = Math.min(used, amount)
            held.settle(spent)
            tokens += spent
          }
        }
        for (const [first, fromMs] of begun.entries())
          for (let last = first; last < begun.length; last += 7) {
            const untilMs = begun[last] ?? fromMs
            expect(last - first + 1).toBeLessThanOrEqual(50 + ((untilMs - fromMs) * 50) / 60_000 + 1e-9)
          }
        expect(tokens).toBeLessThanOrEqual(600 + ((world.nowMs - startedMs) * 600) / 60_000)
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
