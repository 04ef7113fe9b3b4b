import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  renderWorkingMemory,
  WORKING_MEMORY_MACHINE,
  type WorkingItem,
  type WorkingMemoryEvent,
  type WorkingMemoryLimits,
  type WorkingMemoryState,
} from '../../../src/core/memory/working-memory.ts'

fc.configureGlobal({ seed: 2026 })

const LIMITS: WorkingMemoryLimits = { itemsMax: 3, bytesMax: 20, tokensMax: 10 }
const { transition, violations, initial } = WORKING_MEMORY_MACHINE

function item(id: string, init: Partial<WorkingItem> = {}): WorkingItem {
  return { id, text: id, tokens: 1, isPinned: false, ...init }
}
function run(...events: readonly WorkingMemoryEvent[]): WorkingMemoryState {
  return events.reduce((state, event) => transition(state, event).state, initial({ limits: LIMITS }))
}
const added = (id: string, init?: Partial<WorkingItem>): WorkingMemoryEvent => ({
  type: 'item-added',
  item: item(id, init),
})
const idsOf = ({ items }: WorkingMemoryState): readonly string[] => items.map(({ id }) => id)

describe('room', () => {
  test('is made by the least recently used items that are not pinned', () => {
    const full = run(added('a', { isPinned: true }), added('b'), added('c'), { type: 'item-used', id: 'b' })
    const { state, effects } = transition(full, added('d'))
    expect(effects).toMatchObject([{ type: 'evict-item', item: { id: 'c' } }])
    expect(idsOf(state)).toEqual(['a', 'b', 'd'])
  })

  test.each([
    ['tokens', added('d', { tokens: 9 }), ['c', 'd']],
    ['bytes', added('d', { text: 'é'.repeat(9) }), ['b', 'c', 'd']],
  ])('is made for %s, no more than needed', (_what, event, expected) => {
    expect(idsOf(run(added('a'), added('b'), added('c'), event))).toEqual(expected)
  })

  test('that pinned items leave none of is refused, and nothing is dropped', () => {
    const full = run(added('a', { isPinned: true, tokens: 6 }), added('b'))
    const { state, effects } = transition(full, added('c', { tokens: 5 }))
    expect(effects).toEqual([{ type: 'event-refused', code: 'MEMORY_FULL' }])
    expect(state).toBe(full)
  })

  test('comes back when an item is unpinned, removed or replaced', () => {
    const full = run(added('a', { isPinned: true, tokens: 6 }))
    const unpinned = transition(full, { type: 'item-pinned', id: 'a', isPinned: false }).state
    expect(idsOf(transition(unpinned, added('c', { tokens: 5 })).state)).toEqual(['c'])
    const removed = transition(full, { type: 'item-removed', id: 'a' }).state
    expect([removed.items, removed.tokens]).toEqual([[], 0])
    expect(transition(full, added('a', { tokens: 2 })).state.tokens).toBe(2)
  })
})

test('what is not there or makes no sense is refused', () => {
  const codeOf = (event: WorkingMemoryEvent): unknown => transition(run(added('a')), event).effects[0]
  expect(codeOf({ type: 'item-used', id: 'z' })).toEqual({ type: 'event-refused', code: 'ITEM_UNKNOWN' })
  for (const wrong of [item(''), item('b', { text: '' }), item('b', { tokens: -1 }), item('b', { tokens: 0.5 })]) {
    expect(codeOf({ type: 'item-added', item: wrong })).toEqual({ type: 'event-refused', code: 'EVENT_INVALID' })
  }
})

test('is shown as data', () => {
  expect(renderWorkingMemory(run(added('a'), added('b')))).toBe(
    '<<<DATA-0- item-1\na\nDATA-0->>>\n\n<<<DATA-0- item-2\nb\nDATA-0->>>',
  )
  expect(renderWorkingMemory(run(added('a'), { type: 'memory-cleared' }))).toBe('')
})

it('keeps its bounds, its pinned items and its order, whatever happens', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const event: fc.Arbitrary<WorkingMemoryEvent> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .record({
          id,
          text: fc.constantFrom('', 'x', 'été', 'twelve bytes', 'more than twenty bytes'),
          tokens: fc.integer({ min: -1, max: 11 }),
          isPinned: fc.boolean(),
        })
        .map((value): WorkingMemoryEvent => ({ type: 'item-added', item: value })),
    },
    fc.record({ type: fc.constant('item-used' as const), id }),
    fc.record({ type: fc.constant('item-pinned' as const), id, isPinned: fc.boolean() }),
    fc.record({ type: fc.constant('item-removed' as const), id }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let state = initial({ limits: LIMITS })
      for (const next of events) {
        const step = transition(state, next)
        expect(violations(step.state)).toEqual([])
        for (const effect of step.effects) {
          if (effect.type === 'event-refused') expect(step.state).toBe(state)
          else expect(effect.item.isPinned).toBe(false)
        }
        state = step.state
      }
    }),
    { numRuns: 400 },
  )
})
