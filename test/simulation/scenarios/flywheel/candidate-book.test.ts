import { describe, expect, it } from 'vitest'
import type { RolloutTransition } from '../../../../src/core/rollout/rollout-state.ts'
import { CandidateBook } from '../../../../src/simulation/scenarios/flywheel/candidate-book.ts'

function transition(changes: Partial<RolloutTransition>): RolloutTransition {
  return { cause: 'step', candidate: 'a', incumbent: 'priors', breach: null, ...changes } as RolloutTransition
}

const BREACH = { slo: 'drift', against: 'limit', wealth: 401, threshold: 400 } as const

describe('what became of candidates', () => {
  it('is told by where they came from, how far they came, and why they went', () => {
    const book = new CandidateBook()
    book.propose('a', 'leaked', 1_000)
    book.propose('b', 'learned', 2_000)
    book.judge('b', ['quality', 'cost'])
    book.refuse('b', 'POLICY_GATE_MISSING')
    book.follow(transition({ cause: 'promote', to: 'shadow' }), undefined, 1_500)
    book.follow(transition({ to: 'canary' }), undefined, 4_500)
    expect(book.serve('a', 5_000)).toBeUndefined()
    book.follow(transition({ cause: 'slo-breach', to: 'legacy_only', breach: BREACH }), 'a', 9_500)
    expect(book.counts()).toEqual({
      proposed: { leaked: 1, learned: 1 },
      refused: { quality: 1, cost: 1 },
      refused_by_node: { POLICY_GATE_MISSING: 1 },
      promoted: { leaked: 1 },
      in_full: {},
      taken_back: { 'drift against limit': 1 },
    })
    expect(book.leaked()).toEqual({
      version: 'a',
      stage: 'canary',
      refused_for: [],
      canary_after_ms: 3_000,
      full_after_ms: null,
      taken_back_after_ms: 8_000,
      taken_back_for: 'drift against limit',
      served: 1,
    })
  })

  it('finds one that answers what was asked after it was taken back', () => {
    const book = new CandidateBook()
    book.propose('a', 'trained', 0)
    book.follow(transition({ cause: 'rollback', to: 'legacy_only' }), 'a', 10_000)
    expect(book.serve('a', 9_999)).toBeUndefined()
    expect(book.serve('a', 11_001)).toContain('taken back at 10000 ms')
    expect(book.serve('priors-1', 20_000)).toBeUndefined()
  })

  it('says of one that was measured on leaked tasks and refused that it was refused', () => {
    const book = new CandidateBook()
    expect(book.leaked()).toBeNull()
    book.propose('a', 'leaked', 0)
    book.judge('a', ['quality'])
    expect(book.leaked()).toMatchObject({ stage: 'refused', refused_for: ['quality'], taken_back_after_ms: null })
  })
})
