import { fromTransition } from 'xstate'
import type { Held, Host, System, Target } from './host.ts'
import { type Count, createSignal, nextDraw, nextTurn } from './program.ts'

/**
 * Programs of the Savina set in which a fixed set of actors exchanges messages; each counts the messages that its actors say they handled. Logic
 * is told of its end by an event too, as with XState, so each looks at the type before it counts.
 */

type Ball = { readonly type: 'ball'; readonly from: Target<Ball>; readonly left: number }

export async function pingPong(host: Host, messages: number): Promise<Count> {
  const finished = createSignal()
  const player = host.define(
    'player',
    fromTransition<number, Ball, System, { index: number }>((received, event, { self }) => {
      if (event.type !== 'ball') return received
      if (event.left > 0) event.from.send({ type: 'ball', from: self, left: event.left - 1 })
      else finished.give()
      return received + 1
    }, 0),
  )
  const left = host.spawn(player, { id: 'left', input: { index: 0 } })
  const right = host.spawn(player, { id: 'right', input: { index: 1 } })
  left.send({ type: 'ball', from: right, left: messages - 1 })
  await finished.promise
  return () => left.getSnapshot().context + right.getSnapshot().context
}

export const RING_ACTORS = 503

type RingEvent =
  | { readonly type: 'join'; readonly next: Target<RingEvent> }
  | { readonly type: 'token'; readonly left: number }
type RingState = { readonly next: Target<RingEvent> | undefined; readonly received: number }

export async function threadRing(host: Host, hops: number): Promise<Count> {
  const finished = createSignal()
  const link = host.define(
    'link',
    fromTransition<RingState, RingEvent, System, { index: number }>(
      (state, event) => {
        if (event.type === 'join') return { ...state, next: event.next }
        if (event.type !== 'token') return state
        if (event.left > 0) state.next?.send({ type: 'token', left: event.left - 1 })
        else finished.give()
        return { next: state.next, received: state.received + 1 }
      },
      { next: undefined, received: 0 },
    ),
  )
  const ring = Array.from({ length: RING_ACTORS }, (_, index) =>
    host.spawn(link, { id: `link-${index}`, input: { index } }),
  )
  for (const [index, actor] of ring.entries()) {
    const next = ring[(index + 1) % ring.length]
    if (next !== undefined) actor.send({ type: 'join', next })
  }
  ring[0]?.send({ type: 'token', left: hops - 1 })
  await finished.promise
  return () => sumOf(ring, ({ received }) => received)
}

const CHUNK = 1_000

type CounterEvent = { readonly type: 'increment' } | { readonly type: 'retrieve'; readonly from: Target<ProducerEvent> }
type ProducerEvent =
  | { readonly type: 'produce'; readonly left: number }
  | { readonly type: 'result'; readonly count: number }

/** The producer sends 1,000 at a time and reminds itself of the rest, so that the credit of the counter's mailbox can hold it. */
export async function counting(host: Host, messages: number): Promise<Count> {
  const finished = createSignal()
  const counter = host.define(
    'counter',
    fromTransition<number, CounterEvent, System, { index: number }>((count, event) => {
      if (event.type === 'increment') return count + 1
      if (event.type === 'retrieve') event.from.send({ type: 'result', count })
      return count
    }, 0),
    'credit',
  )
  const counted = host.spawn(counter, { id: 'counter', input: { index: 0 } })
  const producer = host.define(
    'producer',
    fromTransition<number, ProducerEvent, System, { index: number }>((told, event, { self }) => {
      if (event.type === 'result') {
        finished.give()
        return event.count
      }
      if (event.type !== 'produce') return told
      const chunk = Math.min(event.left, CHUNK)
      for (let sent = 0; sent < chunk; sent += 1) counted.send({ type: 'increment' })
      if (event.left > chunk) self.send({ type: 'produce', left: event.left - chunk })
      else counted.send({ type: 'retrieve', from: self })
      return told
    }, 0),
  )
  const told = host.spawn(producer, { id: 'producer', input: { index: 1 } })
  told.send({ type: 'produce', left: messages })
  await finished.promise
  if (told.getSnapshot().context !== counted.getSnapshot().context)
    throw new Error('The producer was told another count')
  return () => counted.getSnapshot().context
}

export const WORKERS = 60
const FILL = 10_000

type Work = { readonly type: 'work'; readonly angle: number }
type WorkState = { readonly handled: number; readonly sum: number }

/** 60 workers, filled from outside in turns with the 10,000 messages each that Savina gives them, as often as the size asks. */
export async function forkJoinThroughput(host: Host, messages: number): Promise<Count> {
  const finished = createSignal()
  const share = Math.ceil(messages / WORKERS)
  let working = WORKERS
  const worker = host.define(
    'worker',
    fromTransition<WorkState, Work, System, { index: number }>(
      (state, event) => {
        if (event.type !== 'work') return state
        const handled = state.handled + 1
        if (handled === share && --working === 0) finished.give()
        return { handled, sum: state.sum + Math.sin(event.angle) }
      },
      { handled: 0, sum: 0 },
    ),
  )
  const workers = Array.from({ length: WORKERS }, (_, index) =>
    host.spawn(worker, { id: `worker-${index}`, input: { index } }),
  )
  for (let round = 0; round < share; round += 1) {
    for (const actor of workers) actor.send({ type: 'work', angle: round })
    if (round % FILL === FILL - 1) await untilHandled(workers.at(-1), round + 1)
  }
  await finished.promise
  return () => sumOf(workers, ({ handled }) => handled)
}

async function untilHandled(worker: Held<WorkState, Work> | undefined, messages: number): Promise<void> {
  while (worker !== undefined && worker.getSnapshot().context.handled < messages) await nextTurn()
}

export const BIG_ACTORS = 100

type BigEvent =
  | { readonly type: 'start'; readonly everybody: readonly Target<BigEvent>[] }
  | { readonly type: 'ping'; readonly from: Target<BigEvent> }
  | { readonly type: 'pong' }
type BigState = {
  readonly everybody: readonly Target<BigEvent>[]
  readonly seed: number
  readonly left: number
  readonly received: number
}

/** Everybody pings a random other, waits for the pong, and goes on; `messages` counts pings and pongs. */
export async function big(host: Host, messages: number): Promise<Count> {
  const finished = createSignal()
  const pings = Math.ceil(messages / (2 * BIG_ACTORS))
  let playing = BIG_ACTORS
  const player = host.define(
    'player',
    fromTransition<BigState, BigEvent, System, { index: number }>(
      (state, event, { self }) => {
        if (event.type === 'ping') {
          event.from.send({ type: 'pong' })
          return { ...state, received: state.received + 1 }
        }
        if (event.type !== 'pong' && event.type !== 'start') return state
        const everybody = event.type === 'start' ? event.everybody : state.everybody
        const received = event.type === 'start' ? state.received : state.received + 1
        if (state.left === 0) {
          if (--playing === 0) finished.give()
          return { ...state, received }
        }
        const seed = nextDraw(state.seed)
        everybody[seed % everybody.length]?.send({ type: 'ping', from: self })
        return { everybody, seed, left: state.left - 1, received }
      },
      ({ input }) => ({ everybody: [], seed: input.index + 1, left: pings, received: 0 }),
    ),
  )
  const everybody: Held<BigState, BigEvent>[] = []
  for (let index = 0; index < BIG_ACTORS; index += 1)
    everybody.push(host.spawn(player, { id: `player-${index}`, input: { index } }))
  for (const actor of everybody) actor.send({ type: 'start', everybody })
  await finished.promise
  return () => sumOf(everybody, ({ received }) => received)
}

function sumOf<State>(
  actors: readonly { getSnapshot(): { readonly context: State } }[],
  measure: (state: State) => number,
): number {
  return actors.reduce((sum, actor) => sum + measure(actor.getSnapshot().context), 0)
}
