import { expect, test } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { CHANGED_WORDS_MAX, changedShare } from '../../../src/core/text/changed-share.ts'

/** The textbook table, one cell per pair. */
function plainShare(first: readonly string[], second: readonly string[]): number {
  let row = Array.from({ length: second.length + 1 }, () => 0)
  for (const word of first) {
    const next = [0]
    for (const [at, other] of second.entries())
      next.push(word === other ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0))
    row = next
  }
  const total = first.length + second.length
  return total === 0 ? 0 : 1 - (2 * (row.at(-1) ?? 0)) / total
}

test.each([
  ['', '', 0],
  ['one two three', 'one  two\nthree', 0],
  ['one two', 'three four', 1],
  ['a b c d', 'a b x d', 0.25],
  ['a b c d', '', 1],
  ['x = 1;', 'x = 2;', 0.25],
  ['a a a', 'a', 0.5],
])('of %j and %j: %d', (original, edited, share) => {
  expect(changedShare(original, edited)).toBe(share)
  expect(changedShare(edited, original)).toBe(share)
})

test('equals the table of all pairs, over cells of 32 words and their carries', () => {
  const draws = createRandomStream(5)
  for (let round = 0; round < 200; round += 1) {
    const alphabet = 1 + draws.nextBelow(6)
    const words = (): string[] => Array.from({ length: draws.nextBelow(140) }, () => `w${draws.nextBelow(alphabet)}`)
    const [first, second] = [words(), words()]
    expect(changedShare(first.join(' '), second.join(' '))).toBe(plainShare(first, second))
  }
})

test('is not computed where it would take long, and is where little of a long text was changed', () => {
  const words = (name: string, count: number): string =>
    Array.from({ length: count }, (_, at) => `${name}${at}`).join(' ')
  expect(changedShare(words('a', CHANGED_WORDS_MAX), words('b', CHANGED_WORDS_MAX))).toBe(1)
  expect(changedShare(words('a', CHANGED_WORDS_MAX + 1), words('b', 2))).toBeUndefined()
  const long = words('a', 4 * CHANGED_WORDS_MAX)
  expect(changedShare(long, `${long} more`)).toBeCloseTo(1 / (8 * CHANGED_WORDS_MAX + 1), 12)
})
