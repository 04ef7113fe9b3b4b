import { describe, expect, test } from 'vitest'
import { exploreRing } from './explore-ring.ts'
import { RING_PLANTS } from './ring-model.ts'

describe('the ring between two threads', () => {
  test('neither tears a record nor loses a wake, in every order of its steps', () => {
    const { failures, states, isComplete } = exploreRing({ messages: 5, statesMax: 1_000_000 })
    expect(failures).toEqual([])
    expect([states, isComplete]).toEqual([20_743, true])
  })

  test.each(Object.entries(RING_PLANTS))('%s is noticed', (_name, { defect }) => {
    const { failures, isComplete } = exploreRing({ messages: 4, statesMax: 1_000_000, defect })
    expect([failures.length > 0, isComplete]).toEqual([true, true])
  })
})
