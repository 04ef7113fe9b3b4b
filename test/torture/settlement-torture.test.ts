import { describe, expect, test } from 'vitest'
import { exploreSettlement, SHORT_SEGMENTS } from './explore-settlement.ts'
import { killAtEveryBoundary } from './kill-settlement.ts'
import { withoutSyncs } from './settlement-torture.ts'
import { readTrace, traceSettlement } from './trace-settlement.ts'

const isRequired = (process.env['KERNELL_REQUIRE'] ?? '').split(',').includes('strace')

describe('a settlement', () => {
  test('survives every fault of the disk and every cut of the power', { timeout: 240_000 }, async () => {
    const { faultPoints, runs, failures } = await exploreSettlement({ seed: 1 })
    expect(failures).toEqual([])
    expect(faultPoints).toBeGreaterThan(40)
    expect(runs).toBe(faultPoints * 9)
  })

  test('survives every third of them with segments closed in between', { timeout: 400_000 }, async () => {
    const { faultPoints, runs, failures } = await exploreSettlement({ seed: 1, every: 3, segments: SHORT_SEGMENTS })
    expect(failures).toEqual([])
    expect(faultPoints).toBeGreaterThan(80)
    expect(runs).toBe(Math.ceil(faultPoints / 3) * 9)
  })

  test('is missed by a journal that is not synced', { timeout: 240_000 }, async () => {
    const { failures } = await exploreSettlement({ seed: 1, plant: withoutSyncs })
    expect(failures.length).toBeGreaterThan(0)
  })

  test('survives the death of its process', { timeout: 240_000 }, async () => {
    const { boundaries, failures } = await killAtEveryBoundary({ every: 17, isOver: () => false })
    expect(failures).toEqual([])
    expect(boundaries).toBeGreaterThan(40)
  })

  test('is told to nobody before the disk has it', { timeout: 120_000 }, (context) => {
    const traced = traceSettlement()
    if (traced === undefined && !isRequired) context.skip('strace is not installed')
    expect(traced?.failures).toEqual([])
    expect(traced?.receipts).toBe(9)
    expect(traced?.syncs).toBeGreaterThanOrEqual(18)
  })

  test('a receipt between a write and its sync is noticed in a trace', () => {
    const lines = [
      '7 write(21</n/journal/0>, "x", 1) = 1',
      '8 fdatasync(21</n/journal/0> <unfinished ...>',
      '7 write(1<pipe:[1]>, "R 0 ab"..., 9) = 9',
      '8 <... fdatasync resumed>) = 0',
      '7 write(1<pipe:[1]>, "R 1 ab"..., 9) = 9',
    ]
    expect(readTrace(lines.join('\n'), '/n')).toEqual({
      receipts: 2,
      syncs: 1,
      failures: ['receipt 1 left before /n/journal/0 was synced'],
    })
  })
})
