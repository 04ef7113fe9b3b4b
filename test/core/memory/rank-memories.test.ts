import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { MemoryEvent } from '../../../src/core/memory/memory-event.ts'
import { MEMORY_MACHINE } from '../../../src/core/memory/memory-machine.ts'
import type { MemoryState } from '../../../src/core/memory/memory-state.ts'
import {
  RANKING_WEIGHTS_DEFAULT,
  rankMemories,
  type RankedMemory,
  type RankingWeights,
} from '../../../src/core/memory/rank-memories.ts'
import { SPREAD_LIMITS_DEFAULT, type SpreadLimits } from '../../../src/core/memory/spread-activation.ts'
import { at, graphOf, linked, memoryEvent, remembered, settingsWith, SMALL } from './memory-arbitraries.ts'

fc.configureGlobal({ seed: 2026 })

const NOW = at(0)
const nodes = (...ids: readonly string[]): readonly MemoryEvent[] => ids.map((id) => remembered(id))
const similar = (id: string, similarity: number): { readonly id: string; readonly similarity: number } => ({
  id,
  similarity,
})
function withSpread(spread: Partial<SpreadLimits>): RankingWeights {
  return { ...RANKING_WEIGHTS_DEFAULT, spread: { ...SPREAD_LIMITS_DEFAULT, ...spread } }
}
function fromSeeds(state: MemoryState, seeds: readonly string[], weights?: RankingWeights): readonly RankedMemory[] {
  return rankMemories(state, { similarities: [], seeds, limit: 10, at: NOW }, weights)
}
const idsOf = (ranked: readonly RankedMemory[]): readonly string[] => ranked.map(({ node }) => node.id)

describe('by similarity', () => {
  test('the more similar comes first, what is unlike does not come, and every part says why', () => {
    const state = graphOf(settingsWith({}), ...nodes('a', 'b', 'c', 'd'))
    const similarities = [similar('a', 0.2), similar('b', 0.8), similar('c', 0), similar('d', -0.3), similar('x', 1)]
    const ranked = rankMemories(state, { similarities, seeds: [], limit: 10, at: NOW })
    expect(idsOf(ranked)).toEqual(['b', 'a'])
    expect(ranked[0]).toMatchObject({
      why: { similarity: 0.8, path: 0, success: 0.5, recency: 1 },
      path: [],
      carriers: [],
    })
    expect(ranked[0]?.score).toBeCloseTo(0.8 * (0.5 + 0.35 * 0.5 + 0.15), 12)
  })

  test('no more than asked for, of the kinds asked for, equal ones by id', () => {
    const state = graphOf(settingsWith({}), ...nodes('c', 'b', 'a'), {
      ...remembered('d'),
      kind: 'fact',
    } as MemoryEvent)
    const similarities = ['d', 'c', 'b', 'a'].map((id) => similar(id, 0.5))
    const ask = { similarities, seeds: [], at: NOW }
    expect(idsOf(rankMemories(state, { ...ask, limit: 2 }))).toEqual(['a', 'b'])
    expect(idsOf(rankMemories(state, { ...ask, limit: 9, kinds: ['fact'] }))).toEqual(['d'])
  })
})

describe('by path', () => {
  test('a seed leads to what is linked to it, either way round, weaker with every edge', () => {
    const state = graphOf(
      settingsWith({}),
      ...nodes('a', 'b', 'c', 'd'),
      linked('a', 'b'),
      linked('c', 'b'),
      linked('c', 'd'),
    )
    const ranked = fromSeeds(state, ['a'])
    expect(ranked.map(({ node, why }) => [node.id, why.path])).toEqual([
      ['b', 0.5],
      ['c', 0.25],
      ['d', 0.125],
    ])
    expect(ranked[2]?.path.map(({ from, to }) => from + to)).toEqual(['ab', 'cb', 'cd'])
    expect(ranked[2]?.carriers).toEqual(['a', 'b', 'c'])
  })

  test('the strongest way counts, not the shortest', () => {
    const state = graphOf(
      settingsWith({}),
      ...nodes('a', 'b', 'c'),
      linked('a', 'b', 0.1),
      linked('a', 'c'),
      linked('c', 'b'),
    )
    expect(fromSeeds(state, ['a'])[1]).toMatchObject({ node: { id: 'b' }, why: { path: 0.25 }, carriers: ['a', 'c'] })
  })

  test('a similar node leads to others, never to itself', () => {
    const state = graphOf(settingsWith({}), ...nodes('a', 'b'), linked('a', 'b'))
    const ranked = rankMemories(state, { similarities: [similar('a', 0.8)], seeds: [], limit: 10, at: NOW })
    expect(ranked.map(({ node, why }) => [node.id, why.similarity, why.path])).toEqual([
      ['a', 0.8, 0],
      ['b', 0, 0.4],
    ])
  })

  test('a way round does not lead back to where it began', () => {
    const state = graphOf(
      settingsWith({}),
      ...nodes('a', 'b', 'c'),
      linked('a', 'b'),
      linked('b', 'c'),
      linked('c', 'a', 0.3),
    )
    const ranked = rankMemories(state, { similarities: [similar('a', 0.8)], seeds: [], limit: 10, at: NOW })
    expect(ranked.find(({ node }) => node.id === 'a')?.why.path).toBe(0)
  })

  test('two similar nodes that are linked support each other', () => {
    const state = graphOf(settingsWith({}), ...nodes('a', 'b', 'c'), linked('a', 'b'))
    const similarities = [similar('a', 0.5), similar('b', 0.5), similar('c', 0.5)]
    const ranked = rankMemories(state, { similarities, seeds: [], limit: 10, at: NOW })
    expect(ranked.map(({ node, why }) => [node.id, why.path])).toEqual([
      ['a', 0.25],
      ['b', 0.25],
      ['c', 0],
    ])
  })

  test('unknown seeds are left out, and without any hint there is no result', () => {
    const state = graphOf(settingsWith({}), ...nodes('a'))
    expect(fromSeeds(state, ['z'])).toEqual([])
    const linkedState = graphOf(settingsWith({}), ...nodes('a', 'b'), linked('a', 'b'))
    expect(idsOf(fromSeeds(linkedState, ['A', 'a'], withSpread({ startsMax: 1 })))).toEqual(['b'])
    expect(fromSeeds(state, ['a'])).toEqual([])
  })

  test.each<[string, Partial<SpreadLimits>, readonly string[]]>([
    ['depth', { depthMax: 1 }, ['b', 'c', 'd']],
    ['no edges at all', { depthMax: 0 }, []],
    ['fan-out', { fanOutMax: 1 }, ['b', 'e', 'f']],
    ['frontier', { frontierMax: 1 }, ['b', 'c', 'd', 'e', 'f']],
    ['activation', { activationMin: 0.4 }, ['b', 'c', 'd']],
  ])('is bounded by %s', (_what, spread, expected) => {
    const state = graphOf(
      settingsWith({}),
      ...nodes('a', 'b', 'c', 'd', 'e', 'f', 'g'),
      linked('a', 'b', 1),
      linked('a', 'c', 0.9),
      linked('a', 'd', 0.8),
      linked('b', 'e', 0.7),
      linked('e', 'f', 0.7),
      linked('c', 'g', 0.7),
    )
    expect(idsOf(fromSeeds(state, ['a'], withSpread(spread))).toSorted()).toEqual(expected)
  })
})

describe('feedback', () => {
  const outcome = fc.constantFrom<('success' | 'failure')[]>('success', 'failure')

  it('moves what it judges its way, whatever the graph', () => {
    fc.assert(
      fc.property(
        fc.array(memoryEvent, { maxLength: 40 }),
        fc.constantFrom('a', 'b', 'c'),
        outcome,
        fc.nat({ max: 30_000 }),
        (events, id, ended, ms) => {
          const state = [...nodes(id), ...events].reduce(
            (before, event) => MEMORY_MACHINE.transition(before, event).state,
            MEMORY_MACHINE.initial({ settings: SMALL }),
          )
          const scoreIn = (graph: MemoryState): number | undefined =>
            rankMemories(graph, { similarities: [similar(id, 0.5)], seeds: [], limit: 1, at: at(ms) })[0]?.score
          const { state: after } = MEMORY_MACHINE.transition(state, {
            type: 'retrieval-judged',
            outcome: ended,
            nodes: [{ id, credit: 1 }],
            edges: [],
            at: at(ms),
          })
          const [before = 0, then = 0] = [scoreIn(state), scoreIn(after)]
          if (after === state) expect(then).toBe(before)
          else if (ended === 'success') expect(then).toBeGreaterThan(before)
          else expect(then).toBeLessThan(before)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('on the edges of a path moves what is behind them', () => {
    const state = graphOf(settingsWith({}), ...nodes('a', 'b', 'c'), linked('a', 'b'), linked('a', 'c'))
    const judge = (ended: 'success' | 'failure'): readonly string[] => {
      const edges = [{ from: 'a', relation: 'about', to: 'c' }]
      const event = { type: 'retrieval-judged', outcome: ended, nodes: [], edges, at: NOW } as const
      return idsOf(fromSeeds(MEMORY_MACHINE.transition(state, event).state, ['a']))
    }
    expect([judge('success'), judge('failure')]).toEqual([
      ['c', 'b'],
      ['b', 'c'],
    ])
  })
})

it('every part of a score is between 0 and 1, and results are sorted and differ', () => {
  const hint = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    similarity: fc.integer({ min: -20, max: 120 }).map((percent) => percent / 100),
  })
  fc.assert(
    fc.property(
      fc.array(memoryEvent, { minLength: 10, maxLength: 60 }),
      fc.array(hint, { maxLength: 5 }),
      fc.uniqueArray(fc.constantFrom('a', 'b', 'f', 'g'), { maxLength: 2 }),
      fc.nat({ max: 30_000 }),
      (events, similarities, seeds, ms) => {
        const state = events.reduce(
          (before, event) => MEMORY_MACHINE.transition(before, event).state,
          MEMORY_MACHINE.initial({ settings: SMALL }),
        )
        const ranked = rankMemories(state, { similarities, seeds, limit: 4, at: at(ms) })
        expect(ranked.length).toBeLessThanOrEqual(4)
        expect(new Set(idsOf(ranked)).size).toBe(ranked.length)
        for (const [index, { score, why, node }] of ranked.entries()) {
          for (const part of [score, ...Object.values(why)]) expect(part >= 0 && part <= 1).toBe(true)
          expect(score).toBeLessThanOrEqual(ranked[index - 1]?.score ?? 1)
          expect(seeds).not.toContain(node.id)
        }
      },
    ),
    { numRuns: 300 },
  )
})

it('fewer results are the first of more results, whatever they are worth', () => {
  const ids = 'abcdefghi'.split('')
  const statistics = fc.record({
    similarity: fc.nat({ max: 100 }),
    outcome: fc.nat({ max: 2 }),
    ms: fc.nat({ max: 3_000 }),
  })
  fc.assert(
    fc.property(fc.array(statistics, { minLength: 9, maxLength: 9 }), fc.integer({ min: 1, max: 8 }), (rows, limit) => {
      const events = rows.flatMap(({ outcome, ms }, index): readonly MemoryEvent[] => {
        const event = remembered(ids[index] ?? '', ms)
        const ended = (['success', 'failure'] as const)[outcome]
        return [ended === undefined ? event : ({ ...event, outcome: ended } as MemoryEvent)]
      })
      const state = graphOf(settingsWith({}), ...events)
      const similarities = rows.map(({ similarity }, index) => similar(ids[index] ?? '', similarity / 100))
      const ask = (count: number): readonly RankedMemory[] =>
        rankMemories(state, { similarities, seeds: [], limit: count, at: at(3_000) })
      expect(ask(limit)).toEqual(ask(100).slice(0, limit))
    }),
    { numRuns: 300 },
  )
})
