import { afterAll, describe, expect, test } from 'vitest'
import { exploreActors } from './actors-explore.ts'
import { ActorsVictim } from './actors-kill.ts'
import { ACTOR_PLANTS } from './actors-plants.ts'
import { ACTORS_TORTURE } from './actors-torture.ts'
import { buildFaultyDisk } from './faulty-disk.ts'

const disk = await buildFaultyDisk()
const shim = 'shim' in disk ? disk.shim : ''
const victims: ActorsVictim[] = []
async function victimOf(plant: string): Promise<ActorsVictim> {
  const victim = await ActorsVictim.create({ seed: 7, plant })
  victims.push(victim)
  return victim
}
afterAll(async () => {
  for (const victim of victims) await victim.remove()
})

describe('durable actors', () => {
  test.each([1, 2])('survive every fault at every disk operation (seed %i)', { timeout: 60_000 }, async (seed) => {
    const { failures, runs } = await exploreActors({ seed })
    expect(failures).toEqual([])
    expect(runs).toBeGreaterThan(400)
  })

  test.each(Object.entries(ACTOR_PLANTS))('%s is noticed', { timeout: 60_000 }, async (_name, plant) => {
    expect((await exploreActors({ seed: 1, plant })).failures.length).toBeGreaterThan(0)
  })

  test('whose process is killed lose and repeat nothing', { timeout: 60_000 }, async () => {
    const victim = await victimOf('')
    let acknowledgements = 0
    for (let kill = 0; kill < 4; kill += 1) {
      const outcome = await victim.kill(kill === 3)
      expect(outcome.failures).toEqual([])
      acknowledgements += outcome.acknowledgements
    }
    expect((await victim.settle()).failures).toEqual([])
    expect(acknowledgements).toBeGreaterThan(0)
  })

  test.runIf(shim !== '')('survive a power cut and a torn write', { timeout: 60_000 }, async () => {
    const victim = await victimOf('')
    const whole = { shim, at: undefined, kind: 'crash', cut: 'lose', rounds: 8 } as const
    const first = await victim.cutPower(whole)
    expect(first.failures).toEqual([])
    for (const kind of ['tear', 'fail', 'crash'] as const) {
      expect((await victim.cutPower({ ...whole, kind, at: Math.floor(first.calls * 0.6) })).failures).toEqual([])
    }
    expect((await victim.settle()).failures).toEqual([])
  })
})

test('the plants are those that are listed', () => {
  expect(Object.keys(ACTORS_TORTURE.plants).toSorted()).toEqual(Object.keys(ACTOR_PLANTS).toSorted())
})
