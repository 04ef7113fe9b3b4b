import { assign, fromTransition, setup } from 'xstate'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import type { AgentDefinition } from '../../../src/actors/agent-definition.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { createSimulatedActors } from '../../../src/simulation/actors/simulated-actors.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'
import { type Bench, type BenchRow, median, roundFigure } from '../bench.ts'

/** What the design asks for, messages and timers a second of CPU. */
const FLAT_LIMIT = 1_000_000
const CHART_LIMIT = 250_000
const REPEATS = 5
const SIZES = [1_000, 10_000, 100_000] as const
/** Messages that are on their way at a time. */
const UNDER_WAY = 1_000

type Go = { readonly type: 'go' }
type Ring = { readonly refs: ActorRef[]; left: number; handled: number }
type Made = { readonly agent: AgentDefinition; readonly ring: Ring }

/** A message handled or a timer fired is an event. Agents hand a message to another one each, all over the memory, so that the caches of the processor are of little help. */
export const bench: Bench = async ({ isQuick, log }) => {
  const rows: BenchRow[] = []
  for (const [name, make, limit] of [
    ['flat agents', makeFlat, FLAT_LIMIT],
    ['statecharts', makeCharts, CHART_LIMIT],
  ] as const) {
    for (const agents of SIZES) {
      const figures: number[] = []
      for (let repeat = 0; repeat < (isQuick ? 1 : REPEATS); repeat += 1)
        figures.push(await play(make, { agents: isQuick ? 100 : agents, messages: isQuick ? 1_000 : 1_000_000 }))
      const ours = roundFigure(median(figures))
      log(`${name}, ${agents}: ${ours} events per CPU-second`)
      rows.push({
        case: `${name}, ${agents} of them`,
        unit: 'events per CPU-second',
        better: 'higher',
        ours,
        peers: {},
        limit: agents === SIZES[0] ? limit : null,
        note: 'messages handled and timers fired, through the cells, in a simulated world',
      })
    }
  }
  return { rows, skipped: [] }
}

async function play(
  make: () => Made,
  { agents, messages }: { readonly agents: number; readonly messages: number },
): Promise<number> {
  const world = createWorld({ seed: 1 })
  const system = createSimulatedActors({ world, owner: world.createProcess('node') })
  const { agent, ring } = make()
  for (let index = 0; index < agents; index += 1) ring.refs.push(system.spawn(agent, { id: `agent-${index}` }))
  await world.run()
  ring.left = messages
  const cpu = process.cpuUsage()
  for (let index = 0; index < UNDER_WAY; index += 1) ring.refs[index % agents]?.send({ type: 'go' })
  await world.run()
  const { user, system: kernel } = process.cpuUsage(cpu)
  if (world.failures.length > 0) throw world.failures[0]
  if (ring.handled < messages) throw new Error(`${ring.handled} of ${messages} messages were handled`)
  return ring.handled / ((user + kernel) / 1_000_000)
}

/** Hands on to an agent far away, the same one each time. */
function handOn(ring: Ring): void {
  ring.handled += 1
  if (ring.left <= 0) return
  ring.left -= 1
  ring.refs[(ring.handled * 7_919) % ring.refs.length]?.send({ type: 'go' })
}

function makeFlat(): Made {
  const ring: Ring = { refs: [], left: 0, handled: 0 }
  const logic = fromTransition((count: number, _event: Go) => {
    handOn(ring)
    return count + 1
  }, 0)
  return { ring, agent: defineAgent({ name: 'flat', logic }) as AgentDefinition }
}

/** Two states, a count and a delayed transition. */
function makeCharts(): Made {
  const ring: Ring = { refs: [], left: 0, handled: 0 }
  const logic = setup({
    types: { context: {} as { count: number }, events: {} as Go },
    actions: {
      count: assign({ count: ({ context }) => context.count + 1 }),
      handOn: () => handOn(ring),
      wake: () => void (ring.handled += 1),
    },
  }).createMachine({
    context: { count: 0 },
    initial: 'idle',
    states: {
      idle: { on: { go: { target: 'busy', actions: ['count', 'handOn'] } } },
      busy: {
        after: { 10: { target: 'idle', actions: 'wake' } },
        on: { go: { target: 'idle', actions: ['count', 'handOn'] } },
      },
    },
  })
  return { ring, agent: defineAgent({ name: 'chart', logic }) as AgentDefinition }
}
