import { CREATURES } from './chameneos.ts'
import { BIG_ACTORS, RING_ACTORS, WORKERS } from './messages.ts'
import { nact, type NactRef } from './nact-door.ts'
import { createSignal, type Done, nextDraw, nextTurn } from './program.ts'

/** The programs of messages.ts and chameneos.ts for nact. Each actor counts what it handles; nact shows no state, so a table keeps it. */

const { dispatch, spawn, start, stop } = nact

type Ball = { readonly from: NactRef; readonly left: number }

export async function pingPong(messages: number): Promise<Done> {
  const system = start()
  const finished = createSignal()
  let handled = 0
  const [left, right] = ['left', 'right'].map((name) =>
    spawn<number, Ball>(
      system,
      (received, message, { self }) => {
        handled += 1
        if (message.left > 0) dispatch(message.from, { from: self, left: message.left - 1 })
        else finished.give()
        return received + 1
      },
      name,
      { initialState: 0 },
    ),
  )
  if (left === undefined || right === undefined) throw new Error('Two were spawned')
  dispatch(left, { from: right, left: messages - 1 })
  await finished.promise
  return done(system, () => handled)
}

type RingMessage = { readonly next?: NactRef; readonly left: number }

export async function threadRing(hops: number): Promise<Done> {
  const system = start()
  const finished = createSignal()
  let handled = 0
  const ring = Array.from({ length: RING_ACTORS }, (_, index) =>
    spawn<NactRef | undefined, RingMessage>(
      system,
      (next, message) => {
        if (message.next !== undefined) return message.next
        handled += 1
        if (message.left > 0 && next !== undefined) dispatch(next, { left: message.left - 1 })
        else finished.give()
        return next
      },
      `link-${index}`,
      {},
    ),
  )
  for (const [index, actor] of ring.entries()) dispatch(actor, { next: ring[(index + 1) % ring.length] })
  if (ring[0] !== undefined) dispatch(ring[0], { left: hops - 1 })
  await finished.promise
  return done(system, () => handled)
}

type CounterMessage = { readonly type: 'increment' } | { readonly type: 'retrieve'; readonly from: NactRef }
type ProducerMessage = { readonly type: 'produce' } | { readonly type: 'result'; readonly count: number }

export async function counting(messages: number): Promise<Done> {
  const system = start()
  const finished = createSignal()
  const counter = spawn<number, CounterMessage>(
    system,
    (count, message) => {
      if (message.type === 'increment') return count + 1
      dispatch(message.from, { type: 'result', count })
      return count
    },
    'counter',
    { initialState: 0 },
  )
  let told = 0
  const producer = spawn<undefined, ProducerMessage>(
    system,
    (_, message, { self }) => {
      if (message.type === 'result') {
        told = message.count
        finished.give()
        return undefined
      }
      for (let sent = 0; sent < messages; sent += 1) dispatch(counter, { type: 'increment' })
      dispatch(counter, { type: 'retrieve', from: self })
      return undefined
    },
    'producer',
    {},
  )
  dispatch(producer, { type: 'produce' })
  await finished.promise
  return done(system, () => told)
}

export async function forkJoinThroughput(messages: number): Promise<Done> {
  const system = start()
  const finished = createSignal()
  const share = Math.ceil(messages / WORKERS)
  let working = WORKERS
  let handled = 0
  const workers = Array.from({ length: WORKERS }, (_, index) =>
    spawn<{ readonly handled: number; readonly sum: number }, { readonly angle: number }>(
      system,
      (state, { angle }) => {
        handled += 1
        if (state.handled + 1 === share && --working === 0) finished.give()
        return { handled: state.handled + 1, sum: state.sum + Math.sin(angle) }
      },
      `worker-${index}`,
      { initialState: { handled: 0, sum: 0 } },
    ),
  )
  for (let round = 0; round < share; round += 1) {
    for (const worker of workers) dispatch(worker, { angle: round })
    while (round % 10_000 === 9_999 && handled < (round + 1) * WORKERS) await nextTurn()
  }
  await finished.promise
  return done(system, () => handled)
}

type BigMessage = { readonly type: 'start' | 'pong' } | { readonly type: 'ping'; readonly from: NactRef }

export async function big(messages: number): Promise<Done> {
  const system = start()
  const finished = createSignal()
  const pings = Math.ceil(messages / (2 * BIG_ACTORS))
  let playing = BIG_ACTORS
  let handled = 0
  const everybody: NactRef[] = []
  for (let index = 0; index < BIG_ACTORS; index += 1) {
    const player = spawn<{ readonly seed: number; readonly left: number }, BigMessage>(
      system,
      (state, message, { self }) => {
        if (message.type !== 'start') handled += 1
        if (message.type === 'ping') {
          dispatch(message.from, { type: 'pong' })
          return state
        }
        if (state.left === 0) {
          if (--playing === 0) finished.give()
          return state
        }
        const seed = nextDraw(state.seed)
        const other = everybody[seed % everybody.length]
        if (other !== undefined) dispatch(other, { type: 'ping', from: self })
        return { seed, left: state.left - 1 }
      },
      `player-${index}`,
      { initialState: { seed: index + 1, left: pings } },
    )
    everybody.push(player)
  }
  for (const player of everybody) dispatch(player, { type: 'start' })
  await finished.promise
  return done(system, () => handled)
}

type Visit = { readonly colour: number; readonly from: NactRef }
type CreatureMessage =
  | { readonly type: 'enter' | 'exit' }
  | { readonly type: 'meet'; readonly colour: number; readonly from: NactRef }
  | { readonly type: 'change'; readonly colour: number }

export async function chameneos(meetings: number): Promise<Done> {
  const system = start()
  const finished = createSignal()
  let handled = 0
  let gone = 0
  let halves = 0
  const mall = spawn<{ readonly waiting: Visit | undefined; readonly left: number }, Visit | { readonly met: number }>(
    system,
    (state, message) => {
      handled += 1
      if ('met' in message) {
        halves += message.met
        gone += 1
        if (gone === CREATURES) finished.give()
        return state
      }
      if (state.left === 0) dispatch(message.from, { type: 'exit' })
      else if (state.waiting === undefined) return { ...state, waiting: message }
      else {
        dispatch(state.waiting.from, { type: 'meet', colour: message.colour, from: message.from })
        return { waiting: undefined, left: state.left - 1 }
      }
      return state
    },
    'mall',
    { initialState: { waiting: undefined, left: meetings } },
  )
  const creatures = Array.from({ length: CREATURES }, (_, index) =>
    spawn<{ readonly colour: number; readonly met: number }, CreatureMessage>(
      system,
      (state, message, { self }) => {
        if (message.type !== 'enter') handled += 1
        if (message.type === 'exit') {
          dispatch(mall, { met: state.met })
          return state
        }
        const colour = nextColour(state.colour, message)
        if (message.type === 'meet') dispatch(message.from, { type: 'change', colour })
        dispatch(mall, { colour, from: self })
        return { colour, met: message.type === 'enter' ? 0 : state.met + 1 }
      },
      `creature-${index}`,
      { initialState: { colour: index % 3, met: 0 } },
    ),
  )
  for (const creature of creatures) dispatch(creature, { type: 'enter' })
  await finished.promise
  if (halves !== meetings * 2) throw new Error(`${halves} halves of ${meetings} meetings`)
  return done(system, () => handled)
}

function nextColour(own: number, message: CreatureMessage): number {
  if (message.type === 'change') return message.colour
  if (message.type !== 'meet' || message.colour === own) return own
  return 3 - own - message.colour
}

export function done(system: NactRef, count: () => number): Done {
  return {
    count,
    close: () => {
      stop(system)
      return Promise.resolve()
    },
  }
}
