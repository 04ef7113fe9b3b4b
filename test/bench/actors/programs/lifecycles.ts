import { fromTransition } from 'xstate'
import type { Held, Host, System, Target } from './host.ts'
import { type Count, createSignal, nextTurn } from './program.ts'

/** Programs in which actors come and go; each counts the actors that were seen to do their work and to be gone afterwards. */

type Work = { readonly type: 'work'; readonly angle: number }

/** Actors are made from outside, handle one message and end themselves. */
export async function forkJoinCreate(host: Host, actors: number): Promise<Count> {
  const finished = createSignal()
  let worked = 0
  const worker = host.define(
    'worker',
    fromTransition<number, Work, System, { index: number }>((state, event, scope) => {
      // An actor of XState's is told of its own end by an event.
      if (event.type !== 'work') return state
      worked += 1
      if (worked === actors) finished.give()
      host.stopSelf(scope)
      return Math.sin(event.angle)
    }, 0),
  )
  for (let index = 0; index < actors; index += 1)
    host.spawn(worker, { id: `worker-${index}`, input: { index } }).send({ type: 'work', angle: index })
  await finished.promise
  while (host.has(`worker-${actors - 1}`)) await nextTurn()
  return () => worked - countFound(host, 'worker', actors)
}

const FAN_OUT = 10

type SkynetEvent =
  | { readonly type: 'start'; readonly parent: Target<SkynetEvent> }
  | { readonly type: 'sum'; readonly sum: number }
type SkynetInput = { readonly first: number; readonly leaves: number }
type SkynetState = SkynetInput & {
  readonly parent: Target<SkynetEvent> | undefined
  readonly waiting: number
  readonly sum: number
  readonly children: readonly object[]
}

/** A tree of ten children each whose leaves report their number; `leaves` is a power of ten. Counts the leaves by their sum. */
export async function skynet(host: Host, leaves: number): Promise<Count> {
  const finished = createSignal()
  let total = -1
  const collector = host.define(
    'collector',
    fromTransition<number, SkynetEvent, System, { index: number }>((sum, event) => {
      if (event.type !== 'sum') return sum
      total = event.sum
      finished.give()
      return event.sum
    }, 0),
  )
  const node = host.define(
    'node',
    fromTransition<SkynetState, SkynetEvent, System, SkynetInput>(
      (state, event, scope) => {
        if (event.type === 'start') {
          if (state.leaves > 1) return { ...state, parent: event.parent, children: branch(state), waiting: FAN_OUT }
          event.parent.send({ type: 'sum', sum: state.first })
          host.stopFinishedChild(scope)
          return state
        }
        if (event.type !== 'sum') return state
        const sum = state.sum + event.sum
        if (state.waiting > 1) return { ...state, sum, waiting: state.waiting - 1 }
        host.stopChildren(scope, state.children)
        state.parent?.send({ type: 'sum', sum })
        host.stopFinishedChild(scope)
        return { ...state, sum, waiting: 0, children: [] }

        function branch({ first, leaves: all }: SkynetState): object[] {
          const share = all / FAN_OUT
          const children: Target<SkynetEvent>[] = []
          for (let index = 0; index < FAN_OUT; index += 1) {
            const input = { first: first + index * share, leaves: share }
            children.push(host.spawnChild(scope, node, { id: `node-${input.first}-${share}`, input }))
          }
          for (const child of children) child.send({ type: 'start', parent: scope.self })
          return children
        }
      },
      ({ input }) => ({ ...input, parent: undefined, waiting: 0, sum: 0, children: [] }),
    ),
  )
  const parent = host.spawn(collector, { id: 'collector', input: { index: 0 } })
  host.spawn(node, { id: `node-0-${leaves}`, input: { first: 0, leaves } }).send({ type: 'start', parent })
  await finished.promise
  return () => (total === (leaves * (leaves - 1)) / 2 ? leaves : 0)
}

const BATCH = 100

/** Actors are made from outside, a hundred at a time, and ended. */
export async function spawnStop(host: Host, actors: number): Promise<Count> {
  let started = 0
  const idler = host.define(
    'idler',
    fromTransition<number, Work, System, { index: number }>(
      (state) => state,
      ({ input }) => {
        started += 1
        return input.index
      },
    ),
  )
  const batch: Held<number, Work>[] = []
  for (let index = 0; index < actors; index += 1) {
    batch.push(host.spawn(idler, { id: `idler-${index}`, input: { index } }))
    if (batch.length < BATCH && index < actors - 1) continue
    await host.stopAll(batch)
    batch.length = 0
  }
  return () => started - countFound(host, 'idler', actors)
}

/** How many of the ids can still be reached. */
function countFound(host: Host, prefix: string, actors: number): number {
  let found = 0
  for (let index = 0; index < actors; index += 1) if (host.has(`${prefix}-${index}`)) found += 1
  return found
}
