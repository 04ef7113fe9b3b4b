import { fromTransition } from 'xstate'
import type { Held, Host, System, Target } from './host.ts'
import { type Count, createSignal } from './program.ts'

export const CREATURES = 100
const COLOURS = 3

type CreatureEvent =
  | { readonly type: 'enter' }
  | { readonly type: 'meet'; readonly colour: number; readonly from: Target<CreatureEvent> }
  | { readonly type: 'change'; readonly colour: number }
  | { readonly type: 'exit' }
type MallEvent =
  | { readonly type: 'visit'; readonly colour: number; readonly from: Target<CreatureEvent> }
  | { readonly type: 'goodbye'; readonly meetings: number }
type Visit = Extract<MallEvent, { readonly type: 'visit' }>
type CreatureState = { readonly colour: number; readonly meetings: number; readonly received: number }
type MallState = {
  readonly waiting: Visit | undefined
  readonly left: number
  readonly received: number
  readonly gone: number
  readonly meetings: number
}

/**
 * A hundred creatures meet in pairs at a mall that pairs them in order of arrival.
 *
 * @returns Counts messages that the mall and the creatures say they handled: four per meeting, and three per creature at the end (its last visit, its
 *   exit, its goodbye).
 */
export async function chameneos(host: Host, meetings: number): Promise<Count> {
  const finished = createSignal()
  const mall = openMall({ host, meetings, whenAllGone: finished.give })
  const creature = host.define(
    'creature',
    fromTransition<CreatureState, CreatureEvent, System, { index: number }>(
      (state, event, { self }) => actAsCreature(state, { event, self, mall }),
      ({ input }) => ({ colour: input.index % COLOURS, meetings: 0, received: 0 }),
    ),
  )
  const creatures = Array.from({ length: CREATURES }, (_, index) =>
    host.spawn(creature, { id: `creature-${index}`, input: { index } }),
  )
  for (const each of creatures) each.send({ type: 'enter' })
  await finished.promise
  const total = mall.getSnapshot().context
  if (total.meetings !== meetings * 2) throw new Error(`${total.meetings} halves of ${meetings} meetings`)
  return () => creatures.reduce((sum, each) => sum + each.getSnapshot().context.received, total.received)
}

type Place = { readonly host: Host; readonly meetings: number; readonly whenAllGone: () => void }

function openMall({ host, meetings, whenAllGone }: Place): Held<MallState, MallEvent> {
  const mall = host.define(
    'mall',
    fromTransition<MallState, MallEvent, System, { meetings: number }>(
      (state, event) => {
        const received = state.received + 1
        if (event.type === 'goodbye') {
          const gone = state.gone + 1
          if (gone === CREATURES) whenAllGone()
          return { ...state, received, gone, meetings: state.meetings + event.meetings }
        }
        if (event.type !== 'visit') return state
        if (state.left === 0) {
          event.from.send({ type: 'exit' })
          return { ...state, received }
        }
        if (state.waiting === undefined) return { ...state, received, waiting: event }
        state.waiting.from.send({ type: 'meet', colour: event.colour, from: event.from })
        return { ...state, received, waiting: undefined, left: state.left - 1 }
      },
      ({ input }) => ({ waiting: undefined, left: input.meetings, received: 0, gone: 0, meetings: 0 }),
    ),
  )
  return host.spawn(mall, { id: 'mall', input: { meetings } })
}

type Encounter = {
  readonly event: CreatureEvent
  readonly self: Target<CreatureEvent>
  readonly mall: Target<MallEvent>
}

/** `enter` comes from outside and is not counted. */
function actAsCreature(state: CreatureState, { event, self, mall }: Encounter): CreatureState {
  switch (event.type) {
    case 'enter':
      mall.send({ type: 'visit', colour: state.colour, from: self })
      return state
    case 'meet': {
      const colour = complement(state.colour, event.colour)
      event.from.send({ type: 'change', colour })
      mall.send({ type: 'visit', colour, from: self })
      return { colour, meetings: state.meetings + 1, received: state.received + 1 }
    }
    case 'change':
      mall.send({ type: 'visit', colour: event.colour, from: self })
      return { colour: event.colour, meetings: state.meetings + 1, received: state.received + 1 }
    case 'exit':
      mall.send({ type: 'goodbye', meetings: state.meetings })
      return { ...state, received: state.received + 1 }
    default:
      return state
  }
}

/** The same colour stays; two colours give the third. */
function complement(own: number, other: number): number {
  return own === other ? own : COLOURS - own - other
}
