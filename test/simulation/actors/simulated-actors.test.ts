import fc from 'fast-check'
import { assign, fromPromise, fromTransition, setup } from 'xstate'
import { describe, expect, it } from 'vitest'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { createSimulatedActors } from '../../../src/simulation/actors/simulated-actors.ts'
import type { TracedEvent } from '../../../src/simulation/record/run-recorder.ts'
import { createWorld, type World } from '../../../src/simulation/world/world.ts'

type Said = { readonly type: 'say'; readonly word: unknown; readonly to?: ActorRef }

const teller = defineAgent({
  name: 'teller',
  logic: fromTransition((count: number, { word, to }: Said) => {
    to?.send({ type: 'say', word })
    return count + 1
  }, 0),
})

async function tell(word: unknown, onEvent?: (event: TracedEvent) => void): Promise<World> {
  const world = createWorld({ seed: 1, ...(onEvent !== undefined && { onEvent }) })
  const system = createSimulatedActors({ world, owner: world.createProcess('node') })
  const [first, second] = ['first', 'second'].map((id) => system.spawn(teller, { id }))
  first?.send({ type: 'say', word, to: second })
  await world.run()
  return world
}

describe('a message that an actor handles', () => {
  it('is an event with its time, address, type and content', async () => {
    const events: TracedEvent[] = []
    const { hash } = await tell({ text: 'hello', list: [1, 2n, null] }, (event) => events.push(event))
    expect(events.map(({ index, atMs, address, type }) => [index, atMs, address, type])).toEqual([
      [0, 0, 'kernell://node/0/first#1', 'say'],
      [1, 0, 'kernell://node/0/second#2', 'say'],
    ])
    expect(hash).toBe((await tell({ text: 'hello', list: [1, 2n, null] })).hash)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(hash).not.toBe((await tell({ text: 'hello', list: [1, 3n, null] })).hash)
  })

  it('is counted', async () => {
    const world = createWorld({ seed: 1 })
    const count = { actors: 0 }
    const system = createSimulatedActors({ world, owner: world.createProcess('node'), count })
    const ref = system.spawn(teller, { id: 'one' })
    for (let at = 0; at < 5; at += 1) ref.send({ type: 'say', word: at })
    await world.run()
    expect([count.actors, world.events]).toEqual([5, 5])
  })

  it('of a process that was killed is not handled any more', async () => {
    const world = createWorld({ seed: 1 })
    const owner = world.createProcess('node')
    const ref = createSimulatedActors({ world, owner }).spawn(teller, { id: 'one' })
    await world.run()
    owner.kill()
    ref.send({ type: 'say', word: 1 })
    await world.run()
    expect(world.events).toBe(0)
  })
})

/** So many turns of promises. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve()
}

/** Actors whose work is in promises, and one that hears of all of them in the order in which they are done. */
async function work(ticks: readonly number[]): Promise<string> {
  const world = createWorld({ seed: 9 })
  const system = createSimulatedActors({ world, owner: world.createProcess('node') })
  const heard: string[] = []
  const listener = system.spawn(
    defineAgent({
      name: 'listener',
      logic: fromTransition((count: number, { word }: Said) => {
        heard.push(String(word))
        return count + 1
      }, 0),
    }),
    { id: 'listener' },
  )
  const worker = defineAgent({
    name: 'worker',
    logic: setup({
      types: { input: {} as number, context: {} as { at: number; rounds: number } },
      actors: { slow: fromPromise<void, number>(async ({ input }) => await turns(ticks[input] ?? 0)) },
    }).createMachine({
      context: ({ input }) => ({ at: input, rounds: 0 }),
      initial: 'working',
      states: {
        working: {
          invoke: {
            src: 'slow',
            input: ({ context }) => context.at,
            onDone: [
              {
                guard: ({ context }) => context.rounds < 3,
                target: 'waiting',
                actions: [
                  assign({ rounds: ({ context }) => context.rounds + 1 }),
                  ({ context }) => listener.send({ type: 'say', word: `${context.at} ${context.rounds}` }),
                ],
              },
              { target: 'over' },
            ],
          },
        },
        waiting: { after: { 10: 'working' } },
        over: { type: 'final' },
      },
    }),
  })
  for (let at = 0; at < ticks.length; at += 1) system.spawn(worker, { id: `worker-${at}`, input: at })
  await world.run()
  expect([world.failures, heard.length]).toEqual([[], 3 * ticks.length])
  for (const line of heard) world.note(line)
  return world.hash
}

it('actors that wait for promises come in one order, however many turns each promise takes', async () => {
  const expected = await work([0, 0, 0, 0])
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { minLength: 4, maxLength: 4 }), async (ticks) => {
      expect(await work(ticks)).toBe(expected)
    }),
    { seed: 2026, numRuns: 40 },
  )
})
