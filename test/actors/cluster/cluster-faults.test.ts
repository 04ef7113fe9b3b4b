import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import type { AgentDefinition } from '../../../src/actors/agent-definition.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { createRandomStream, type RandomStream } from '../../../src/base/random-stream.ts'
import { ClusterWorld, type ClusterNode } from './cluster-world.ts'

const HOSTS = ['b', 'c']
const NAMES = ['a', ...HOSTS]
const STEPS = 20

/** What the incarnations of one actor did, in the order of world time. */
type Acts = { readonly made: string[]; readonly acts: number[] }

/** Acts by itself every 40 ms, as long as it lives: an incarnation that should be gone would be seen. */
function restless({ made, acts }: Acts): AgentDefinition {
  const types: { context?: { incarnation: number } } = {}
  return defineAgent({
    name: 'restless',
    restart: 'permanent',
    logic: setup({ types }).createMachine({
      context: () => ({ incarnation: made.push('') }),
      initial: 'acting',
      states: {
        acting: {
          entry: ({ context }) => void acts.push(context.incarnation),
          after: { 40: { target: 'acting', reenter: true } },
        },
      },
    }),
  })
}

type Play = { readonly acts: readonly number[]; readonly incarnations: number; readonly isAlive: boolean }

async function play(seed: number): Promise<Play> {
  const draws = createRandomStream(seed)
  const told: Acts = { made: [], acts: [] }
  const agent = restless(told)
  const world = new ClusterWorld(NAMES, [agent], seed)
  const skewOf = (): { offsetMs: number; driftPpm: number } => ({
    offsetMs: draws.nextUnit() * 10_000,
    driftPpm: (draws.nextUnit() - 0.5) * 30_000,
  })
  const nodes = new Map<string, ClusterNode>()
  const boot = (name: string): void => {
    const node = world.start(name, { skew: skewOf(), intensity: { restarts: 1_000, withinMs: 1_000 } })
    nodes.set(name, node)
    if (name === 'a') node.system.spawn(agent, { id: 'x', placement: { cluster: true } })
  }
  for (const name of NAMES) boot(name)
  for (let step = 0; step < STEPS; step += 1) {
    disturb({ world, draws, nodes, boot })
    await world.pass(100 + draws.nextUnit() * 1_200)
  }
  for (const name of NAMES) {
    const node = nodes.get(name)
    node?.stopSwitch.resume()
    if (node?.owner.isAlive !== true) boot(name)
  }
  world.network.calm()
  await world.pass(8_000)
  const before = told.acts.length
  await world.pass(1_000)
  return { acts: told.acts, incarnations: told.made.length, isAlive: told.acts.length > before }
}

type Stage = {
  readonly world: ClusterWorld
  readonly draws: RandomStream
  readonly nodes: ReadonlyMap<string, ClusterNode>
  readonly boot: (name: string) => void
}

function disturb({ world, draws, nodes, boot }: Stage): void {
  const pick = (): string => NAMES[Math.floor(draws.nextUnit() * NAMES.length)] ?? 'b'
  const [name, other, what] = [pick(), pick(), draws.nextUnit()]
  const node = nodes.get(name)
  const [from, to] = [world.didOf(name), world.didOf(other)]
  const { network } = world
  if (what < 0.2) network.cut(from, to)
  else if (what < 0.3) world.cutOff(name)
  else if (what < 0.5) world.reconnect(name)
  else if (what < 0.6) network.clog(from, to, draws.nextUnit() * 3_000)
  else if (what < 0.7) network.setUsual({ latencyMsMin: 1, latencyMsMax: 200, loss: 0.2, duplication: 0.3 })
  else if (what < 0.8) node?.stopSwitch.stop()
  else if (what < 0.9) node?.stopSwitch.resume()
  else if (node?.owner.isAlive === true) node.owner.kill()
  else boot(name)
}

describe('under partitions, loss, doubled and late messages, stops, crashes and wrong clocks', () => {
  test.each(Array.from({ length: 8 }, (_, index) => index + 1))(
    'seed %i: one incarnation acts at a time',
    async (seed) => {
      const { acts, isAlive } = await play(seed)
      // Incarnations are numbered as they are made: once a later one acts, no earlier one does.
      expect(acts.every((incarnation, index) => incarnation >= (acts[index - 1] ?? 0))).toBe(true)
      expect(isAlive).toBe(true)
    },
  )

  test('the same seed is the same run', async () => {
    expect(await play(14)).toEqual(await play(14))
  })
})
