import { describe, expect, it } from 'vitest'
import { createPromptScanner } from '../../../src/core/policy/scan-prompt.ts'
import { profileTask } from '../../../src/core/policy/task-profile.ts'

const profileOf = (prompt: string): ReturnType<typeof profileTask> => profileTask(createPromptScanner().scan(prompt))

describe('the profile of a task', () => {
  it.each([
    [1, 'general', 'What is the capital of France?'],
    [1, 'creative', 'Write a haiku about autumn.'],
    [2, 'code', 'Write a Python function that merges two sorted lists.'],
    [3, 'general', 'Prove that sqrt(2) is irrational.'],
    [
      5,
      'general',
      'Design a rate limiter: compare two ways with proofs, implement it in Rust, write a migration plan, and analyse its failures.',
    ],
    [
      4,
      'general',
      'Research the market for bikes in Europe, summarise the competitors, estimate its size, build a forecast, and draft a summary and an outline of a talk.',
    ],
  ] as const)('is difficulty %i, domain %s, for %j', (difficulty, domain, prompt) => {
    expect(profileOf(prompt)).toMatchObject({ difficulty, domain })
  })

  it.each([
    'Prove the Riemann hypothesis',
    'Prove that every finite group of odd order is solvable',
    'Give a complete proof of the Feit-Thompson theorem',
    'Write a compiler for Rust in OCaml, with a borrow checker',
    'Design a lock-free concurrent hash map with a formal proof of linearizability',
    'implement Raft in C++',
    'Build a distributed database with serializable transactions',
  ])('is for experts: %j', (prompt) => {
    expect(profileOf(prompt).difficulty).toBeGreaterThanOrEqual(4)
    expect(profileOf(prompt).signs).toContain('takes an expert')
  })

  it.each([
    [2, 'Design a REST API for a library'],
    [2, 'Derive the quadratic formula'],
    [2, 'Optimise this SQL query: select 1'],
    [2, 'Implement quicksort in C'],
    [1, 'Hi'],
    [1, 'Design a logo'],
    [1, 'What is a compiler?'],
    [1, 'Write a short story about a compiler'],
    [1, 'Create a lock screen quote'],
  ] as const)('is difficulty %i, without an expert, for %j', (difficulty, prompt) => {
    expect(profileOf(prompt).difficulty).toBe(difficulty)
  })

  it('is compound when several pieces of work are asked for, and says how many', () => {
    const { isCompound, signs } = profileOf('Review the design, test the parser, and document the interface.')
    expect([isCompound, signs.at(-1)]).toEqual([true, 'asks for 4 pieces of work'])
    expect(profileOf('Review the design of the parser.').isCompound).toBe(false)
  })

  it('stays within 1 to 5 whatever is asked', () => {
    const all = 'design plan compare implement write draft build research prove '.repeat(50)
    expect(profileOf(all).difficulty).toBe(5)
    expect(profileOf('').difficulty).toBe(1)
  })
})
