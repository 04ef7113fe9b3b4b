import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileLinearRegex } from '../../../src/core/text/linear-regex-program.ts'
import { findAllMatches } from '../../../src/core/text/linear-regex.ts'

fc.configureGlobal({ seed: 2026 })

const atom = fc.constantFrom('a', 'b', 'c', '.', '\\d', '[ab]', '[^a]', '\\w', '\\s', '[a-c1]', '1', ' ')
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '*?', '+?', '??', '{2,}')
const piece = fc.oneof(
  fc.tuple(atom, quantifier).map((parts) => parts.join('')),
  fc.tuple(atom, quantifier, atom, atom).map(([a, q, b, c]) => `(${a}${q}${b}|${c})`),
  fc.tuple(atom, atom, quantifier).map(([a, b, q]) => `(?:${a}${b})${q}`),
  fc.constantFrom('^', '$', '\\b'),
)
const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''))
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', ' ', '\n', 'A'), maxLength: 24 })

describe('linear regex', () => {
  it('finds what the built-in engine finds', () => {
    fc.assert(
      fc.property(pattern, text, fc.boolean(), (source, subject, ignoreCase) => {
        const regex = compileLinearRegex(source, { ignoreCase })
        if (regex === undefined) return
        const expected = [...subject.matchAll(new RegExp(source, ignoreCase ? 'gi' : 'g'))].map((match) => ({
          start: match.index,
          end: match.index + match[0].length,
        }))
        expect(findAllMatches(regex, subject), source).toEqual(expected)
      }),
      { numRuns: 4000 },
    )
  })

  it('refuses what needs backtracking', () => {
    for (const source of ['(a)\\1', 'a(?=b)', '(?<!a)b', '(?<n>a)', '(a*)*', '(a|b?)+', '(', 'a{2', '[b-a]', '*a']) {
      expect(compileLinearRegex(source), source).toBeUndefined()
    }
  })

  it('stays linear on a pattern that makes backtracking engines hang', () => {
    const regex = compileLinearRegex('(a|aa)+$')
    expect(regex && findAllMatches(regex, `${'a'.repeat(2000)}!`)).toEqual([])
  })

  it('gives up at the step limit', () => {
    const regex = compileLinearRegex('a*b|a')
    expect(regex && findAllMatches(regex, 'a'.repeat(5000), { stepsMax: 10_000 })).toBeUndefined()
  })
})
