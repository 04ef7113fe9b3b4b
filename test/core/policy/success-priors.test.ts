import { describe, expect, it } from 'vitest'
import { MODEL_TIERS, type ModelDifficulty } from '../../../src/core/models/model-entry.ts'
import { priorSuccess } from '../../../src/core/policy/success-priors.ts'
import { profileTask } from '../../../src/core/policy/task-profile.ts'
import { createPromptScanner } from '../../../src/core/policy/scan-prompt.ts'

const scanner = createPromptScanner()
const DIFFICULTIES: readonly ModelDifficulty[] = [1, 2, 3, 4, 5]

describe('priors of success', () => {
  it('are the documented escalation priors at the default tiers, and promise no more than 0.9', () => {
    const at = (tier: (typeof MODEL_TIERS)[number], difficulty: ModelDifficulty): number =>
      priorSuccess({ tier, difficultyMax: 5, specialties: [] }, { difficulty, domain: 'general' })
    expect(at('local_medium', 3)).toBeCloseTo(0.85, 12)
    expect(at('local_large', 4)).toBeCloseTo(0.65, 12)
    expect(at('local_large', 5)).toBeCloseTo(0.1, 12)
  })

  it('promise no more than 0.9 while nobody measured the model', () => {
    const easy = { difficulty: 1, domain: 'math' } as const
    for (const tier of MODEL_TIERS) {
      const entry = { tier, difficultyMax: 5, specialties: ['math'] } as const
      expect(priorSuccess(entry, easy)).toBe(0.9)
      expect(priorSuccess({ ...entry, measured: { quality: 0.99 } }, easy)).toBeGreaterThan(0.99)
    }
  })

  it('rise with the tier and fall with the difficulty, strictly inside 0 and 1', () => {
    for (const difficulty of DIFFICULTIES) {
      const byTier = MODEL_TIERS.map((tier) =>
        priorSuccess({ tier, difficultyMax: 5, specialties: [] }, { difficulty, domain: 'math' }),
      )
      expect(byTier).toEqual(byTier.toSorted((a, b) => a - b))
      expect(Math.min(...byTier)).toBeGreaterThan(0)
      expect(Math.max(...byTier)).toBeLessThan(1)
    }
  })

  it('believe a measured quality before the tier, and a stated limit and specialty', () => {
    const task = { difficulty: 3, domain: 'math' } as const
    const hard = { difficulty: 4, domain: 'math' } as const
    const plain = priorSuccess({ tier: 'local_large', difficultyMax: 5, specialties: [] }, hard)
    expect(
      priorSuccess({ tier: 'cheap_api', difficultyMax: 5, specialties: [], measured: { quality: 0.6 } }, task),
    ).toBeCloseTo(0.6, 12)
    expect(priorSuccess({ tier: 'local_large', difficultyMax: 2, specialties: [] }, hard)).toBeLessThan(plain)
    expect(priorSuccess({ tier: 'local_large', difficultyMax: 5, specialties: ['math'] }, hard)).toBeGreaterThan(plain)
  })
})

describe('profile of a task', () => {
  it.each([
    ['What is the capital of France?', 1, 'general'],
    ['Write a short story about a fox.', 1, 'creative'],
    ['Write a python function def add(a, b) that returns the sum of a list[int].', 3, 'code'],
    [
      'A shop sells 3 apples for $2 and 5 pears for $4. How much do 12 apples and 10 pears cost in total, if each price is reduced by half?',
      3,
      'math',
    ],
    ['Extract the fields name and price from this csv table', 1, 'data'],
  ] as const)('%s', (prompt, difficulty, domain) => {
    expect(profileTask(scanner.scan(prompt))).toMatchObject({ difficulty, domain })
  })

  it('stays within 1 to 5 whatever the prompt', () => {
    for (const prompt of ['', '?', 'prove '.repeat(4000), '{}[]__$$ def function print '.repeat(50)]) {
      const { difficulty } = profileTask(scanner.scan(prompt))
      expect(difficulty).toBeGreaterThanOrEqual(1)
      expect(difficulty).toBeLessThanOrEqual(5)
    }
  })
})
