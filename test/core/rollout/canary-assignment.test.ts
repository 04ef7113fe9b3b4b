import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { canaryPosition, isInCanary } from '../../../src/core/rollout/canary-assignment.ts'

const native = (text: string): string => createHash('sha256').update(text).digest('hex')
const keyOf = (index: number, candidate = 'policy-1-a'): Parameters<typeof canaryPosition>[0] => ({
  candidate,
  tenant: `tenant-${index % 7}`,
  conversation: `question ${index}`,
})
const COUNT = 20_000
const keys = Array.from({ length: COUNT }, (_, index) => keyOf(index))

describe('who is in a canary', () => {
  it('is nobody at 0 % and everybody at 100 %', () => {
    expect(keys.filter((key) => isInCanary(key, 0, native))).toHaveLength(0)
    expect(keys.filter((key) => isInCanary(key, 100, native))).toHaveLength(COUNT)
  })

  it('is the share that was asked for, within five standard deviations', () => {
    for (const percent of [0.1, 1, 5, 10, 25, 50, 90]) {
      const share = percent / 100
      const deviation = Math.sqrt(COUNT * share * (1 - share))
      const count = keys.filter((key) => isInCanary(key, percent, native)).length
      expect(Math.abs(count - COUNT * share), `at ${percent} %`).toBeLessThan(5 * deviation)
    }
  })

  it('stays in as the share grows, and is the same at every request', () => {
    const steps = [1, 2, 5, 10, 25, 50, 99]
    for (const key of keys.slice(0, 3_000)) {
      const isIn = steps.map((percent) => isInCanary(key, percent, native))
      expect(isIn).toEqual(steps.map((percent) => isInCanary(key, percent, native)))
      expect(isIn.indexOf(false, isIn.indexOf(true) === -1 ? steps.length : isIn.indexOf(true))).toBe(-1)
    }
  })

  it('is another share of the conversations for another candidate', () => {
    const of = (candidate: string): ReadonlySet<number> =>
      new Set(keys.flatMap((_, index) => (isInCanary(keyOf(index, candidate), 10, native) ? [index] : [])))
    const [one, two] = [of('policy-1-a'), of('policy-1-b')]
    const both = [...one].filter((index) => two.has(index)).length
    // Independent choices share a hundredth of all.
    expect(both).toBeGreaterThan(COUNT / 100 / 2)
    expect(both).toBeLessThan((COUNT / 100) * 2)
  })

  it('tells tenants apart that are written so that they run into their conversation', () => {
    const one = canaryPosition({ candidate: 'c', tenant: 'a b', conversation: 'x' }, native)
    const two = canaryPosition({ candidate: 'c', tenant: 'a', conversation: 'b x' }, native)
    expect(one).not.toBe(two)
  })
})
