import fc from 'fast-check'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import type { MemoryEvent } from '../../../src/core/memory/memory-event.ts'
import { MEMORY_MACHINE } from '../../../src/core/memory/memory-machine.ts'
import { MEMORY_NODE_KINDS } from '../../../src/core/memory/memory-node.ts'
import {
  MEMORY_SETTINGS_DEFAULT,
  type MemorySettings,
  type MemoryState,
} from '../../../src/core/memory/memory-state.ts'

export const at = timestampFromMs

/** Small bounds and a half-life of 1,000 ms, so that a few events reach every one of them. */
export const SMALL: MemorySettings = {
  nodesMax: 6,
  bytesMax: 120,
  textBytesMax: 40,
  edgesPerNodeMax: 3,
  halfLifeMs: durationFromMs(1_000),
  valueMin: 0.001,
}

export function settingsWith(settings: Partial<MemorySettings>): MemorySettings {
  return { ...MEMORY_SETTINGS_DEFAULT, halfLifeMs: durationFromMs(1_000), ...settings }
}

/** Runs events from an empty graph; every one must be taken. */
export function graphOf(settings: MemorySettings, ...events: readonly MemoryEvent[]): MemoryState {
  let state = MEMORY_MACHINE.initial({ settings })
  for (const event of events) {
    const step = MEMORY_MACHINE.transition(state, event)
    const refusal = step.effects.find((effect) => effect.type === 'event-refused')
    if (refusal !== undefined) throw new Error(`${event.type} was refused: ${refusal.code}`)
    state = step.state
  }
  return state
}

export function remembered(id: string, atMs = 0, text = `text of ${id}`): MemoryEvent {
  return { type: 'node-remembered', id, kind: 'note', text, at: at(atMs) }
}

export function linked(from: string, to: string, weight = 1): MemoryEvent {
  return { type: 'nodes-linked', from, relation: 'about', to, weight, at: at(0) }
}

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i')
const ids = fc.array(id, { maxLength: 4 })
const relation = fc.constantFrom('about', 'led-to', 'Not A Relation')
const text = fc.constantFrom('x', 'some text', ' ', 'été 😀', 'a text of more than thirty bytes', 'y'.repeat(41))
const outcome = fc.constantFrom<('success' | 'failure')[]>('success', 'failure')
const instant = fc.nat({ max: 20_000 }).map(at)
const settings = fc.record<MemorySettings>({
  nodesMax: fc.integer({ min: 0, max: 6 }),
  bytesMax: fc.integer({ min: 30, max: 160 }),
  textBytesMax: fc.constantFrom(20, 40),
  edgesPerNodeMax: fc.integer({ min: 1, max: 3 }),
  halfLifeMs: fc.constantFrom(durationFromMs(10), durationFromMs(1_000)),
  valueMin: fc.constantFrom(0, 0.001, 0.1),
})
const edgeKey = { from: id, relation, to: id }
const weight = fc.constantFrom(-1, 0, 0.2, 0.5, 1, 1.5, Number.NaN)

/** Any event, valid or not, over a handful of ids. */
export const memoryEvent: fc.Arbitrary<MemoryEvent> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        id,
        kind: fc.constantFrom(...MEMORY_NODE_KINDS),
        text,
        embedderId: fc.option(fc.constant('model'), { nil: undefined }),
        outcome: fc.option(outcome, { nil: undefined }),
        at: instant,
      })
      .map(({ embedderId, outcome: ended, ...rest }): MemoryEvent => ({
        type: 'node-remembered',
        ...rest,
        ...(embedderId !== undefined && { embedderId }),
        ...(ended !== undefined && { outcome: ended }),
      })),
  },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('nodes-linked' as const), ...edgeKey, weight, at: instant }) },
  fc.record({ type: fc.constant('edge-forgotten' as const), ...edgeKey, at: instant }),
  fc.record({
    type: fc.constant('nodes-embedded' as const),
    ids,
    embedderId: fc.constantFrom('model', 'other'),
    at: instant,
  }),
  fc.record({ type: fc.constant('nodes-used' as const), ids, at: instant }),
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('retrieval-judged' as const),
      outcome,
      nodes: fc.array(fc.record({ id, credit: fc.constantFrom(0.5, 1) }), { maxLength: 4 }),
      edges: fc.array(fc.record(edgeKey), { maxLength: 4 }),
      at: instant,
    }),
  },
  fc.record({ type: fc.constant('nodes-merged' as const), into: id, from: id, at: instant }),
  fc.record({ type: fc.constant('node-forgotten' as const), id, at: instant }),
  fc.record({ type: fc.constant('time-passed' as const), at: instant }),
  fc.record({ type: fc.constant('settings-changed' as const), settings, at: instant }),
)
