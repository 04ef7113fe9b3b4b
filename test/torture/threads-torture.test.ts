import { describe, expect, test } from 'vitest'
import { stressThreads } from './stress-threads.ts'
import { THREAD_PLANTS } from './threads-plants.ts'
import { THREADS_TORTURE } from './threads-torture.ts'

describe('actors whose workers are killed while they move', () => {
  test('lose no message in silence, and handle none twice', { timeout: 60_000 }, async () => {
    const { failures, kills, moves, messages } = await stressThreads({ seed: 3, rounds: 60 })
    expect(failures).toEqual([])
    expect([kills > 4, moves > 10, messages > 5_000]).toEqual([true, true, true])
  })

  test.each(Object.keys(THREAD_PLANTS))('%s is noticed', { timeout: 60_000 }, async (plant) => {
    const failures: string[] = []
    for (let seed = 1; seed < 12 && failures.length === 0; seed += 1) {
      failures.push(...(await stressThreads({ seed, rounds: 40, plant, quietMs: 500 })).failures)
    }
    expect(failures.length).toBeGreaterThan(0)
  })
})

test('the plants are those that are listed', () => {
  expect(Object.keys(THREADS_TORTURE.plants)).toEqual(['no-salvage', 'resend-all', 'moved-without-mail'])
})
