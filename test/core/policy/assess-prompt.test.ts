import { describe, expect, it } from 'vitest'
import { assessRisk, createPromptAssessor, estimateTokens } from '../../../src/core/index.ts'
import { createFeatureExtractor, PROMPT_FEATURES } from '../../../src/core/policy/prompt-features.ts'
import { profileTask } from '../../../src/core/policy/task-profile.ts'

const PROMPTS = [
  '',
  'What is the capital of France?',
  'Prove that a concurrent garbage collector with a moving nursery is linearizable, and implement it.',
  'Refund $250 to the customer and delete the account permanently.',
  `${'a long text of many words, '.repeat(400)}end`,
]

describe('the assessor of prompts', () => {
  it.each(PROMPTS)('says what the parts of a policy say: %.40s', (prompt) => {
    const { features, tokens, risk, difficultyIndex, ...profile } = createPromptAssessor().assess(prompt)
    const { dense, scan } = createFeatureExtractor().extract(prompt)
    expect(Object.keys(features)).toEqual(PROMPT_FEATURES)
    expect(Object.values(features)).toEqual([...dense])
    expect([tokens, risk, profile]).toEqual([estimateTokens(prompt), assessRisk(prompt), profileTask(scan)])
    expect(Number.isFinite(difficultyIndex)).toBe(true)
  })

  it('gives away what it found: the next prompt changes nothing of it', () => {
    const assessor = createPromptAssessor()
    const first = assessor.assess(PROMPTS[1] ?? '')
    const copy = structuredClone(first)
    assessor.assess(PROMPTS[2] ?? '')
    expect(first).toEqual(copy)
  })
})
