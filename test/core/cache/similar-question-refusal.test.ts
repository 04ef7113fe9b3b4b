import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alignTokens } from '../../../src/core/cache/align-tokens.ts'
import { comparablePrompt, lengthRefusal } from '../../../src/core/cache/comparable-prompt.ts'
import { eligibilityRefusal } from '../../../src/core/cache/prompt-eligibility.ts'
import { guardRefusal } from '../../../src/core/cache/similarity-guards.ts'
import { similarQuestionRefusal } from '../../../src/core/cache/similar-question-refusal.ts'

describe('the refusal of a similar question', () => {
  it.each([
    ['How many bones does an adult human have?', 'how many bones has an adult human', undefined],
    ['What does HTTP status 404 mean?', 'What does HTTP status 403 mean?', 'number'],
    ['What is the capital of Norway?', 'What is the capital of Cuba?', 'name'],
    ['Can I eat it raw?', 'Can I not eat it raw?', 'negation'],
    ['What is a + b?', 'What is a * b?', 'symbol'],
    ['does the cat chase the dog', 'does the dog chase the cat', 'word-order'],
    ['How do I increase the margin?', 'How do I decrease the margin?', 'opposite'],
    ['What is the weather in Oslo?', 'What is the weather in Oslo?', 'depends-on-time'],
    ['Who wrote Hamlet?', 'Where is my order?', 'depends-on-user'],
    ['', 'Who wrote Hamlet?', 'empty'],
    ['?!', 'Who wrote Hamlet?', 'no-words'],
    ['word '.repeat(300), 'Who wrote Hamlet?', 'too-long'],
  ])('of %j for %j is %j', (asked, stored, refusal) => {
    expect(similarQuestionRefusal(asked, stored)).toBe(refusal)
  })

  it('is what the similarity tier refuses before it looks at a score, for any two texts', () => {
    const words = fc.constantFrom('not', '3', '4', 'Norway', 'cuba', 'the', 'C#', 'loop', 'today', 'my order', 'rain')
    const text = fc.oneof(
      fc.array(words, { maxLength: 8 }).map((all) => all.join(' ')),
      fc.string(),
    )
    fc.assert(
      fc.property(text, text, (asked, stored) => {
        const [query, entry] = [comparablePrompt(asked), comparablePrompt(stored)]
        const unfit = eligibilityRefusal(asked) ?? eligibilityRefusal(stored)
        const expected = unfit ?? lengthRefusal(query, entry) ?? guardRefusal(alignTokens(query.tokens, entry.tokens))
        expect(similarQuestionRefusal(asked, stored)).toBe(expected)
      }),
    )
  })
})
