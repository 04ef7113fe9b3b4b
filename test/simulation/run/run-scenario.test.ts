import { expect, test } from 'vitest'
import { fromTransition } from 'xstate'
import { z } from 'zod'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { createSimulatedActors } from '../../../src/simulation/actors/simulated-actors.ts'
import type { PlannedFault } from '../../../src/simulation/faults/fault-plan.ts'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import type { World } from '../../../src/simulation/world/world.ts'
import { defineScenario } from '../../../src/simulation/scenario/scenario.ts'

const PLAN: readonly PlannedFault[] = [0, 1].map((id) => ({
  id,
  kind: 'process-death',
  atMs: 1_000 * (id + 1),
  forMs: 500,
  target: 'only',
  strength: 1,
}))

/** One machine that counts seconds on its disk and comes back when it was killed. */
const counting = defineScenario({
  name: 'counting',
  summary: 'A machine that counts seconds',
  schema: z.strictObject({ steps: z.int().min(1).default(5) }),
  async open(stage, { steps }) {
    let ticks = 0
    const machine = stage.createMachine({
      name: 'only',
      async boot(process) {
        const tick = (): void => {
          ticks += 1
          if (ticks < steps) process.timers.schedule(1_000, tick)
        }
        await new Promise<void>((resolve) => void process.timers.schedule(10, resolve))
        process.timers.schedule(1_000, tick)
        return { stop: async () => await Promise.resolve() }
      },
    })
    await machine.start()
    stage.agents = 1
    return {
      playMs: 3_000,
      convergeMs: 10_000,
      plan: PLAN,
      inject() {
        machine.kill()
        stage.countFault('process-death')
        machine.restartIn(100)
      },
      isSettled: () => ticks >= steps,
      finish: async () => await Promise.resolve({ metrics: { ticks }, state: { ticks } }),
    }
  },
})

test('faults happen, then everything settles, and what happened is reported', async () => {
  const report = await runScenario(counting, { seed: 7 })
  expect(report).toMatchObject({
    scenario: 'counting',
    options: { steps: 5 },
    agents: 1,
    faults: { 'process-death': 2 },
    checks: { convergence: 1 },
    violations: [],
    metrics: { ticks: 5 },
    isCut: false,
  })
})

test('the curve of events begins with the world and ends with it, and a short run has points enough', async () => {
  const ending = defineScenario({
    ...counting,
    async open(stage, options) {
      const play = await counting.open(stage, options)
      const { timers } = stage.world.createProcess('end')
      const wait = async (): Promise<void> => await new Promise((resolve) => void timers.schedule(5_000, resolve))
      return { ...play, finish: async () => await wait().then(async () => await play.finish()) }
    },
  })
  const report = await runScenario(ending, { seed: 7, options: { steps: 200 }, faultIds: new Set() })
  const points = report.series[0]?.points ?? []
  expect(points[0]).toEqual([0, 0])
  expect(points.at(-1)).toEqual([report.virtualMs, report.events])
  expect(points.length).toBeGreaterThan(report.events / 20)
  expect(
    points.every(
      ([atMs, events], place) =>
        place === 0 || (atMs >= (points[place - 1]?.[0] ?? 0) && events >= (points[place - 1]?.[1] ?? 0)),
    ),
  ).toBe(true)
})

test('progress is told while a scenario opens, too', async () => {
  const slow = defineScenario({
    ...counting,
    async open(stage, options) {
      const { timers } = stage.world.createProcess('clock')
      await new Promise<void>((resolve) => {
        let left = 10_000
        const tick = (): void => void ((left -= 1) === 0 ? resolve() : timers.schedule(1, tick))
        tick()
      })
      return await counting.open(stage, options)
    },
  })
  const told: number[] = []
  await runScenario(slow, { seed: 7, onProgress: ({ playMs }) => void told.push(playMs) })
  expect(told.slice(0, 2)).toEqual([Infinity, Infinity])
})

test.each([
  ['as one object', { scenario: counting, seed: 7 }, undefined, 'takes a scenario first'],
  ['without a seed', counting, undefined, 'A seed is a whole number'],
  ['with a seed beyond 32 bits', counting, { seed: 2 ** 32 }, 'A seed is a whole number'],
])('a scenario and a seed are what it takes, not both %s', async (_, scenario, init, message) => {
  await expect(runScenario(scenario as typeof counting, init as unknown as { seed: number })).rejects.toThrow(message)
})

test('a seed gives one hash, and dropping a fault gives another', async () => {
  const [first, again, fewer] = [
    await runScenario(counting, { seed: 7 }),
    await runScenario(counting, { seed: 7 }),
    await runScenario(counting, { seed: 7, faultIds: new Set([1]) }),
  ]
  expect(again.hash).toBe(first.hash)
  expect(fewer.hash).not.toBe(first.hash)
  expect(fewer.faults).toEqual({ 'process-death': 1 })
})

test('faults that a plan does not have are refused, with those that it has', async () => {
  const run = runScenario(counting, { seed: 7, faultIds: new Set([1, 99]) })
  await expect(run).rejects.toMatchObject({
    code: 'SIMULATION_FAULT_UNKNOWN',
    message: 'The plan of seed 7 has no fault 99. It has 0 to 1',
  })
})

test('who asks it to end is heard within some hundred events, and told how far it has come', async () => {
  const busy = defineScenario({
    name: 'busy',
    summary: 'A clock that ticks and ticks',
    schema: z.strictObject({}),
    async open({ world }) {
      const { timers } = world.createProcess('clock')
      const tick = (): void => void timers.schedule(1, tick)
      tick()
      const play = { playMs: 50_000, convergeMs: 0, isSettled: () => true }
      return await Promise.resolve({ ...play, finish: async () => await Promise.resolve({ metrics: {}, state: {} }) })
    },
  })
  const stopping = new AbortController()
  let [happened, told] = [0, 0]
  const run = runScenario(busy, {
    seed: 7,
    signal: stopping.signal,
    onEvent: () => {
      happened += 1
      if (happened === 1_000) stopping.abort(new Error('enough'))
    },
    onProgress: ({ events }) => {
      told = events
    },
  })
  await expect(run).rejects.toThrow('enough')
  expect(happened).toBeLessThan(1_600)
  expect(told).toBe(happened)
})

test('what does not settle is a violation', async () => {
  const report = await runScenario(counting, { seed: 7, options: { steps: 500 } })
  expect(report.violations.map(({ checker }) => checker)).toEqual(['convergence'])
})

test('options that a scenario does not take are refused', async () => {
  await expect(runScenario(counting, { seed: 7, options: { step: 5 } })).rejects.toMatchObject({
    code: 'SIMULATION_OPTIONS_INVALID',
  })
})

test('a run ends where it is told to', async () => {
  expect(await runScenario(counting, { seed: 7, eventsMax: 5 })).toMatchObject({ events: 5, isCut: true })
})

test('a world that waits for what does not come says so', async () => {
  const stuck = defineScenario({
    name: 'stuck',
    summary: 'Waits for nothing',
    schema: z.strictObject({}),
    open: async () => await new Promise<never>(() => undefined),
  })
  await expect(runScenario(stuck, { seed: 1 })).rejects.toMatchObject({ code: 'SIMULATION_STUCK' })
})

test('real time is there for whoever hears of the progress, and not for the scenario', async () => {
  const seen: number[] = []
  const asking = defineScenario({
    name: 'asking',
    summary: 'Asks for real time',
    schema: z.strictObject({}),
    async open({ world }) {
      const tick = (): void => void world.schedule(1, { kind: 'tick', run: tick })
      tick()
      return await Promise.resolve({
        playMs: 9_000,
        convergeMs: 0,
        watch: () => {
          expect(() => Date.now()).toThrow('Date.now was called')
        },
        isSettled: () => true,
        finish: async () => await Promise.resolve({ metrics: {}, state: null }),
      })
    },
  })
  const report = await runScenario(asking, { seed: 1, onProgress: () => void seen.push(Date.now()) })
  expect(report.violations).toEqual([])
  expect(seen.length).toBeGreaterThan(1)
  expect(Date.now()).toBeGreaterThan(0)
})

test('a scenario that throws leaves no trap behind', async () => {
  const broken = defineScenario({
    name: 'broken',
    summary: 'Throws',
    schema: z.strictObject({}),
    open: async () => await Promise.reject(new Error('broken')),
  })
  await expect(runScenario(broken, { seed: 1 })).rejects.toThrow()
  expect([Date.now() > 0, new Date(0).getFullYear() > 0, Math.random() < 1]).toEqual([true, true, true])
})

type Told = {
  readonly violation?: string
  readonly thrown?: string
  readonly metric?: number
  readonly fault?: boolean
  readonly handled?: number
  readonly looks?: number
}

/** One event, the same state, and an outcome as it is told. */
const telling = (told: Told) =>
  defineScenario({
    name: 'telling',
    summary: 'Tells an outcome',
    schema: z.strictObject({}),
    async open(stage) {
      stage.world.schedule(1, {
        kind: 'tick',
        run: () => {
          if (told.fault === true) stage.countFault('process-death')
          stage.handled.router = told.handled ?? 0
          for (let look = 0; look < (told.looks ?? 0); look += 1) stage.checks.check('looked', undefined)
          if (told.violation !== undefined) stage.checks.check('looked', told.violation)
          if (told.thrown !== undefined) throw new Error(told.thrown)
        },
      })
      return await Promise.resolve({
        playMs: 10,
        convergeMs: 0,
        isSettled: () => true,
        finish: async () => await Promise.resolve({ metrics: { metric: told.metric ?? 0 }, state: null }),
      })
    },
  })

test('equal hashes are equal reports: what was found, thrown, measured, counted is part of them', async () => {
  const outcomes: readonly Told[] = [
    {},
    { violation: 'one' },
    { violation: 'other' },
    { thrown: 'one' },
    { thrown: 'other' },
    { metric: 1 },
    { metric: Number.NaN },
    { metric: -0 },
    { fault: true },
    { handled: 3 },
    { looks: 1 },
  ]
  const hashes = new Set<string>()
  for (const told of outcomes) {
    const [first, second] = [
      await runScenario(telling(told), { seed: 1 }),
      await runScenario(telling(told), { seed: 1 }),
    ]
    expect(second).toEqual(first)
    hashes.add(first.hash)
  }
  expect(hashes.size).toBe(outcomes.length)
})

/** Two actors that answer each other for ever at one instant, or a number of times. */
const answering = defineScenario({
  name: 'answering',
  summary: 'Two actors that answer each other',
  schema: z.strictObject({ inOpen: z.boolean().default(false) }),
  async open(stage, { inOpen }) {
    let handled = 0
    const owner = stage.world.createProcess('pair')
    const actors = createSimulatedActors({ world: stage.world, owner, count: stage.handled })
    const peer = defineAgent({
      name: 'peer',
      logic: fromTransition((count: number, { to }: { readonly type: 'ball'; readonly to: ActorRef }, { self }) => {
        handled += 1
        to.send({ type: 'ball', to: self })
        return count + 1
      }, 0),
    })
    const [one, other] = ['one', 'other'].map((id) => actors.spawn(peer, { id }))
    const serve = (): void => void one?.send({ type: 'ball', to: other as ActorRef })
    if (inOpen) {
      serve()
      await new Promise<void>((resolve) => void owner.timers.schedule(1_000, resolve))
    } else owner.timers.schedule(5, serve)
    return {
      playMs: 1_000,
      convergeMs: 0,
      watch: () => stage.checks.check('few', handled > 1_000_000 ? `${handled} were handled` : undefined),
      isSettled: () => true,
      finish: async () => await Promise.resolve({ metrics: {}, state: null }),
    }
  },
})

test.each([false, true])(
  'what never ends at one instant is said, with whom it happens at (during open: %s)',
  async (inOpen) => {
    await expect(runScenario(answering, { seed: 1, options: { inOpen }, instantMax: 1_000 })).rejects.toMatchObject({
      code: 'SIMULATION_STUCK',
      details: { address: expect.stringContaining('pair') as string },
    })
  },
)

test.each([false, true])(
  'a run ends behind exactly the event that it is told, also among messages of one instant (during open: %s)',
  async (inOpen) => {
    for (const eventsMax of [1, 2, 50, 51]) {
      const seen: number[] = []
      const report = await runScenario(answering, {
        seed: 1,
        options: { inOpen },
        instantMax: 1_000_000,
        eventsMax,
        onEvent: ({ index }) => void seen.push(index),
      })
      expect(report).toMatchObject({
        events: eventsMax,
        isCut: true,
        handled: { actors: inOpen ? eventsMax : eventsMax - 1 },
      })
      expect(seen.at(-1)).toBe(eventsMax - 1)
    }
  },
)

/** A scenario of which only the beginning is given. */
const opening = (open: (world: World) => Promise<void>) =>
  defineScenario({
    name: 'opening',
    summary: 'Opens',
    schema: z.strictObject({}),
    async open({ world }) {
      await open(world)
      return {
        playMs: 10,
        convergeMs: 0,
        isSettled: () => true,
        finish: async () => await Promise.resolve({ metrics: {}, state: null }),
      }
    },
  })

test('a pause that somebody asks for in the beginning changes nothing', async () => {
  const pausing = opening(async (world) => {
    const owner = world.createProcess('p')
    owner.timers.schedule(1, () => world.pause())
    await new Promise<void>((resolve) => void owner.timers.schedule(5, resolve))
  })
  expect(await runScenario(pausing, { seed: 1 })).toMatchObject({ isCut: false, events: 2 })
})

test('a signal ends a short run, and one that is still in its beginning', async () => {
  const reason = new Error('enough')
  const short = opening(async () => await Promise.resolve())
  await expect(runScenario(short, { seed: 1, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  const controller = new AbortController()
  const endless = opening(async (world) => {
    const tick = (): void => void world.schedule(0.1, { kind: 'tick', run: tick })
    tick()
    world.schedule(1, { kind: 'abort', run: () => controller.abort(reason) })
    await new Promise<never>(() => undefined)
  })
  await expect(runScenario(endless, { seed: 1, signal: controller.signal })).rejects.toBe(reason)
})

const fault = (id: number, atMs: number, forMs = 1): PlannedFault => ({
  id,
  kind: 'slow-disk',
  atMs,
  forMs,
  target: 'x',
  strength: 1,
})

test.each<readonly [string, object]>([
  ['playMs', { playMs: undefined }],
  ['playMs', { playMs: Number.NaN }],
  ['convergeMs', { convergeMs: undefined }],
  ['convergeMs', { convergeMs: -1 }],
  ['watchEvery', { watchEvery: 0 }],
  ['finish resolved to undefined', { finish: async () => await Promise.resolve(undefined) }],
  ['no state', { finish: async () => await Promise.resolve({ metrics: {} }) }],
  ['fault 0 begins within the play', { plan: [fault(0, 10)] }],
  ['fault 0 begins within the play', { plan: [fault(0, Number.NaN)] }],
  ['fault 0 lasts', { plan: [fault(0, 1, Number.NaN)] }],
  ['two faults have the id 3', { plan: [fault(3, 1), fault(3, 2)] }],
])('a play of which %s is wrong is refused, with what is wrong', async (what, wrong) => {
  const scenario = defineScenario({
    name: 'wrong',
    summary: 'Is wrong',
    schema: z.strictObject({}),
    open: async () => {
      const right = { playMs: 10, convergeMs: 0, isSettled: () => true }
      const finish = async () => await Promise.resolve({ metrics: {}, state: null })
      return await Promise.resolve({ ...right, finish, ...wrong })
    },
  })
  await expect(runScenario(scenario, { seed: 1 })).rejects.toMatchObject({
    code: 'SIMULATION_SCENARIO_INVALID',
    message: expect.stringContaining(what) as string,
  })
})

test('a fault that lasts longer than the play is taken away with its end', async () => {
  const relieved: number[] = []
  const long = defineScenario({
    name: 'long',
    summary: 'A long fault',
    schema: z.strictObject({}),
    open: async ({ world }) =>
      await Promise.resolve({
        playMs: 10,
        convergeMs: 0,
        plan: [fault(0, 9, 1_000)],
        relieve: () => void relieved.push(world.nowMs()),
        isSettled: () => true,
        finish: async () => await Promise.resolve({ metrics: {}, state: null }),
      }),
  })
  await runScenario(long, { seed: 1 })
  expect(relieved).toEqual([10])
})
