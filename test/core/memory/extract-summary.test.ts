import fc from 'fast-check'
import { expect, it, test } from 'vitest'
import { extractSummary } from '../../../src/core/memory/extract-summary.ts'

fc.configureGlobal({ seed: 2026 })

const within = (length: number) => ({ fits: (text: string): boolean => text.length <= length })

test('keeps sentences that say most of what the texts are about, in their order', () => {
  const texts = [
    'The migration of the billing database failed. It was raining outside.',
    'We restored the billing database from a backup of 12 May.\nSomebody made coffee.',
    'The migration of the billing database was run again and took 40 minutes.',
  ]
  const summary = extractSummary(texts, within(150))
  expect(summary).toBe(
    'We restored the billing database from a backup of 12 May. The migration of the billing database was run again and took 40 minutes.',
  )
})

test('does not say the same thing twice', () => {
  const texts = ['The parser is slow.', 'The parser is slow!', 'The cache was cold and the index was missing.']
  const summary = extractSummary(texts, within(70))
  expect(summary).toContain('index was missing')
  expect(summary.match(/parser/g)).toHaveLength(1)
})

test('keeps everything that fits', () => {
  expect(extractSummary(['One. Two.', 'Three'], within(100))).toBe('One. Two. Three')
})

test('cuts the best sentence where none fits', () => {
  expect(extractSummary(['alpha beta gamma delta epsilon'], within(20))).toBe('alpha beta gamma ...')
})

it('never exceeds what fits and says nothing that was not there', () => {
  const word = fc.constantFrom('alpha', 'beta', '42', 'été', '😀', 'the', '. ', '! ', '\n')
  const text = fc.array(word, { maxLength: 20 }).map((words) => words.join(' '))
  fc.assert(
    fc.property(fc.array(text, { maxLength: 6 }), fc.nat({ max: 120 }), (texts, length) => {
      const summary = extractSummary(texts, within(length))
      expect(summary.length).toBeLessThanOrEqual(length)
      const said = new Set(texts.join(' ').split(/\s+/))
      for (const piece of summary.replace(/ \.\.\.$/, '').split(/\s+/)) {
        if (piece !== '') expect([...said].some((whole) => whole.startsWith(piece))).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})
