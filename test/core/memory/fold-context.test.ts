import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldContext } from '../../../src/core/memory/fold-context.ts'
import {
  appendStep,
  EMPTY_CONTEXT,
  renderContext,
  type RollingBudget,
} from '../../../src/core/memory/rolling-summary.ts'
import { estimateTokens } from '../../../src/core/models/estimate-tokens.ts'

const budgetOf = (budgetTokens: number): RollingBudget => ({ budgetTokens, countTokens: estimateTokens })
const contextOf = (texts: readonly string[]) =>
  texts.reduce((context, text, index) => appendStep(context, { id: `s${index}`, text }), EMPTY_CONTEXT)

describe('a context that is folded', () => {
  it('is the same one while it fits', () => {
    const context = contextOf(['The bridge is old.', 'It was built in 1931.'])
    expect(foldContext(context, budgetOf(200))).toBe(context)
  })

  it('keeps the newest steps in full and the sentences that say most of the older ones', () => {
    const older = [
      'It was built in 1931 by the town of Brugg.',
      'One could go on about that for a long while. '.repeat(30),
    ]
    const context = contextOf([older.join(' '), 'The bearing broke.', 'Nobody pays.'])
    const { summary, steps } = foldContext(context, budgetOf(120))
    expect(steps.map(({ text }) => text)).toEqual(['The bearing broke.', 'Nobody pays.'])
    expect(summary).toContain('1931')
  })

  it('is within its budget, whatever the steps', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 400 }), { maxLength: 8 }),
        fc.integer({ min: 0, max: 300 }),
        (texts, tokens) => {
          const budget = budgetOf(tokens)
          expect(estimateTokens(renderContext(foldContext(contextOf(texts), budget)))).toBeLessThanOrEqual(tokens)
        },
      ),
      { numRuns: 100, seed: 2026 },
    )
  })
})
