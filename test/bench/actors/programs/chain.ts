import { fromTransition } from 'xstate'
import type { Host, System, Target } from './host.ts'
import { createSignal, type Figures, nextTurn } from './program.ts'

type Hop = { readonly type: 'hop' }
type LinkState = { readonly next: Target<Hop> | undefined; readonly isWatched: boolean }

/** Event-loop turns without a hop after which the chain is taken as broken. */
const PATIENCE_TURNS = 100

/**
 * A message goes through a chain of actors, each of which knows only the next. `count` is how many handled it; `framesGrown` how much deeper
 * the stack was at the end than at the beginning.
 */
export async function measureChain(host: Host, actors: number): Promise<Figures> {
  const finished = createSignal()
  const frames: number[] = []
  let hops = 0
  const link = host.define(
    'link',
    fromTransition<LinkState, Hop, System, LinkState>(
      (state, event) => {
        if (event.type !== 'hop') return state
        hops += 1
        if (state.isWatched) frames.push(countFrames())
        if (state.next === undefined) finished.give()
        else state.next.send({ type: 'hop' })
        return state
      },
      ({ input }) => input,
    ),
  )
  let next: Target<Hop> | undefined
  for (let index = actors - 1; index >= 0; index -= 1) {
    const isWatched = index === 0 || index === actors - 1
    next = host.spawn(link, { id: `link-${index}`, input: { next, isWatched } })
  }
  next?.send({ type: 'hop' })
  await Promise.race([finished.promise, untilQuiet(() => hops)])
  return { count: hops, framesGrown: (frames[1] ?? Number.NaN) - (frames[0] ?? Number.NaN) }
}

function countFrames(): number {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = Number.POSITIVE_INFINITY
  const lines = new Error('Depth').stack?.split('\n').length ?? 0
  Error.stackTraceLimit = limit
  return lines
}

async function untilQuiet(read: () => number): Promise<void> {
  for (let seen = -1, quiet = 0; quiet < PATIENCE_TURNS; quiet += 1) {
    if (read() !== seen) quiet = 0
    seen = read()
    await nextTurn()
  }
}
