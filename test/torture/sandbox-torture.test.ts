import { describe, expect, test } from 'vitest'
import { isLeftOut } from '../sandbox/runtimes-here.ts'
import { runSandboxes, SANDBOX_PLANTS, SANDBOX_TORTURE } from './sandbox-torture.ts'

const INIT = { runs: 1, deadlineMs: undefined, plant: '', log: () => {}, only: 'subprocess' } as const

describe.skipIf(isLeftOut('subprocess'))('the torture of sandboxes', { timeout: 60_000 }, () => {
  test('kills a parent, and finds nothing of it', async () => {
    const { failures, counts, runs } = await runSandboxes({ ...INIT, firstSeed: 1 })
    expect([failures, runs]).toEqual([[], 1])
    expect(counts['subprocess, killed parents']).toMatch(/^1; [1-9]/)
  })

  test.each(Object.keys(SANDBOX_PLANTS))('notices %s', async (plant) => {
    // The second seed mixes attacks that are ended by time.
    const { failures } = await runSandboxes({ ...INIT, firstSeed: 2, plant })
    expect(failures.length).toBeGreaterThan(0)
  })
})

test('a runtime that is nowhere is a failure, not a success without rounds', async () => {
  const { failures } = await runSandboxes({ ...INIT, firstSeed: 1, only: 'none of them' })
  expect(failures).toHaveLength(1)
  expect(Object.keys(SANDBOX_TORTURE.plants)).toEqual(['survivor', 'directory', 'strict'])
})
