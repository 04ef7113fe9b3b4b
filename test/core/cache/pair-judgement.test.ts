import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comparablePrompt } from '../../../src/core/cache/comparable-prompt.ts'
import { createPairJudge, createPairRanker } from '../../../src/core/cache/judge-pair.ts'
import { measurePair, PAIR_FEATURES } from '../../../src/core/cache/pair-features.ts'
import { eligibilityRefusal } from '../../../src/core/cache/prompt-eligibility.ts'
import { guardRefusal } from '../../../src/core/cache/similarity-guards.ts'
import { questionTokens } from '../../../src/core/text/question-tokens.ts'
import { overlapCalibration } from '../../router/cache/cache-fixture.ts'

const guardOf = (query: string, stored: string): string | undefined =>
  guardRefusal(
    measurePair(comparablePrompt(query), comparablePrompt(stored), { cosine: 0.9, rarityOf: () => 5 }).alignment,
  )

describe('guards', () => {
  it.each([
    ['How do I lose 10 kg?', 'How do I lose 20 kg?', 'number'],
    ['Who won in 2016?', 'Who won?', 'number'],
    ['Is it safe to run?', 'Is it not safe to run?', 'negation'],
    ['How do I study with coaching?', 'How do I study without coaching?', 'negation'],
    ['Can I do it?', "Can't I do it?", 'negation'],
    ['What is a + b?', 'What is a * b?', 'symbol'],
    ['What is Python in Windows?', 'What is Python in Linux?', 'name'],
    ['How big is India compared to China?', 'How big is India compared to Japan?', 'name'],
    ['What do cats think of dogs?', 'What do dogs think of cats?', 'word-order'],
    ['How do I maximize profit?', 'How do I minimize profit?', 'opposite'],
    ['How do I maximise profit?', 'How do I minimise profit?', 'opposite'],
    ['how do i raise the price', 'how do i lower the price', 'opposite'],
    ['how to read a file in c', 'how to read a file in c#', 'symbol'],
    ['how to read a file in c++', 'how to read a file in c', 'symbol'],
    ['how to read a file in c++', 'how to read a file in c#', 'symbol'],
    ['What is possible in chess?', 'What is impossible in chess?', 'opposite'],
    ['What did people eat before the war?', 'What did people eat after the war?', 'opposite'],
    ['What is the best way to learn?', 'What is the best way for learning?', undefined],
    ['What are two ways to learn?', 'What are 2 ways to learn?', undefined],
    ['How do I reset my gmail password', 'How can I reset my Gmail password?', undefined],
  ])('%j against %j: %s', (query, stored, expected) => {
    expect([guardOf(query, stored), guardOf(stored, query)]).toEqual([expected, expected])
  })

  it('refuse every change of a number, wherever it stands', () => {
    const word: fc.Arbitrary<string> = fc.constantFrom(
      'how',
      'many',
      'people',
      'live',
      'there',
      'in',
      'total',
      'houses',
    )
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 8 }),
        fc.nat(99_999),
        fc.nat(99_999),
        fc.nat(8),
        (words, one, other, at) => {
          fc.pre(one !== other)
          const withNumber = (value: number): string => words.toSpliced(at, 0, String(value)).join(' ')
          expect(guardOf(withNumber(one), withNumber(other))).toBe('number')
        },
      ),
      { seed: 1 },
    )
  })
})

describe('eligibility', () => {
  it.each([
    ['What is the weather in Rome?', 'depends-on-time'],
    ['Who is the president now?', 'depends-on-time'],
    ['What happened this week?', 'depends-on-time'],
    ['Where is my order?', 'depends-on-user'],
    ['Summarise the attached file', 'depends-on-user'],
    ['What is above the clouds?', undefined],
    ['   ', 'empty'],
    [`Translate: ${'x'.repeat(1_000)}`, 'too-long'],
    ['What is a monad?', undefined],
    ['How do I improve my English?', undefined],
  ])('%j: %s', (prompt, expected) => {
    expect(eligibilityRefusal(prompt)).toBe(expected)
  })
})

describe('measures of a pair', () => {
  it('number as many as they have names, all finite, and a pair of equal texts differs in nothing', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        (one, other) => {
          const { values } = measurePair(comparablePrompt(one), comparablePrompt(other), {
            cosine: 0.5,
            rarityOf: () => 1,
          })
          expect(values).toHaveLength(PAIR_FEATURES.length)
          expect(values.every(Number.isFinite)).toBe(true)
          const same = measurePair(comparablePrompt(one), comparablePrompt(one), { cosine: 1, rarityOf: () => 1 })
          expect(same.differences).toEqual([])
          expect(same.values[PAIR_FEATURES.indexOf('overlap')]).toBe(questionTokens(one).length === 0 ? 0 : 1)
        },
      ),
      { seed: 2 },
    )
  })

  it('see misspellings, joined words and inflections as such', () => {
    const { values } = measurePair(
      comparablePrompt('Is demonetisation good for smart phones?'),
      comparablePrompt('Is demonetization good for smartphones?'),
      { cosine: 0.9, rarityOf: () => 1 },
    )
    const of = (name: string): number | undefined => values[PAIR_FEATURES.indexOf(name)]
    expect([of('misspellings'), of('compounds'), of('meaning-unmatched-most')]).toEqual([1, 1, 0])
  })
})

describe('the judge', () => {
  const calibration = overlapCalibration()
  const judge = createPairJudge(calibration)
  const rank = createPairRanker(calibration)
  const [query, reworded, other] = [
    'How do I learn to cook?',
    'How can I learn to cook?',
    'How do I learn 3 songs?',
  ].map(comparablePrompt)

  it('accepts from its threshold on, and ranks refused pairs below all others', () => {
    if (query === undefined || reworded === undefined || other === undefined) throw new Error('fixture')
    expect(judge(query, reworded, 0.9)).toMatchObject({ kind: 'scored', isAccepted: true })
    expect(judge(query, other, 0.9)).toEqual({ kind: 'guarded', guard: 'number' })
    expect(rank(query, reworded, 0.9)).toBeGreaterThan(0.9)
    expect(rank(query, other, 0.9)).toBeLessThan(0)
  })

  it('accepts nothing of a form that the calibration does not vouch for', () => {
    const { statement, ...thresholds } = calibration.thresholds
    const careful = createPairJudge({ ...calibration, thresholds })
    const [one, two] = ['The cat sat on the mat', 'A cat sat on the mat'].map(comparablePrompt)
    if (one === undefined || two === undefined) throw new Error('fixture')
    expect(statement).toBeDefined()
    expect([judge(one, two, 0.9), careful(one, two, 0.9)]).toMatchObject([{ isAccepted: true }, { isAccepted: false }])
  })

  it('compares neither texts without words nor texts with too many', () => {
    const [empty, long] = ['...', 'word '.repeat(200)].map(comparablePrompt)
    if (query === undefined || empty === undefined || long === undefined) throw new Error('fixture')
    expect([judge(query, empty, 1), judge(long, long, 1)]).toEqual([
      { kind: 'guarded', guard: 'no-words' },
      { kind: 'guarded', guard: 'too-many-words' },
    ])
  })
})
