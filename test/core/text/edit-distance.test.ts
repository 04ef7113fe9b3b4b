import { describe, expect, it } from 'vitest'
import { isWithinEdits } from '../../../src/core/text/edit-distance.ts'

describe('isWithinEdits', () => {
  it.each([
    ['demonetisation', 'demonetization', 1, true],
    ['recieve', 'receive', 1, true],
    ['colour', 'color', 1, true],
    ['house', 'mouse', 1, true],
    ['house', 'horses', 1, false],
    ['independent', 'independant', 2, true],
    ['maximize', 'minimize', 1, false],
    ['same', 'same', 1, true],
    ['', 'ab', 2, true],
    ['', 'abc', 2, false],
    ['abcdef', 'axcdyf', 2, true],
    ['abcdef', 'axcyzf', 2, false],
  ] as const)('%s and %s within %i: %s', (first, second, editsMax, expected) => {
    expect([isWithinEdits(first, second, editsMax), isWithinEdits(second, first, editsMax)]).toEqual([
      expected,
      expected,
    ])
  })
})
