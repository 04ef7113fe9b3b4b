import { describe, expect, it } from 'vitest'
import { createActorSystem } from 'kernell-os/actors'
import { misbehaver, type MisbehaverConduct } from '../../agents/misbehaver/agent.ts'
import { createSimulatedActors } from '../../src/simulation/actors/simulated-actors.ts'
import { createWorld } from '../../src/simulation/world/world.ts'

const HONEST: MisbehaverConduct = { drop: 0, duplicate: 0, lie: 0, delay: 0 }

type Heard = { readonly atMs: number; readonly event: object }

async function hear(
  conduct: MisbehaverConduct,
  { seed = 1, messages = 1, lieOf = undefined as undefined | ((event: object) => never) } = {},
) {
  const world = createWorld({ seed: 1 })
  const actors = createSimulatedActors({ world, owner: world.createProcess('node') })
  const heard: Heard[] = []
  const target = { send: (event: object) => void heard.push({ atMs: world.nowMs(), event }) }
  const input = { target, conduct, seed, ...(lieOf !== undefined && { lieOf }) }
  const ref = actors.spawn(misbehaver, { id: 'one', input })
  for (let at = 0; at < messages; at += 1) ref.send({ type: 'x', at, isTrue: true, text: 'a', list: [1] })
  await world.run()
  return { heard, context: (ref.getSnapshot() as unknown as { readonly context: Record<string, number> }).context }
}

describe('a misbehaver', () => {
  const event = { type: 'x', at: 0, isTrue: true, text: 'a', list: [1] }

  it.each<[string, Partial<MisbehaverConduct>, readonly object[]]>([
    ['passes on', {}, [event]],
    ['drops', { drop: 1 }, []],
    ['duplicates', { duplicate: 1 }, [event, event]],
    ['lies', { lie: 1 }, [{ type: 'x', at: 1, isTrue: false, text: 'a?', list: [1] }]],
    ['delays', { delay: 1, delayMsMax: 100 }, [event]],
  ])('%s', async (_, conduct, expected) => {
    const { heard } = await hear({ ...HONEST, ...conduct })
    expect(heard.map((each) => each.event)).toEqual(expected)
    expect(heard.every(({ atMs }) => (conduct.delay === 1 ? atMs > 0 && atMs <= 102 : atMs === 0))).toBe(true)
  })

  it('does each as often as it is told to, the same by the same seed, and counts it', async () => {
    const conduct = { drop: 0.1, duplicate: 0.2, lie: 0.3, delay: 0.1 }
    const [one, same, other] = [
      await hear(conduct, { messages: 5_000 }),
      await hear(conduct, { messages: 5_000 }),
      await hear(conduct, { messages: 5_000, seed: 2 }),
    ]
    expect(same.heard).toEqual(one.heard)
    expect(other.heard).not.toEqual(one.heard)
    const { dropped, duplicated, lied, delayed, passed } = one.context
    const shares = [dropped, duplicated, lied, delayed, passed].map((count = 0) => count / 5_000)
    for (const [at, share] of [0.1, 0.2, 0.3, 0.1, 0.3].entries()) expect(shares[at]).toBeCloseTo(share, 1)
  })

  it('refuses what cannot be', async () => {
    const system = createActorSystem()
    const target = { send: () => true }
    for (const input of [
      { target: {}, conduct: HONEST, seed: 1 },
      { target, conduct: HONEST, seed: -1 },
      { target, conduct: { ...HONEST, drop: 0.6, lie: 0.6 }, seed: 1 },
      { target, conduct: { ...HONEST, drop: Number.NaN }, seed: 1 },
      { target, conduct: { ...HONEST, delayMsMax: -1 }, seed: 1 },
    ])
      expect(() => system.spawn(misbehaver, { input })).toThrow('could not be started')
    await system.stop()
  })
})
