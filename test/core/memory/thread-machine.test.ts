import fc from 'fast-check'
import { expect, it, test } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import { hashTrieGet } from '../../../src/core/collections/hash-trie.ts'
import {
  formatThreadEvent,
  formatThreadState,
  parseThreadEvent,
  parseThreadState,
} from '../../../src/core/memory/thread-codec.ts'
import {
  STEP_BYTES_MAX,
  THREAD_MACHINE,
  THREAD_STEPS_MAX,
  THREADS_MAX,
  type ThreadEvent,
  type ThreadState,
} from '../../../src/core/memory/thread-machine.ts'

fc.configureGlobal({ seed: 2026 })

const { transition, violations } = THREAD_MACHINE
const EMPTY = THREAD_MACHINE.initial(undefined)
const at = timestampFromMs
const finished = (thread: string, id: string, atMs = 0): ThreadEvent => ({
  type: 'step-finished',
  thread,
  step: { id, text: `text ${id}` },
  at: at(atMs),
})
const run = (...events: readonly ThreadEvent[]): ThreadState =>
  events.reduce((state, event) => transition(state, event).state, EMPTY)

test('a thread begins with its first step, takes a compressed context and ends when closed', () => {
  const state = run(finished('t', '1'), finished('t', '2'), {
    type: 'thread-compressed',
    thread: 't',
    context: { summary: 'so far', steps: [{ id: '2', text: 'text 2' }] },
    at: at(5),
  })
  expect(hashTrieGet(state.threads, 't')).toEqual({
    context: { summary: 'so far', steps: [{ id: '2', text: 'text 2' }] },
    stepCount: 2,
    usedAt: 0,
  })
  expect(transition(state, { type: 'thread-closed', thread: 't', at: at(6) })).toEqual({
    state: EMPTY,
    effects: [{ type: 'drop-thread', thread: 't', reason: 'closed' }],
  })
})

test.each<[string, ThreadEvent, string]>([
  ['a step said twice', finished('t', '1'), 'STEP_KNOWN'],
  ['a blank step', { type: 'step-finished', thread: 't', step: { id: 'x', text: ' ' }, at: at(0) }, 'EVENT_INVALID'],
  ['a name with a slash', finished('a/b', '1'), 'EVENT_INVALID'],
  [
    'a step too large',
    { type: 'step-finished', thread: 't', step: { id: 'x', text: 'é'.repeat(STEP_BYTES_MAX / 2 + 1) }, at: at(0) },
    'STEP_TOO_LARGE',
  ],
  ['closing what is not open', { type: 'thread-closed', thread: 'u', at: at(0) }, 'THREAD_UNKNOWN'],
])('refuses %s', (_what, event, code) => {
  const state = run(finished('t', '1'))
  expect(transition(state, event)).toEqual({ state, effects: [{ type: 'event-refused', code }] })
})

test('steps in full are bounded', () => {
  const state = run(...Array.from({ length: THREAD_STEPS_MAX }, (_, index) => finished('t', `${index}`)))
  expect(transition(state, finished('t', 'more')).effects).toEqual([{ type: 'event-refused', code: 'THREAD_FULL' }])
})

test('of too many threads the one without a step for longest leaves', () => {
  const events = Array.from({ length: THREADS_MAX }, (_, index) => finished(`t${index}`, '1', index))
  const state = run(...events, finished('t0', '2', 5_000))
  expect(transition(state, finished('new', '1', 0)).effects).toEqual([
    { type: 'confirm-thread', thread: 'new' },
    { type: 'drop-thread', thread: 't1', reason: 'evicted' },
  ])
})

it('is sound whatever happens, and reads what it wrote', () => {
  const thread = fc.constantFrom('a', 'b', 'bad name')
  const step = fc.record({ id: fc.constantFrom('1', '2', '3', ''), text: fc.constantFrom('x', ' ', 'yé') })
  const event: fc.Arbitrary<ThreadEvent> = fc.oneof(
    fc.record({ type: fc.constant('step-finished' as const), thread, step, at: fc.nat().map(at) }),
    fc.record({
      type: fc.constant('thread-compressed' as const),
      thread,
      context: fc.record({
        summary: fc.constantFrom('', 'sum'),
        steps: fc.uniqueArray(step, { maxLength: 1, selector: ({ id }) => id }),
      }),
      at: fc.nat().map(at),
    }),
    fc.record({ type: fc.constant('thread-closed' as const), thread, at: fc.nat().map(at) }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      let state = EMPTY
      for (const next of events) {
        const { state: after, effects } = transition(state, next)
        const isRefused = effects.some((effect) => effect.type === 'event-refused')
        if (isRefused) expect(after).toBe(state)
        else expect(parseThreadEvent(JSON.parse(JSON.stringify(formatThreadEvent(next))))).toEqual(next)
        expect(violations(after)).toEqual([])
        state = after
      }
      const written = JSON.stringify(formatThreadState(state))
      const read = parseThreadState(JSON.parse(written))
      expect(JSON.stringify(read && formatThreadState(read))).toBe(written)
    }),
  )
})
