import { expect, it } from 'vitest'
import { formatExplanation } from '../../src/cli/format-explanation.ts'
import type { DecisionDocument } from '../../src/node/decision-document.ts'

const text = { message: 0, score: 0.1, threshold: 0.5, scored_by: 'rules', rules: [], action: 'pass' } as const

it('an explanation says how many texts of each source were looked at, and what was found in which', () => {
  const decision = {
    route: 'cheap',
    confidence: 1,
    risk: 'low',
    difficulty: 1,
    policy_version: 'v',
    scorer: 's',
    candidates: [],
    plan: [],
    reasons: ['because'],
    texts: [
      { ...text, source: 'user' },
      { ...text, source: 'document', section: 'page' },
      { ...text, source: 'document', section: 'result-1', step: 'b', score: 0.9, rules: ['set-aside'], action: 'flag' },
    ],
  } as unknown as DecisionDocument
  const lines = formatExplanation(decision, 100).split('\n')
  expect(lines.slice(1)).toEqual([
    '  - because',
    '  - texts looked at for prompt injection: user 1, document 2',
    '  - flag: document, message 0, result-1, step b, score 0.900 of 0.500: set-aside',
  ])
  expect(formatExplanation({ ...decision, texts: [] }, 100)).not.toContain('texts looked at')
})
