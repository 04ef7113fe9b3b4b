import { describe, expect, it } from 'vitest'
import { DOUBT_PLACE, RESPONSE_FEATURES, responseFeatures } from '../../../src/core/policy/response-features.ts'

const PROMPT = 'Ann has 20 pears and buys 1 more. How many has she?'

function featureOf(name: string, answer: string, prompt = PROMPT): number | undefined {
  return responseFeatures(prompt, answer)[RESPONSE_FEATURES.indexOf(name)]
}

describe('what an answer shows of itself', () => {
  it.each([
    'The answer is 21',
    'Final answer: 21',
    'So the answer to this question is 21 pears.',
    'Thus $\\boxed{21}$.',
    '20 + 1 = 21\n**21**',
    '20 + 1\n\n21\n',
  ])('is a result that it announces: %j', (answer) => {
    expect([featureOf('finalMarker', answer), featureOf('finalInteger', answer)]).toEqual([1, 1])
  })

  it.each(['She has 21 pears.', 'I answer 20 questions', ''])('is none: %j', (answer) => {
    expect(featureOf('finalMarker', answer)).toBe(0)
  })

  it('takes the announced number before a later one', () => {
    expect(featureOf('finalIsResult', '20 + 1 = 21. The answer is 21, which took 7 minutes.')).toBe(1)
  })

  it.each([
    ['The answer is -3', 1],
    ['The answer is -$3', 1],
    ['20 - 3', 0],
    ['- 3 pears', 0],
  ])('tells a sign from a subtraction: %s', (answer, negative) => {
    expect(featureOf('finalNegative', answer)).toBe(negative)
  })

  it('doubts a wrong sum more than a right one', () => {
    const right = responseFeatures(PROMPT, '20 + 1 = 21\nThe answer is 21')[DOUBT_PLACE] ?? 0
    const wrong = responseFeatures(PROMPT, '20 + 1 = 22\nThe answer is 21')[DOUBT_PLACE] ?? 0
    expect(wrong).toBeGreaterThan(right + 3)
  })

  it.each(['((((1 + ', '\n', 'answer ', '1 ', '1=', '- ', 'a'])(
    'takes time linear in the answer: %j repeated',
    (piece) => {
      const startedAt = performance.now()
      const features = responseFeatures(PROMPT, piece.repeat(60_000 / piece.length))
      expect(features.every(Number.isFinite)).toBe(true)
      expect(performance.now() - startedAt).toBeLessThan(1_000)
    },
  )
})
