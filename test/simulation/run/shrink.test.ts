import { expect, test } from 'vitest'
import { z } from 'zod'
import type { PlannedFault } from '../../../src/simulation/faults/fault-plan.ts'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { replayFailing, type Shrunk, shrinkRun } from '../../../src/simulation/run/shrink.ts'
import { seedResultOf } from '../../../src/simulation/seeds/seed-result.ts'
import { defineScenario } from '../../../src/simulation/scenario/scenario.ts'

/** As `fragile`, with a part that nobody needs. */
const manyParts = defineScenario({
  name: 'many-parts',
  summary: 'Breaks with and without notaries',
  schema: z.strictObject({ agents: z.int().min(1).default(3), notaries: z.int().min(0).optional() }),
  async open(stage, { agents }) {
    return await Promise.resolve({
      playMs: 10,
      convergeMs: 10,
      watchEvery: 1,
      isSettled: () => true,
      finish: async () => {
        stage.checks.check('pair', agents >= 3 ? 'there are three' : undefined)
        return await Promise.resolve({ metrics: {}, state: {} })
      },
    })
  },
})

const PLAN: readonly PlannedFault[] = Array.from({ length: 20 }, (_, id) => ({
  id,
  kind: id % 2 === 0 ? 'process-death' : 'slow-disk',
  atMs: 100 * (id + 1),
  forMs: 1,
  target: 'only',
  strength: 1,
}))

/** A counter that breaks when it has seen the faults of two ids and has at least three agents; something else breaks as well. */
const fragile = defineScenario({
  name: 'fragile',
  summary: 'Breaks under two faults together',
  schema: z.strictObject({ agents: z.int().min(1).default(16), steps: z.int().min(1).default(50) }),
  async open(stage, { agents, steps }) {
    const seen = new Set<number>()
    const owner = stage.world.createProcess('only')
    for (let at = 1; at <= steps * 60; at += 1) owner.timers.schedule(at, () => undefined)
    return await Promise.resolve({
      playMs: 3_000,
      convergeMs: 10,
      plan: PLAN,
      inject: ({ id }) => void seen.add(id),
      watch: () => {
        if (agents === 8) throw new Error('eight cannot be played')
        stage.checks.check('other', seen.size > 0 ? 'some fault has happened' : undefined)
        stage.checks.check('pair', agents >= 3 && seen.has(5) && seen.has(12) ? '5 and 12 have happened' : undefined)
      },
      isSettled: () => true,
      finish: async () => {
        stage.checks.check('end', seen.has(3) ? '3 has happened' : undefined)
        return await Promise.resolve({ metrics: {}, state: {} })
      },
    })
  },
})

test('a failing seed is made small, by faults, agents and events, and the checker stays the same', async () => {
  const shrunk = await shrinkRun(fragile, { seed: 1, checker: 'pair' })
  expect(shrunk?.failing).toMatchObject({
    scenario: 'fragile',
    seed: 1,
    faultIds: [5, 12],
    options: { agents: 3, steps: 1 },
    checker: 'pair',
  })
  expect(shrunk?.failing.eventsMax).toBeLessThan(shrunk?.eventsBefore ?? 0)
  expect(shrunk?.runs).toBeLessThan(80)
  expect(shrunk && (await replayFailing(fragile, shrunk.failing))).toBe('5 and 12 have happened')
  // One event less, and it is not found.
  const { failing } = shrunk as NonNullable<typeof shrunk>
  expect(await replayFailing(fragile, { ...failing, eventsMax: (failing.eventsMax ?? 0) - 1 })).toBeUndefined()
})

test('each smaller run is told, as it would be given', async () => {
  const told: Shrunk[] = []
  const shrunk = await shrinkRun(fragile, { seed: 1, checker: 'pair', onSmaller: (smaller) => told.push(smaller) })
  expect(told[0]).toMatchObject({ runs: 1, failing: { options: { agents: 16 }, faultIds: PLAN.map(({ id }) => id) } })
  expect(told.length).toBeGreaterThan(4)
  expect({ ...told.at(-1), runs: 0 }).toEqual({ ...shrunk, runs: 0 })
})

test('faults that a smaller world does not have are not among those that are left', async () => {
  const fewer = defineScenario({
    ...fragile,
    open: async (stage, options) => {
      const plan = PLAN.slice(0, options.agents)
      let seen = 0
      return {
        ...(await fragile.open(stage, { ...options, agents: 9 })),
        plan,
        inject: () => void (seen += 1),
        watch: () => stage.checks.check('all', seen === plan.length ? 'all have happened' : undefined),
      }
    },
  })
  const halved: Shrunk[] = []
  await shrinkRun(fewer, { seed: 1, onSmaller: (smaller) => halved.push(smaller) })
  const first = halved.find(({ failing }) => (failing.options as { readonly agents: number }).agents === 8)
  expect(first?.failing.faultIds).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(first && (await replayFailing(fewer, first.failing))).toBe('all have happened')
})

test('what is found in the last looks needs the whole run', async () => {
  const shrunk = await shrinkRun(fragile, { seed: 1, checker: 'end' })
  expect(shrunk?.failing).toMatchObject({ faultIds: [3], checker: 'end' })
  expect(shrunk?.failing).not.toHaveProperty('eventsMax')
})

test('a part of the world that is not needed is left out first', async () => {
  const { failing } = (await shrinkRun(manyParts, { seed: 1 })) ?? {}
  expect(failing).toMatchObject({ options: { notaries: 0, agents: 3 }, checker: 'pair' })
})

test('a run may end with the finding of one checker, or of any', async () => {
  const whole = await runScenario(fragile, { seed: 1 })
  const until = async (untilFoundBy: string) => await runScenario(fragile, { seed: 1, untilFoundBy })
  const [pair, any, end] = [await until('pair'), await until('any'), await until('end')]
  expect(whole).toMatchObject({ isCut: false })
  expect(pair).toMatchObject({ isCut: true })
  expect(any).toMatchObject({ isCut: true, violations: [{ checker: 'other' }] })
  expect(pair.violations.map(({ checker }) => checker)).toContain('pair')
  expect([any.events < pair.events, pair.events < whole.events]).toEqual([true, true])
  // What is found in the last looks cuts nothing off.
  expect(end.hash).toBe(whole.hash)
})

test('it stops behind a number of runs, with what it has', async () => {
  const shrunk = await shrinkRun(fragile, { seed: 1, checker: 'pair', runsMax: 5 })
  expect(shrunk?.runs).toBe(5)
  expect(shrunk && (await replayFailing(fragile, shrunk.failing))).toBe('5 and 12 have happened')
})

test('without a checker it takes the first that found something, and a sound run is not shrunk', async () => {
  expect((await shrinkRun(fragile, { seed: 1, runsMax: 30 }))?.failing.checker).toBe('other')
  expect(await shrinkRun(fragile, { seed: 1, checker: 'nobody' })).toBeUndefined()
})

test('a candidate that throws, or takes too long, is refused, and the others are tried', async () => {
  const shrunk = await shrinkRun(fragile, { seed: 1, checker: 'pair' })
  expect(shrunk?.failing.options).toMatchObject({ agents: 3 })
})

test('a scenario that seldom looks is cut behind its look', async () => {
  const seldom = defineScenario({
    ...fragile,
    open: async (stage, options) => ({ ...(await fragile.open(stage, options)), watchEvery: 2_500 }),
  })
  const shrunk = await shrinkRun(seldom, { seed: 1, checker: 'pair', options: { agents: 3 } })
  expect(shrunk?.failing.eventsMax).toBeDefined()
})

test('violations that are not kept are counted', async () => {
  const often = defineScenario({
    ...fragile,
    open: async (stage, options) => ({ ...(await fragile.open(stage, options)), watchEvery: 8 }),
  })
  const report = await runScenario(often, { seed: 1 })
  expect(report.violations).toHaveLength(100)
  expect(report.violationsFound).toBeGreaterThan(100)
  expect(seedResultOf(report).found).toBe(report.violationsFound)
})
