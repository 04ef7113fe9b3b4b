import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { civilDateOfDays, type CivilDate } from '../../../src/core/models/civil-date.ts'
import type { RegretLimits } from '../../../src/core/policy/exploration/regret-account.ts'
import { openRegretLedger, type StoredRegretLedger } from '../../../src/router/rollout/regret-ledger.ts'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'

const LIMITS: RegretLimits = { utilityPerDay: 8, usdPerDay: 1 }
const MONDAY = civilDateOfDays(20_000)
const dayAfter = (days: number): CivilDate => civilDateOfDays(20_000 + days)
/** 128 of them are a day, without rounding. */
const DRAW = { utility: 1 / 16, usd: 1 / 128 }

/** A disk that counts its writes, and fails or dies when it is told to. */
class Disk {
  readonly store = createMemoryKeyValueStore()
  readonly failures: unknown[] = []
  writes = 0
  isFailing = false

  async open(today = MONDAY, limits = LIMITS): Promise<StoredRegretLedger> {
    const store: KeyValueStore = Object.create(this.store, {
      get: { value: async (key: string) => await this.store.get(key) },
      put: {
        value: async (key: string, value: Uint8Array) => {
          await Promise.resolve()
          if (this.isFailing) throw new Error('the disk is full')
          this.writes += 1
          await this.store.put(key, value)
        },
      },
    }) as KeyValueStore
    return await openRegretLedger({ store, today, limits, onError: (error) => this.failures.push(error) })
  }
}

/** One decision that explores when it may; whether it did. */
function draw(ledger: StoredRegretLedger, day = MONDAY, limits = LIMITS): boolean {
  const { utility = 0, usd = 0 } = ledger.left(limits, day)
  const isDrawn = DRAW.utility <= utility && DRAW.usd <= usd
  ledger.book(isDrawn ? DRAW : { utility: 0, usd: 0 }, day)
  return isDrawn
}

const turn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))

/** Explores until nothing is left, and counts the draws. */
async function exhaust(ledger: StoredRegretLedger, day = MONDAY): Promise<number> {
  let drawn = 0
  for (let tries = 0; tries < 2_000; tries += 1) {
    drawn += Number(draw(ledger, day))
    if (tries % 10 === 0) await turn()
  }
  return drawn
}

describe('the regret account of a node', () => {
  it('gives the whole of a day, in few writes', async () => {
    const disk = new Disk()
    expect(await exhaust(await disk.open())).toBe(128)
    expect(disk.writes).toBeLessThanOrEqual(24)
  })

  it('goes on after a restart where it was, to the last draw', async () => {
    const disk = new Disk()
    const first = await disk.open()
    for (let count = 0; count < 50; count += 1) {
      expect(draw(first)).toBe(true)
      await turn()
    }
    await first.close()
    expect(await exhaust(await disk.open())).toBe(78)
    expect((await disk.open()).left(LIMITS, MONDAY)).toEqual({ utility: 0, usd: 0 })
    expect(await exhaust(await disk.open(dayAfter(1)), dayAfter(1))).toBe(128)
  })

  it('gives nothing while it is being closed, so that what it puts down is all', async () => {
    const disk = new Disk()
    const ledger = await disk.open()
    draw(ledger)
    const closing = ledger.close()
    expect(draw(ledger)).toBe(false)
    await closing
    expect(draw(ledger)).toBe(false)
    expect(await exhaust(await disk.open())).toBe(127)
  })

  it('loses what was reserved and not spent to a crash, an eighth of the day, and grants none again', async () => {
    const disk = new Disk()
    const first = await disk.open()
    for (let count = 0; count < 50; count += 1) {
      draw(first)
      await turn()
    }
    // Nobody closed it.
    const drawn = 50 + (await exhaust(await disk.open()))
    expect(drawn).toBeLessThanOrEqual(128)
    expect(drawn).toBeGreaterThanOrEqual(128 - 16)
    // Crash after crash there is less, and never more.
    const crashing = new Disk()
    let sum = 0
    for (let count = 0; count < 100; count += 1) {
      const ledger = await crashing.open()
      for (let draws = 0; draws < 3; draws += 1) sum += Number(draw(ledger))
    }
    expect(sum).toBeLessThanOrEqual(128)
  })

  it('waits for the disk, and explores no more than was reserved while that refuses', async () => {
    const disk = new Disk()
    const ledger = await disk.open()
    disk.isFailing = true
    expect(await exhaust(ledger)).toBe(16)
    expect(disk.failures.length).toBeGreaterThan(0)
    // Not one write for each decision.
    expect(disk.failures.length).toBeLessThanOrEqual(3)
    disk.isFailing = false
    expect(await exhaust(ledger)).toBeGreaterThan(100)
  })

  it('takes what it cannot read as a day that is used up, and no other', async () => {
    for (const bytes of ['nothing', '{}', '{"format":1,"accounts":[{"day":"2026-02-30"}],"closed_through":null}']) {
      const disk = new Disk()
      await disk.store.put('book', new TextEncoder().encode(bytes))
      const ledger = await disk.open()
      expect(await exhaust(ledger), bytes).toBe(0)
      expect(await exhaust(ledger, dayAfter(-1)), bytes).toBe(0)
      expect(await exhaust(ledger, dayAfter(1)), bytes).toBe(128)
    }
  })

  it('gives a small day in one part, and sets no limit where there is none', async () => {
    const disk = new Disk()
    const ledger = await disk.open(MONDAY, { utilityPerDay: 0.2 })
    expect(ledger.left({ utilityPerDay: 0.2 }, MONDAY)).toEqual({ utility: 0.2 })
    expect(ledger.left({}, MONDAY)).toEqual({})
    expect(disk.writes).toBe(1)
  })
})

describe('a clock that jumps', () => {
  it('grants a day its regret once, however often the clock comes back to it', async () => {
    const disk = new Disk()
    let ledger = await disk.open()
    const sums = new Map<CivilDate, number>()
    for (const days of [0, 1, 0, 400, 0, 1, 2, 0, 400, 2, -3, 0]) {
      const day = dayAfter(days)
      sums.set(day, (sums.get(day) ?? 0) + (await exhaust(ledger, day)))
      await ledger.close()
      ledger = await disk.open(day)
    }
    expect(Object.fromEntries(sums)).toEqual(
      Object.fromEntries([0, 1, 400, 2, -3].map((days) => [dayAfter(days), 128])),
    )
  })

  it('goes on with the days as they come after it was a year ahead', async () => {
    const disk = new Disk()
    const ledger = await disk.open()
    await exhaust(ledger, dayAfter(365))
    for (let days = 1; days < 60; days += 1) expect(await exhaust(ledger, dayAfter(days))).toBe(128)
    expect(await exhaust(ledger, dayAfter(3))).toBe(0)
    const kept = JSON.parse(new TextDecoder().decode(await disk.store.get('book'))) as { accounts: unknown[] }
    expect(kept.accounts).toHaveLength(32)
  })

  it(
    'never gives a day more than its limit, whatever crashes, fails and jumps, in 200 orders of events',
    { timeout: 60_000 },
    async () => {
      for (let seed = 1; seed <= 200; seed += 1) {
        const random = createRandomStream(seed)
        const disk = new Disk()
        let ledger = await disk.open()
        let day = MONDAY
        const sums = new Map<CivilDate, number>()
        for (let step = 0; step < 120; step += 1) {
          const what = random.nextBelow(20)
          if (what === 0) ledger = await disk.open(day)
          if (what === 1) {
            await ledger.close()
            ledger = await disk.open(day)
          }
          if (what === 2) day = dayAfter(random.nextBelow(40) - 3)
          if (what === 3) disk.isFailing = !disk.isFailing
          if (what >= 4) {
            for (let draws = 0; draws < 12; draws += 1) sums.set(day, (sums.get(day) ?? 0) + Number(draw(ledger, day)))
            await turn()
          }
        }
        for (const [of, drawn] of sums) if (drawn > 128) expect(drawn, `seed ${seed}, ${of}`).toBeLessThanOrEqual(128)
      }
    },
  )
})
