import { describe, expect, test } from 'vitest'
import { exploreNotary } from './explore-notary.ts'
import { NOTARY_PLANTS } from './notary-plants.ts'
import { NOTARY_TORTURE, PLANT_WORLDS } from './notary-torture.ts'
import { BooksSimulation } from './simulate-notary-books.ts'
import { NotarySimulation } from './simulate-notaries.ts'

const SMALL = { lastView: 1, slots: 1, hasLateStamps: false, hasRestart: false, plant: undefined, statesMax: 200_000 }

describe('four notaries, one of them lying', () => {
  test.each([0, 1, 2])('agree in every state of a small world (member %i lies)', { timeout: 60_000 }, (byzantine) => {
    const { failures, isComplete, states } = exploreNotary({ ...SMALL, byzantine })
    expect(failures).toEqual([])
    expect(isComplete).toBe(true)
    expect(states).toBeGreaterThan(5_000)
  })

  test.each(['none', 'silent', 'lying'] as const)('agree and finish over a lossy network (%s)', (fault) => {
    for (let seed = 1; seed <= 60; seed += 1) {
      expect(new NotarySimulation({ seed, f: 1, entries: 6, fault }).run().failures, `seed ${seed}`).toEqual([])
    }
  })

  test('seven of them bear two that lie', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      expect(new NotarySimulation({ seed, f: 2, entries: 6, fault: 'lying' }).run().failures, `seed ${seed}`).toEqual(
        [],
      )
    }
  })

  test('one alone decides without any view change', () => {
    const { failures, viewMax } = new NotarySimulation({ seed: 1, f: 0, entries: 6, fault: 'none' }).run()
    expect([failures, viewMax]).toEqual([[], 0])
  })

  test('the same seed gives the same run', () => {
    const once = new NotarySimulation({ seed: 7, f: 1, entries: 6, fault: 'lying' }).run()
    expect(new NotarySimulation({ seed: 7, f: 1, entries: 6, fault: 'lying' }).run()).toEqual(once)
  })
})

const CAUGHT: Readonly<Record<string, string>> = {
  'vote-twice': 'two certificates for slot 1',
  'quorum-2f': 'two certificates for slot 1',
  'change-forgets-prepared': 'two certificates for slot 1',
  'opening-unchecked': 'two certificates for slot 1',
  'stale-leader': 'no way to the end: heads 0, 0, 0',
  'stamp-backward': 'a certified stamp goes backward',
  'stamp-far': 'a certified stamp is far from the clocks',
  'execution-unchecked': 'a certified transition is not what the message does',
  'votes-uncounted': 'no way to the end: heads 0, 0, 0',
  'old-copy-signs': 'two certificates for slot 1',
  'reused-nonce': 'an envelope had effect twice',
}

test.each(Object.entries(NOTARY_PLANTS))('%s is noticed', { timeout: 60_000 }, async (name, plant) => {
  const failures: string[] = []
  if (plant.isNonceReused === true) {
    const { failures: found } = await new BooksSimulation({ seed: 14, isNonceReused: true }).run()
    failures.push(...found)
  }
  for (const world of plant.isNonceReused === true ? [] : PLANT_WORLDS) {
    if (failures.length === 0) failures.push(...exploreNotary({ ...world, plant, statesMax: 200_000 }).failures)
  }
  expect(failures).toContain(CAUGHT[name])
})

test('the plants are those that are listed', () => {
  expect(Object.keys(NOTARY_TORTURE.plants)).toEqual(Object.keys(CAUGHT))
})
