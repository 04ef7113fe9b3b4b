import { createMachine, fromTransition, type AnyActorLogic } from 'xstate'
import { describe, expect, it } from 'vitest'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

const TICK = Object.freeze({ type: 'tick' })
const OTHER = Object.freeze({ type: 'other' })

/** Logic whose n-th attempt, counted from 1 over all messages and restarts, throws for the given n. */
const KINDS: readonly (readonly [string, (attempt: () => void) => AnyActorLogic])[] = [
  ['a reducer', (attempt) => fromTransition(() => attempt(), undefined)],
  ['a machine', (attempt) => createMachine({ on: { '*': { actions: attempt } } })],
  ['a machine that is hosted', (attempt) => createMachine({ on: { '*': { actions: [attempt, 'unknown'] } } })],
]

function start(makeLogic: (attempt: () => void) => AnyActorLogic, failing: readonly number[]) {
  const environment = new SimulatedEnvironment()
  const system = createActorSystem({ environment })
  let attempts = 0
  const logic = makeLogic(() => {
    attempts += 1
    if (failing.includes(attempts)) throw new Error('broken')
  })
  const restart = { kind: 'permanent', redeliveries: 1 } as const
  const agent = defineAgent({ name: 'a', restart, logic })
  const supervisor = system.supervise({ strategy: 'one-for-one', intensity: { restarts: 100, withinMs: 1_000 } })
  const ref = system.spawn(agent, { id: 'a', supervisor })
  const dead = (): readonly string[] =>
    system.deadLetters.recent().map(({ reason, event }) => `${reason} ${event.type}`)
  return { environment, ref, attempts: () => attempts, dead }
}

describe.each(KINDS)('a message to %s that is given again', (_name, makeLogic) => {
  it('and handled counts no more: the same object sent later has redeliveries of its own', () => {
    const { environment, ref, attempts, dead } = start(makeLogic, [1, 3])
    ref.send(TICK)
    environment.settle()
    ref.send(TICK)
    environment.settle()
    expect([attempts(), dead()]).toEqual([4, []])
  })

  it('counts by itself, also while the same object waits more than once', () => {
    const { environment, ref, attempts, dead } = start(makeLogic, [1, 3, 5])
    for (let n = 0; n < 3; n += 1) ref.send(TICK)
    environment.settle()
    expect([attempts(), dead()]).toEqual([6, []])
  })

  it('and fails again is a dead letter, whatever comes between', () => {
    const { environment, ref, attempts, dead } = start(makeLogic, [1, 2, 4, 5])
    for (const event of [TICK, OTHER, TICK]) ref.send(event)
    environment.settle()
    expect([attempts(), dead()]).toEqual([5, ['poison tick', 'poison tick']])
  })
})
