import { expect, it } from 'vitest'
import { z } from 'zod'
import { compareRuns, compareScenarioRuns } from '../../../src/simulation/run/compare-runs.ts'
import { compareTraces } from '../../../src/simulation/run/compare-traces.ts'
import { defineScenario } from '../../../src/simulation/scenario/scenario.ts'
import type { TracedEvent } from '../../../src/simulation/record/run-recorder.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'

/** A clock that ticks so often; on the tick `cheatAt` it says what the world does not know. */
function ticking({
  ticks,
  cheatAt,
  say,
}: {
  readonly ticks: number
  readonly cheatAt: number
  readonly say: () => number
}) {
  return defineScenario({
    name: 'ticking',
    summary: 'A clock',
    schema: z.strictObject({}),
    open: async ({ world }) => {
      let count = 0
      const tick = (): void => {
        count += 1
        if (count === cheatAt) world.record({ address: 'clock', type: 'cheat', payload: say() })
        else world.record({ address: 'clock', type: 'tick', payload: count })
        if (count < ticks) world.schedule(1, { kind: 'timer', run: tick })
      }
      world.schedule(1, { kind: 'timer', run: tick })
      return await Promise.resolve({
        playMs: 1_000_000,
        convergeMs: 0,
        isSettled: () => true,
        finish: async () => await Promise.resolve({ metrics: {}, state: null }),
      })
    },
  })
}

/** What no world knows of. */
let outside = 0

it.each([
  [3, 2],
  [2_000, 700],
  [5_000, 1],
  [5_000, 512],
  [5_000, 4_999],
  [5_000, 5_000],
])('names the event in which a scenario of %i ticks cheats at tick %i, with its neighbours', async (ticks, cheatAt) => {
  const scenario = ticking({ ticks, cheatAt, say: () => (outside += 1) })
  const found = await compareScenarioRuns(scenario, { seed: 1 })
  const index = 2 * cheatAt - 1
  expect(found).toMatchObject({
    kind: 'event',
    index,
    first: { index, type: 'cheat' },
    second: { index, type: 'cheat' },
  })
  if (found.kind !== 'event') return
  expect(found.first?.digest).not.toBe(found.second?.digest)
  const numbers = Array.from({ length: Math.min(5, index) }, (_, at) => Math.max(0, index - 5) + at)
  expect(found.before.map((event) => event.index)).toEqual(numbers)
  const behind = Math.min(5, 2 * ticks - 1 - index)
  expect(found.afterFirst.map((event) => event.index)).toEqual(
    Array.from({ length: behind }, (_, at) => index + 1 + at),
  )
})

it('says that runs are the same, and how many events they have', async () => {
  const scenario = ticking({ ticks: 3_000, cheatAt: 0, say: () => 0 })
  expect(await compareScenarioRuns(scenario, { seed: 1 })).toEqual({ kind: 'same', events: 6_000 })
})

/** A run of so many events, each at its number; what happens at `at` is up to `digest`. */
function playOf(lengthOf: (play: number) => number, digestOf: (play: number, at: number) => string) {
  let plays = 0
  return async ({
    onEvent,
    eventsMax = Number.POSITIVE_INFINITY,
  }: {
    onEvent: (event: TracedEvent) => void
    eventsMax?: number
  }) => {
    plays += 1
    for (let index = 0; index < Math.min(eventsMax, lengthOf(plays)); index += 1)
      onEvent({ index, atMs: index, address: 'a', type: 't', digest: digestOf(plays, index) })
    return await Promise.resolve('end')
  }
}

it('names the event at which one of two runs is over', async () => {
  for (const [short, long] of [
    [1_023, 1_024],
    [1_024, 1_025],
    [2_048, 5_000],
    [0, 1],
  ] as const) {
    const found = await compareRuns(
      playOf(
        (play) => (play % 2 === 0 ? short : long),
        () => 'x',
      ),
    )
    expect(found).toMatchObject({ kind: 'event', index: short })
  }
})

it('takes runs apart that differ in another place each time', async () => {
  const found = await compareRuns(
    playOf(
      () => 10_000,
      (play, at) => (at === 9_000 - 1_000 * play ? `cheat ${play}` : 'x'),
    ),
  ).catch((error: unknown) => error)
  expect(found).toMatchObject({ code: 'SIMULATION_UNSTEADY' })
})

it('keeps marks of bounded number, and still names the event', async () => {
  const found = await compareRuns(
    playOf(
      () => 9_000_000,
      (play, at) => (at === 7_654_321 ? `cheat ${play}` : 'x'),
    ),
  )
  expect(found).toMatchObject({ kind: 'event', index: 7_654_321 })
}, 60_000)

it('tells a difference in what came of the same events', async () => {
  let plays = 0
  const found = await compareRuns(async ({ onEvent }) => {
    onEvent({ index: 0, atMs: 0, address: 'a', type: 't', digest: 'x' })
    plays += 1
    return await Promise.resolve(`end ${plays}`)
  })
  expect(found).toEqual({ kind: 'end', events: 1, first: 'end 1', second: 'end 2' })
})

async function* linesOf(count: number, other?: number): AsyncGenerator<string> {
  for (let at = 0; at < count; at += 1) yield await Promise.resolve(at === other ? 'other' : `line ${at}`)
}

it('compares recorded traces line by line', async () => {
  expect(await compareTraces(linesOf(100), linesOf(100))).toBeUndefined()
  expect(await compareTraces(linesOf(100), linesOf(100, 50))).toEqual({
    index: 50,
    first: 'line 50',
    second: 'other',
    before: [45, 46, 47, 48, 49].map((at) => `line ${at}`),
    afterFirst: [51, 52, 53, 54, 55].map((at) => `line ${at}`),
    afterSecond: [51, 52, 53, 54, 55].map((at) => `line ${at}`),
  })
  expect(await compareTraces(linesOf(3), linesOf(2))).toMatchObject({ index: 2, first: 'line 2', second: undefined })
})

it('a world tells of the same events whether anybody looks or not', async () => {
  const hashes: string[] = []
  for (const onEvent of [undefined, () => undefined]) {
    const world = createWorld({ seed: 1, ...(onEvent !== undefined && { onEvent }) })
    for (let at = 0; at < 10; at += 1) world.schedule(at, { kind: 'x', payload: { at }, run: () => undefined })
    await world.run()
    hashes.push(world.hash)
  }
  expect(hashes[1]).toBe(hashes[0])
})
