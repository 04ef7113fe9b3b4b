/** Agents that workers load, for the tests of threads. */
import { assign, emit, fromTransition, setup } from 'xstate'
import type { EventObject, Snapshot } from 'xstate'
import type { AgentDefinition } from '../../../src/actors/agent-definition.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { spawnChildOf, stash, unstashAll } from '../../../src/actors/inside.ts'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'

type Answer = { readonly type: string; readonly [field: string]: unknown }
type Ask = { readonly replyTo?: { send(answer: Answer): unknown } }
const here = (exportName: string): { url: string; exportName: string } => ({ url: import.meta.url, exportName })

/** Remembers what it was told, in order. */
export const recorder = defineAgent({
  name: 'recorder',
  module: here('recorder'),
  logic: fromTransition(
    (heard: readonly unknown[], event: Ask & { type: 'note' | 'recall' | 'boom' | 'exit'; value?: unknown }) => {
      if (event.type === 'note') return [...heard, event.value]
      if (event.type === 'recall') event.replyTo?.send({ type: 'recalled', heard })
      if (event.type === 'boom') throw new Error('boom')
      return heard
    },
    ({ input }: { input: readonly unknown[] | undefined }) => input ?? [],
  ),
})

/** Counts what each sender sent, and whether it came in order. */
export const counter = defineAgent({
  name: 'counter',
  module: here('counter'),
  logic: fromTransition(
    (
      state: { readonly count: number; readonly last: Readonly<Record<string, number>>; readonly faults: number },
      event: Ask & { type: 'count' | 'report'; from: string; number: number },
    ) => {
      if (event.type === 'report') {
        event.replyTo?.send({ type: 'reported', ...state })
        return state
      }
      const isNext = event.number === (state.last[event.from] ?? -1) + 1
      return {
        count: state.count + 1,
        last: { ...state.last, [event.from]: event.number },
        faults: state.faults + (isNext ? 0 : 1),
      }
    },
    { count: 0, last: {}, faults: 0 },
  ),
})

/** Sends to others on request. */
export const sender = defineAgent({
  name: 'sender',
  module: here('sender'),
  logic: fromTransition(
    (
      sent: number,
      event: Ask & {
        type: 'send' | 'go' | 'where'
        to: ActorRef
        from: string
        times: number
        event?: { type: string }
      },
      { self },
    ) => {
      if (event.type === 'where') {
        event.replyTo?.send({ type: 'here', address: (self as unknown as ActorRef).address, self })
        return sent
      }
      if (event.type === 'go') {
        for (let time = 0; time < event.times; time += 1) {
          event.to.send({ type: 'count', from: event.from, number: sent + time })
        }
        event.replyTo?.send({ type: 'went' })
        return sent + event.times
      }
      if (event.event !== undefined) event.to.send(event.event)
      return sent
    },
    0,
  ),
})

/** Hands an ask on to another actor, which answers in its place. */
export const middleman = defineAgent({
  name: 'middleman',
  module: here('middleman'),
  logic: fromTransition((state: null, event: { type: 'recall'; to: ActorRef; replyTo?: Ask['replyTo'] }) => {
    if (event.type === 'recall') event.to.send({ type: 'recall', replyTo: event.replyTo })
    return state
  }, null),
})

/** Hands on whatever it is sent. */
export const relay = defineAgent({
  name: 'relay',
  module: here('relay'),
  logic: fromTransition((state: null, { to, ...event }: { type: string; to?: ActorRef }) => {
    to?.send(event)
    return state
  }, null),
})

/** Does to its worker what must not be done. */
export const vandal = defineAgent({
  name: 'vandal',
  module: here('vandal'),
  logic: fromTransition((count: number, event: Ask & { type: 'exit' | 'throw' | 'fill' | 'spin' | 'count' }) => {
    switch (event.type) {
      case 'exit':
        // Takes the thread with it, as `process.exit` does.
        Reflect.apply(process.exit, process, [3])
        break
      case 'throw':
        setTimeout(() => {
          throw Object.assign(new Error('thrown from nowhere'), { code: 'E_NOWHERE' })
        })
        break
      case 'fill': {
        const all: unknown[] = []
        for (;;) all.push(Array.from({ length: 1_000 }, (_, index) => ({ index })))
      }
      case 'spin':
        for (;;);
      case 'count':
        event.replyTo?.send({ type: 'counted', count: count + 1 })
        break
    }
    return count + 1
  }, 0),
})

const LAMP: { context?: { flips: number }; events?: { type: 'flip' } } = {}

/** A statechart with a delay. */
export const lamp = defineAgent({
  name: 'lamp',
  module: here('lamp'),
  logic: setup({
    types: LAMP,
  }).createMachine({
    context: { flips: 0 },
    initial: 'off',
    states: {
      off: { on: { flip: { target: 'on', actions: assign({ flips: ({ context }) => context.flips + 1 }) } } },
      on: { after: { 150: 'off' }, on: { flip: 'done' } },
      done: { type: 'final' },
    },
    output: ({ context }) => ({ flips: context.flips }),
  }),
})

/** A small mailbox whose senders wait. */
export const narrow = defineAgent({
  name: 'narrow',
  module: here('narrow'),
  mailbox: { bound: 4, atBound: 'credit' },
  logic: counter.logic,
})

/** Tells what it watches. */
export const watchman = defineAgent({
  name: 'watchman',
  module: here('watchman'),
  logic: fromTransition(
    (
      seen: readonly string[],
      event: Ask & { type: string; target?: ActorRef; id?: string; reason?: string },
      { self },
    ) => {
      if (event.type === 'watch') event.target?.watch(self as unknown as ActorRef)
      if (event.type === 'kernell.terminated') return [...seen, `${event.id} ${event.reason}`]
      if (event.type === 'seen') event.replyTo?.send({ type: 'seen', seen })
      return seen
    },
    [],
  ),
})

/** Puts messages aside until it is opened. */
export const shelf = defineAgent({
  name: 'shelf',
  module: here('shelf'),
  logic: fromTransition(
    (
      state: { readonly isOpen: boolean; readonly heard: readonly unknown[] },
      event: Ask & { type: 'aside' | 'open' | 'recall'; value?: unknown },
      { self },
    ) => {
      if (event.type === 'open') {
        unstashAll(self)
        return { ...state, isOpen: true }
      }
      if (event.type === 'recall') event.replyTo?.send({ type: 'recalled', heard: state.heard })
      if (event.type !== 'aside') return state
      if (state.isOpen) return { ...state, heard: [...state.heard, event.value] }
      stash(self, event)
      return state
    },
    { isOpen: false, heard: [] },
  ),
})

/** Has a child. */
export const parent = defineAgent({
  name: 'parent',
  module: here('parent'),
  logic: fromTransition((child: ActorRef | null, event: Ask & { type: 'child' }, { self }) => {
    if (event.type !== 'child') return child
    const own = child ?? spawnChildOf(self, recorder)
    event.replyTo?.send({ type: 'child', id: own.id })
    return own
  }, null),
})

/** Its state is nothing that can be copied. */
export const hoarder = defineAgent({
  name: 'hoarder',
  module: here('hoarder'),
  logic: fromTransition(
    (state: { readonly run: () => number }, event: Ask & { type: 'recall' }) => {
      event.replyTo?.send({ type: 'recalled' })
      return state
    },
    { run: () => 1 },
  ),
})

const reducer = fromTransition((count: number, event: Ask & { type: 'count' }) => {
  if (event.type === 'count') event.replyTo?.send({ type: 'counted', count: count + 1 })
  return count + 1
}, 0)

/** Cannot go on from a snapshot on the second worker. */
export const homebody: AgentDefinition = defineAgent({
  name: 'homebody',
  module: here('homebody'),
  logic: {
    ...reducer,
    transition: (snapshot, event, scope) => reducer.transition(snapshot, event, scope),
    restoreSnapshot: (snapshot: Snapshot<unknown>, scope: unknown) => {
      const { address } = (scope as { readonly self: ActorRef }).self
      const { workerIndex } = (scope as { readonly system: { readonly workerIndex: number } }).system
      if (workerIndex === 2) throw new RangeError(`not here: ${address}`)
      return snapshot as never
    },
  },
})

/** Not started again. */
export const temporary = defineAgent({
  name: 'temporary',
  module: here('temporary'),
  restart: 'temporary',
  logic: recorder.logic,
})

/** Cannot start: its context throws, or its logic does, or it throws what cannot be copied. */
export const stillborn = defineAgent({
  name: 'stillborn',
  module: here('stillborn'),
  logic: setup({}).createMachine({
    context: ({ input }) => {
      const cause = Object.assign(new RangeError(`bad input: ${String((input as { why?: string }).why)}`), {
        ...((input as { why?: string }).why === 'odd' && { handler: () => 1 }),
      })
      throw cause
    },
  }),
})

/** Fails over what it is asked, and is not started again. */
export const brittle = defineAgent({
  name: 'brittle',
  module: here('brittle'),
  restart: 'temporary',
  logic: fromTransition((state: null, event: { type: string }) => {
    if (event.type === 'boom') throw new RangeError('boom')
    return state
  }, null),
})

const CRIER: { events?: { type: 'say' | 'whisper' | 'ask'; value?: unknown }; emitted?: EventObject } = {}

/** Emits what it is told. */
export const crier = defineAgent({
  name: 'crier',
  module: here('crier'),
  logic: setup({ types: CRIER }).createMachine({
    on: {
      say: { actions: emit(({ event }) => ({ type: 'said', value: event.value })) },
      whisper: { actions: emit(({ event }) => ({ type: 'whispered', value: event.value })) },
      ask: { actions: ({ event }) => (event as Ask).replyTo?.send({ type: 'heard' }) },
    },
  }),
})

/** Emits what cannot be copied. */
export const trickster = defineAgent({
  name: 'trickster',
  module: here('trickster'),
  logic: setup({ types: CRIER as { events?: { type: 'say' | 'trick' | 'ask' }; emitted?: EventObject } }).createMachine(
    {
      on: {
        trick: { actions: emit({ type: 'tricked', run: () => 1 } as EventObject) },
        say: { actions: emit({ type: 'said' }) },
        ask: { actions: ({ event }) => (event as Ask).replyTo?.send({ type: 'heard' }) },
      },
    },
  ),
})

/** Hears what others emit. */
export const listener = defineAgent({
  name: 'listener',
  module: here('listener'),
  logic: fromTransition(
    (
      heard: readonly unknown[],
      event: Ask & { type: 'listen' | 'heard' | 'recall'; target?: Emitter; value?: unknown },
      { self },
    ) => {
      if (event.type === 'listen') {
        event.target?.on('said', ({ value }) => self.send({ type: 'heard', value }))
      }
      if (event.type === 'recall') event.replyTo?.send({ type: 'recalled', heard })
      return event.type === 'heard' ? [...heard, event.value] : heard
    },
    [],
  ),
})

type Emitter = { on(type: string, hear: (event: { readonly value?: unknown }) => void): unknown }
