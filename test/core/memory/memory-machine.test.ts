import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  formatMemoryEvent,
  formatMemoryState,
  parseMemoryEvent,
  parseMemoryState,
} from '../../../src/core/memory/memory-codec.ts'
import type { MemoryEffect, MemoryEvent } from '../../../src/core/memory/memory-event.ts'
import { hashTrieEntries } from '../../../src/core/collections/hash-trie.ts'
import { MEMORY_MACHINE } from '../../../src/core/memory/memory-machine.ts'
import { contentId, isNodeName } from '../../../src/core/memory/memory-node.ts'
import { edgeOf, nodeOf, type MemoryState } from '../../../src/core/memory/memory-state.ts'
import { expectedSuccess, valueOf } from '../../../src/core/memory/use-statistics.ts'
import { at, graphOf, linked, memoryEvent, remembered, settingsWith, SMALL } from './memory-arbitraries.ts'

fc.configureGlobal({ seed: 2026 })

const { transition, violations } = MEMORY_MACHINE
const idsOf = (state: MemoryState): readonly string[] =>
  'abcdefghi'.split('').filter((id) => nodeOf(state, id) !== undefined)
const refusalOf = (effects: readonly MemoryEffect[]): unknown =>
  effects.find((effect) => effect.type === 'event-refused')?.code
const droppedOf = (effects: readonly MemoryEffect[]): readonly unknown[] =>
  effects.flatMap((effect) => (effect.type === 'drop-node' ? [`${effect.id} ${effect.reason}`] : []))

describe('whatever happens', () => {
  it('the graph is sound and within its bounds, and a refused event changes nothing', () => {
    fc.assert(
      fc.property(fc.array(memoryEvent, { maxLength: 60 }), (events) => {
        let state = MEMORY_MACHINE.initial({ settings: SMALL })
        for (const event of events) {
          const step = transition(state, event)
          expect(violations(step.state)).toEqual([])
          expect(step.effects.length).toBeGreaterThan(0)
          if (refusalOf(step.effects) !== undefined) expect(step.state).toBe(state)
          state = step.state
        }
      }),
      { numRuns: 400 },
    )
  })

  it('its effects account for every node and edge that came and went', () => {
    fc.assert(
      fc.property(fc.array(memoryEvent, { maxLength: 60 }), (events) => {
        let state = MEMORY_MACHINE.initial({ settings: SMALL })
        const known = new Set<string>()
        for (const event of events) {
          const { state: next, effects } = transition(state, event)
          for (const effect of effects) {
            if (effect.type === 'confirm-node') expect(known.has(effect.id)).toBe(!effect.isNew)
            if (effect.type === 'confirm-node') known.add(effect.id)
            if (effect.type === 'drop-node') expect(known.delete(effect.id)).toBe(true)
          }
          expect([...known].sort()).toEqual(idsOf(next))
          state = next
        }
      }),
      { numRuns: 200 },
    )
  })

  it('a journal of its events gives the same graph, and so does its snapshot', () => {
    fc.assert(
      fc.property(fc.array(memoryEvent, { maxLength: 40 }), fc.array(memoryEvent, { maxLength: 20 }), (first, then) => {
        const journal: MemoryEvent[] = []
        const run = (from: MemoryState, events: readonly MemoryEvent[]): MemoryState =>
          events.reduce((state, event) => {
            const step = transition(state, event)
            if (refusalOf(step.effects) === undefined) journal.push(event)
            return step.state
          }, from)
        const written = (state: MemoryState): string => JSON.stringify(formatMemoryState(state))
        const empty = MEMORY_MACHINE.initial({ settings: SMALL })
        const live = run(empty, first)
        const read = journal.map((event) => parseMemoryEvent(JSON.parse(JSON.stringify(formatMemoryEvent(event)))))
        expect(read).toEqual(journal)
        expect(written(run(empty, [...journal]))).toBe(written(live))
        const restored = parseMemoryState(JSON.parse(written(live)))
        if (restored === undefined) throw new Error('the snapshot is not read')
        expect(violations(restored)).toEqual([])
        expect(written(run(restored, then))).toBe(written(run(live, then)))
      }),
      { numRuns: 200 },
    )
  })

  it('nothing gains value by time passing', () => {
    const count = fc.double({ min: 0, max: 1_000, noNaN: true })
    const ms = fc.nat({ max: 100_000 })
    fc.assert(
      fc.property(count, count, ms, ms, ms, (successes, failures, usedAt, before, later) => {
        const statistics = { successes, failures, countedAt: at(0), usedAt: at(usedAt) }
        const valueAt = (elapsed: number): number =>
          valueOf(statistics, { at: at(usedAt + elapsed), halfLifeMs: SMALL.halfLifeMs })
        expect(valueAt(before + later)).toBeLessThanOrEqual(valueAt(before) * (1 + 1e-12))
      }),
    )
  })
})

describe('remembering', () => {
  test('the same text again refreshes the node instead of making another', () => {
    const id = contentId('fact', 'Water boils at 100 °C.')
    expect(contentId('fact', '  water   boils at 100 °C. ')).toBe(id)
    expect(contentId('note', 'Water boils at 100 °C.')).not.toBe(id)
    expect(isNodeName(id)).toBe(false)
    const first = graphOf(SMALL, { type: 'node-remembered', id, kind: 'fact', text: 'Water boils', at: at(0) })
    const { state, effects } = transition(first, {
      type: 'node-remembered',
      id,
      kind: 'fact',
      text: 'water  boils',
      at: at(5),
    })
    expect(effects).toEqual([{ type: 'confirm-node', id, isNew: false, isTextNew: false }])
    expect(nodeOf(state, id)).toMatchObject({ text: 'Water boils', createdAt: 0, usedAt: 5 })
  })

  test('a named node takes the new text and keeps its edges, and its old vector is not its vector any more', () => {
    const state = graphOf(
      SMALL,
      { ...remembered('a'), embedderId: 'model' } as MemoryEvent,
      remembered('b'),
      linked('a', 'b'),
      remembered('a', 5, 'other'),
    )
    expect(nodeOf(state, 'a')).toMatchObject({ text: 'other', embedderId: undefined })
    expect(nodeOf(state, 'a')?.edges).toHaveLength(1)
  })

  test('an outcome known beforehand counts as a retrieval', () => {
    const state = graphOf(SMALL, { ...remembered('a'), outcome: 'failure' } as MemoryEvent)
    expect(nodeOf(state, 'a')).toMatchObject({ successes: 0, failures: 1 })
  })

  test.each([
    ['a text beyond the bound', { ...remembered('a', 0, 'x'.repeat(41)) }, 'TEXT_TOO_LARGE'],
    ['a blank text', remembered('a', 0, ' \n'), 'EVENT_INVALID'],
    ['half a character', remembered('a', 0, '\ud83d'), 'EVENT_INVALID'],
    ['an id with a blank', remembered('a b'), 'EVENT_INVALID'],
  ])('refuses %s', (_what, event, code) => {
    expect(refusalOf(transition(graphOf(SMALL), event).effects)).toBe(code)
  })
})

describe('a full graph', () => {
  test('drops what was of least use, and by id where nothing tells them apart', () => {
    const full = graphOf(
      settingsWith({ nodesMax: 4 }),
      remembered('c', 10),
      remembered('b', 10),
      remembered('d', 10),
      remembered('a', 20),
    )
    const step = transition(full, remembered('e', 20))
    expect(droppedOf(step.effects)).toEqual(['b evicted'])
  })

  test('keeps an old node that helped before a newer one that did not', () => {
    const full = graphOf(
      settingsWith({ nodesMax: 2 }),
      remembered('a', 0),
      remembered('b', 500),
      {
        type: 'retrieval-judged',
        outcome: 'success',
        nodes: [{ id: 'a', credit: 1 }],
        edges: [],
        at: at(500),
      },
      {
        type: 'retrieval-judged',
        outcome: 'failure',
        nodes: [{ id: 'b', credit: 1 }],
        edges: [],
        at: at(500),
      },
    )
    expect(droppedOf(transition(full, remembered('c', 600)).effects)).toEqual(['b evicted'])
  })

  test('never drops what was just remembered, even if all else is worth more', () => {
    const full = graphOf(settingsWith({ nodesMax: 1 }), {
      ...remembered('a', 5_000),
      outcome: 'success',
    } as MemoryEvent)
    const step = transition(full, { ...remembered('b', 5_000), outcome: 'failure' } as MemoryEvent)
    expect(idsOf(step.state)).toEqual(['b'])
  })

  test('of bytes drops as many as the new text needs', () => {
    const full = graphOf(
      settingsWith({ bytesMax: 64, textBytesMax: 40 }),
      remembered('a', 1, 'x'.repeat(20)),
      remembered('b', 2, 'x'.repeat(20)),
      remembered('c', 3, 'x'.repeat(20)),
    )
    expect(droppedOf(transition(full, remembered('d', 4, 'x'.repeat(40))).effects)).toEqual(['a evicted', 'b evicted'])
  })

  test('makes room for a 64th of its bound at once', () => {
    const events = Array.from({ length: 641 }, (_, index) => remembered(`n${index}`, index))
    const state = graphOf(settingsWith({ nodesMax: 640 }), ...events)
    expect(state.nodes.size).toBe(630)
    expect([nodeOf(state, 'n10'), nodeOf(state, 'n11')].map((node) => node?.id)).toEqual([undefined, 'n11'])
  })

  it('keeps the most valuable ones, however many have to leave', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 50 }), { minLength: 60, maxLength: 200, size: 'max' }),
        fc.integer({ min: 1, max: 250 }),
        (instants, nodesMax) => {
          const events = instants.map((instant, index) => remembered(`n${index}`, 100 * instant))
          const state = graphOf(settingsWith({ nodesMax: 250 }), ...events, {
            type: 'settings-changed',
            settings: settingsWith({ nodesMax }),
            at: at(6_000),
          })
          const kept = nodesMax < instants.length ? nodesMax - Math.floor(nodesMax / 64) : instants.length
          const byValue = instants
            .map((instant, index) => ({ id: `n${index}`, instant }))
            .sort((one, other) => other.instant - one.instant || (one.id < other.id ? 1 : -1))
          const expected = byValue.slice(0, kept).map(({ id }) => id)
          expect(hashTrieEntries(state.nodes).map(([id]) => id)).toEqual(expected.sort())
        },
      ),
      { numRuns: 200 },
    )
  })

  test('of edges drops the least valuable one of the node, not the new one', () => {
    const nodes = ['a', 'b', 'c', 'd'].map((id) => remembered(id))
    const state = graphOf(
      settingsWith({ edgesPerNodeMax: 2 }),
      ...nodes,
      linked('a', 'b', 0.9),
      linked('c', 'a', 0.2),
      linked('a', 'd', 0.1),
    )
    expect(nodeOf(state, 'a')?.edges.map(({ from, to }) => from + to)).toEqual(['ab', 'ad'])
    expect(nodeOf(state, 'c')?.edges).toEqual([])
  })

  test('shrinks when its bounds do', () => {
    const nodes = ['a', 'b', 'c', 'd'].map((id, index) => remembered(id, index))
    const state = graphOf(settingsWith({}), ...nodes, linked('c', 'd'), linked('d', 'b'), {
      type: 'settings-changed',
      settings: settingsWith({ nodesMax: 2, edgesPerNodeMax: 1 }),
      at: at(10),
    })
    expect(idsOf(state)).toEqual(['c', 'd'])
    expect(violations(state)).toEqual([])
  })
})

describe('time', () => {
  test('drops what has faded, and keeps what was of use since', () => {
    const state = graphOf(
      settingsWith({ valueMin: 0.01 }),
      remembered('a', 0),
      remembered('b', 0),
      remembered('c', 0),
      linked('a', 'b'),
      { type: 'nodes-used', ids: ['b', 'c'], at: at(5_000) },
    )
    const step = transition(state, { type: 'time-passed', at: at(6_000) })
    expect(step.effects).toEqual([
      { type: 'drop-edge', from: 'a', relation: 'about', to: 'b', reason: 'faded' },
      { type: 'drop-node', id: 'a', reason: 'faded' },
    ])
    expect(refusalOf(transition(step.state, { type: 'time-passed', at: at(6_000) }).effects)).toBe('NOTHING_CHANGED')
  })

  test('halves counts with every half-life', () => {
    const node = nodeOf(graphOf(SMALL, { ...remembered('a'), outcome: 'success' } as MemoryEvent), 'a')
    if (node === undefined) throw new Error('must be there')
    const successAt = (ms: number): number => expectedSuccess(node, { at: at(ms), halfLifeMs: SMALL.halfLifeMs })
    expect(successAt(0)).toBe(2 / 3)
    expect(successAt(1_000)).toBeCloseTo(1.5 / 2.5, 12)
    expect(successAt(10_000_000)).toBe(0.5)
  })

  test('set back a little does not make a node older', () => {
    const state = graphOf(SMALL, remembered('a', 1_000), { type: 'nodes-used', ids: ['a'], at: at(900) })
    expect(nodeOf(state, 'a')?.usedAt).toBe(1_000)
  })

  test('set back a lot is believed, so that nothing stays fresh until then', () => {
    const state = graphOf(SMALL, remembered('a', 10_000_000), { type: 'nodes-used', ids: ['a'], at: at(900) })
    expect(nodeOf(state, 'a')?.usedAt).toBe(900)
  })
})

describe('merging', () => {
  test('moves edges and statistics, joins parallel edges and drops the one between', () => {
    const state = graphOf(
      settingsWith({}),
      remembered('a', 0),
      { ...remembered('b', 0), outcome: 'success' } as MemoryEvent,
      remembered('c', 0),
      remembered('d', 0),
      linked('a', 'b'),
      linked('a', 'c', 0.3),
      linked('b', 'c', 0.7),
      linked('d', 'b'),
      { type: 'nodes-merged', into: 'a', from: 'b', at: at(0) },
    )
    expect(violations(state)).toEqual([])
    expect(nodeOf(state, 'a')).toMatchObject({ text: 'text of a', successes: 1 })
    expect(nodeOf(state, 'a')?.edges.map(({ from, to, weight }) => [from, to, weight])).toEqual([
      ['a', 'c', 0.7],
      ['d', 'a', 1],
    ])
    expect(nodeOf(state, 'b')).toBeUndefined()
  })

  test('of a node with itself, or with one that is not there, is refused', () => {
    const state = graphOf(SMALL, remembered('a'))
    const refusal = (into: string, from: string): unknown =>
      refusalOf(transition(state, { type: 'nodes-merged', into, from, at: at(0) }).effects)
    expect([refusal('a', 'a'), refusal('a', 'b')]).toEqual(['EVENT_INVALID', 'NODE_UNKNOWN'])
  })
})

test('linking again sets the weight and keeps the statistics', () => {
  const state = graphOf(
    SMALL,
    remembered('a'),
    remembered('b'),
    linked('a', 'b', 0.5),
    {
      type: 'retrieval-judged',
      outcome: 'success',
      nodes: [],
      edges: [{ from: 'a', relation: 'about', to: 'b' }],
      at: at(0),
    },
    linked('a', 'b', 0.8),
  )
  expect(edgeOf(state, { from: 'a', relation: 'about', to: 'b' })).toMatchObject({ weight: 0.8, successes: 1 })
  expect(state.edgeCount).toBe(1)
})
