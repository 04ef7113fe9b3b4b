import { describe, expect, it } from 'vitest'
import { questionTokens, TOKENS_MAX } from '../../../src/core/text/question-tokens.ts'

const words = (text: string): string[] => questionTokens(text).map(({ word }) => word)
const stems = (text: string): string[] => questionTokens(text).map(({ stem }) => stem)

describe('question tokens', () => {
  it.each([
    [
      'contractions',
      "What's wrong? I can't, won't and don't know.",
      ['what', 'is', 'wrong', 'i', 'can', 'not', 'will', 'not', 'and', 'do', 'not', 'know'],
    ],
    ['curly apostrophes and possessives', 'What’s Trump’s plan?', ['what', 'is', 'trump', 'plan']],
    [
      'numbers with separators and endings',
      '1,000 on the 21st, two and 3.5',
      ['1000', 'on', 'the', '21', '2', 'and', '3.5'],
    ],
    ['names with symbols', 'C, C++ and C#', ['c', 'c++', 'and', 'c#']],
    ['symbols that matter', 'Is a = b or a == b?', ['is', 'a', '=', 'b', 'or', 'a', '=', '=', 'b']],
    ['and written as a sign', 'salt & pepper', ['salt', 'and', 'pepper']],
    ['other scripts', 'Что такое Ёлка?', ['что', 'такое', 'ёлка']],
    ['nothing at all', ' ... ?! ', []],
  ])('reads %s', (_, text, expected) => {
    expect(words(text)).toEqual(expected)
  })

  it('joins the inflections of a word', () => {
    expect(stems('loving loves loved love')).toEqual(['lov', 'lov', 'lov', 'lov'])
    expect(stems('running runs run')).toEqual(['run', 'run', 'run'])
    expect(stems('cities city')).toEqual(['citi', 'citi'])
  })

  it('sees a name by its capital, but not at the start of a sentence', () => {
    const named = questionTokens('Is Paris big? Rome is.').filter(({ isCapitalised }) => isCapitalised)
    expect(named.map(({ word }) => word)).toEqual(['paris'])
  })

  it('stops one token after the most that are compared', () => {
    expect(questionTokens('word '.repeat(10_000))).toHaveLength(TOKENS_MAX + 1)
  })

  it('takes no longer for hostile text than for other text', () => {
    const startedMs = performance.now()
    questionTokens("a'".repeat(100_000))
    questionTokens('1,'.repeat(100_000))
    expect(performance.now() - startedMs).toBeLessThan(1_000)
  })
})
