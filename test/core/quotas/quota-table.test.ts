import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createQuotaTable, PURSES_MAX, type QuotaTable, takeQuota } from '../../../src/core/quotas/quota-table.ts'

const RULES = [
  { scope: 'node', perMinute: 600, burst: 20 },
  { scope: 'key:*', perMinute: 60, burst: 5 },
  { scope: 'key:vip', perMinute: 600, burst: 10 },
]

class Driven {
  table: QuotaTable = createQuotaTable(RULES)

  take(scopes: readonly string[], atMs: number): string {
    const outcome = takeQuota(this.table, { scopes, atMs })
    this.table = outcome.table
    return outcome.kind === 'granted' ? 'granted' : `${outcome.scope} ${outcome.waitMs}`
  }
}

describe('quotas', () => {
  it('are of each scope by itself, a burst and then its rate', () => {
    const quotas = new Driven()
    for (let count = 0; count < 5; count += 1) expect(quotas.take(['key:a'], 0)).toBe('granted')
    expect(quotas.take(['key:a'], 0)).toBe('key:a 1000')
    expect(quotas.take(['key:b'], 0)).toBe('granted')
    expect(quotas.take(['key:a'], 999)).toBe('key:a 1')
    expect(quotas.take(['key:a'], 1_000)).toBe('granted')
    expect(quotas.take(['key:a'], 500)).toBe('key:a 1000')
    expect(quotas.take(['tenant:free'], 0)).toBe('granted')
  })

  it('take from all scopes or from none', () => {
    const quotas = new Driven()
    for (let count = 0; count < 5; count += 1) expect(quotas.take(['node', 'key:a'], 0)).toBe('granted')
    for (let count = 0; count < 50; count += 1) expect(quotas.take(['node', 'key:a'], 0)).toBe('key:a 1000')
    for (let count = 0; count < 15; count += 1) expect(quotas.take(['node'], 0)).toBe('granted')
    expect(quotas.take(['node'], 0)).toBe('node 100')
  })

  it('are never passed, whatever the instants', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -500, max: 4_000 }), { maxLength: 200 }), (gaps) => {
        const quotas = new Driven()
        let at = 0
        let latest = 0
        let granted = 0
        for (const gap of gaps) {
          at = Math.max(0, at + gap)
          latest = Math.max(latest, at)
          if (quotas.take(['key:a'], at) === 'granted') granted += 1
        }
        const forward = gaps.reduce((sum, gap) => sum + Math.max(0, gap), 0)
        expect(granted).toBeLessThanOrEqual(5 + forward / 1_000)
      }),
    )
  })

  it('of names that anybody can make up stay bounded, and leave those that are known their own', () => {
    const quotas = new Driven()
    expect(quotas.take(['key:mine'], 0)).toBe('granted')
    for (let count = 0; count < PURSES_MAX + 20; count += 1) quotas.take([`key:made-up-${count}`], 0)
    expect(quotas.table.purses.size).toBeLessThanOrEqual(PURSES_MAX + 1)
    expect(quotas.take(['key:new'], 0)).toMatch(/^key:new \d+$/)
    expect(quotas.take(['key:mine'], 0)).toBe('granted')
    // Those that have rested make room again.
    expect(quotas.take(['key:new'], 60_000)).toBe('granted')
    expect(quotas.table.purses.size).toBeLessThan(10)
  })
})
