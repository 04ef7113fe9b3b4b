/** `node run-messages.ts flat|charts AGENTS MESSAGES`: hands messages round; the last line on stdout is a JSON object: events per CPU-second, memory. */
import { assign, fromTransition, setup } from 'xstate'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import type { AgentDefinition } from '../../../src/actors/agent-definition.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { createSimulatedActors } from '../../../src/simulation/actors/simulated-actors.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'

/** Messages that are on their way at a time. */
const UNDER_WAY = 1_000

type Go = { readonly type: 'go' }
type Ring = { readonly refs: ActorRef[]; left: number; handled: number }
type Made = { readonly agent: AgentDefinition; readonly ring: Ring }

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

const [kind = 'flat', agents = '1000', messages = '1000000'] = process.argv.slice(2)
const { agent, ring } = kind === 'flat' ? makeFlat() : makeCharts()
const world = createWorld({ seed: 1 })
const count = { actors: 0 }
const system = createSimulatedActors({ world, owner: world.createProcess('node'), count })
for (let index = 0; index < Number(agents); index += 1) ring.refs.push(system.spawn(agent, { id: `agent-${index}` }))
await world.run()
// A tenth before, so that code is compiled.
for (const share of [0.1, 1]) {
  ring.left = share * Number(messages)
  const [handled, cpu] = [ring.handled, process.cpuUsage()]
  for (let index = 0; index < UNDER_WAY; index += 1) ring.refs[index % ring.refs.length]?.send({ type: 'go' })
  await world.run()
  const { user, system: kernel } = process.cpuUsage(cpu)
  if (world.failures.length > 0) throw world.failures[0]
  if (share < 1) continue
  if (ring.handled - handled < Number(messages)) throw new Error(`${ring.handled} messages were handled`)
  // Handled by the cells, as the world has recorded them.
  if (count.actors !== ring.handled) throw new Error(`${count.actors} of ${ring.handled} events were recorded`)
  console.log(
    JSON.stringify({
      eventsPerCpuSecond: (ring.handled - handled) / ((user + kernel) / 1_000_000),
      memoryBytes: process.memoryUsage.rss(),
    }),
  )
}
