/**
 * One process of the case `durable-restart`, through the public door.
 *
 * usage: durable-restart.ts write|measure flat|statechart DIRECTORY EVENTS
 *
 * `write` leaves a durable actor with so many events since its snapshot. `measure` starts on that, and prints in milliseconds
 * how long it took until `system.ready`, and from there until the first new message was handled and until it was answered,
 * which is when it is on stable storage.
 */
import { createActorSystem, defineAgent } from 'kernell-os/actors'
import { assign, fromTransition, setup } from 'xstate'

const [mode = '', kind = '', directory = '', events = '1000'] = process.argv.slice(2)
const ID = 'restarted'
/** More than are written: all events come after the snapshot that the actor began with. */
const SNAPSHOT_EVERY = 1_000_000
const CONCURRENT = 50

type Go = { readonly type: 'go'; readonly replyTo?: { send(event: { readonly type: string }): unknown } }
type Counted = { readonly count: number; readonly last: string }

let handledMs = 0
const answer = ({ replyTo }: Go): void => {
  handledMs = performance.now()
  replyTo?.send({ type: 'done' })
}
const counted = ({ count }: Counted): Counted => ({ count: count + 1, last: `event ${count}` })

const durable = { snapshotEvery: SNAPSHOT_EVERY }
const flat = defineAgent({
  name: 'flat',
  durable,
  logic: fromTransition(
    (state: Counted, event: Go) => {
      answer(event)
      return counted(state)
    },
    { count: 0, last: '' },
  ),
})

const machine = setup({
  types: { context: {} as Counted, events: {} as Go },
  actions: { answer: ({ event }) => answer(event), count: assign(({ context }) => counted(context)) },
}).createMachine({
  context: { count: 0, last: '' },
  initial: 'one',
  states: {
    one: { on: { go: { target: 'two', actions: ['answer', 'count'] } } },
    two: { on: { go: { target: 'three', actions: ['answer', 'count'] } } },
    three: { on: { go: { target: 'one', actions: ['answer', 'count'] } } },
  },
})
const statechart = defineAgent({ name: 'statechart', durable, logic: machine })

const startedMs = performance.now()
const system = createActorSystem({ dataDir: directory })
await system.ready
const readyMs = performance.now()
const ref = system.spawn(kind === 'flat' ? flat : statechart, { id: ID })
if (mode === 'write') {
  for (let sent = 0; sent < Number(events); sent += CONCURRENT) {
    await Promise.all(Array.from({ length: CONCURRENT }, async () => await ref.ask({ type: 'go' })))
  }
} else {
  await ref.ask({ type: 'go' })
  const answeredMs = performance.now()
  const { context } = ref.getSnapshot() as { readonly context?: Counted }
  const figures = {
    count: context?.count ?? 0,
    ready: readyMs - startedMs,
    handled: handledMs - readyMs,
    answered: answeredMs - readyMs,
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}
await system.stop()
