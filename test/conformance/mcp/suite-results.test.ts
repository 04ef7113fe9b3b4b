import { describe, expect, it } from 'vitest'
import { judge } from './suite-results.ts'

const FROZEN = {
  scenarios: ['one', 'two'],
  expected: [{ scenario: 'two', check: 'b', status: 'WARNING', reason: 'upstream' }],
}
const ONE = { scenario: 'one', checks: [{ id: 'a', status: 'SUCCESS' }] }
const TWO = {
  scenario: 'two',
  checks: [
    { id: 'b', status: 'WARNING' },
    { id: 'c', status: 'INFO' },
  ],
}

describe('the verdict on a suite', () => {
  it('is good where nothing fails but what is listed', () => {
    expect(judge([ONE, TWO], FROZEN)).toEqual({ passed: 1, expected: 1, failures: [] })
  })

  it.each([
    ['a scenario that did not run', [TWO], /one: did not run/],
    ['one without checks', [{ ...ONE, checks: [] }, TWO], /one: has no checks/],
    [
      'a failure',
      [{ ...ONE, checks: [{ id: 'a', status: 'FAILURE', message: 'why' }] }, TWO],
      /one: a is FAILURE: why/,
    ],
    ['a warning that is not listed', [{ ...ONE, checks: [{ id: 'a', status: 'WARNING' }] }, TWO], /one: a is WARNING/],
    [
      'a failure where a warning is listed',
      [ONE, { ...TWO, checks: [{ id: 'b', status: 'FAILURE' }] }],
      /two: b is FAILURE/,
    ],
    [
      'one that passes though it is listed',
      [ONE, { ...TWO, checks: [{ id: 'b', status: 'SUCCESS' }] }],
      /two: b was expected/,
    ],
  ])('is bad for %s', (_what, results, line) => {
    expect(judge(results, FROZEN).failures.join('\n')).toMatch(line)
  })
})
