import { describe, expect, test } from 'vitest'
import { exploreRing } from './explore-ring.ts'
import { RING_PLANTS } from './ring-model.ts'
import { RING_TORTURE } from './ring-torture.ts'
import { stressRing } from './stress-ring.ts'

describe('the model of the ring', () => {
  test('neither tears a record nor loses a wake, in every order of its steps', () => {
    const { failures, states, isComplete } = exploreRing({ messages: 4, statesMax: 1_000_000 })
    expect(failures).toEqual([])
    expect([states, isComplete]).toEqual([258_232, true])
  })

  test.each(Object.entries(RING_PLANTS))('%s is noticed', (_name, { defect }) => {
    const { failures, isComplete } = exploreRing({ messages: 4, statesMax: 1_000_000, defect })
    expect([failures.length > 0, isComplete]).toEqual([true, true])
  })
})

describe('the ring between two threads', () => {
  test('carries a million messages as fast as they go', { timeout: 60_000 }, async () => {
    const { failures, messages } = await stressRing({ seed: 11, work: { messages: 1_000_000 } })
    expect([failures, messages]).toEqual([[], 1_000_000])
  })

  test('loses no wake in a thousand', { timeout: 60_000 }, async () => {
    const { failures, parks, wakes } = await stressRing({ seed: 12, work: { parks: 1_000 } })
    expect(failures).toEqual([])
    expect(parks).toBeGreaterThanOrEqual(1_000)
    // At the end both may be asleep.
    expect(parks - wakes).toBeLessThanOrEqual(2)
  })

  test('that loses a bell is noticed', { timeout: 60_000 }, async () => {
    const { failures } = await stressRing({ seed: 13, work: { parks: 100_000 }, plant: 'dropped-bell', stallMs: 1_000 })
    expect(failures).toEqual([expect.stringMatching(/^lost wake/)])
  })
})

test('the plants are those of the model, and one of the threads', () => {
  expect(Object.keys(RING_TORTURE.plants)).toEqual([...Object.keys(RING_PLANTS), 'dropped-bell'])
})
