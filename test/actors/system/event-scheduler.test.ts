import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromTransition } from 'xstate'
import type { AgentDefinition } from '../../../src/actors/agent-definition.ts'
import type { XStateClock } from '../../../src/actors/cell/cell-extras.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import { createWorld } from '../../../src/simulation/world/world.ts'

const ACTORS = 3
const IDS = ['a', 'b'] as const
/** Timers are late by 2 ms at most. They are due in the middle of a step, so that at its end there is no doubt. */
const STEP_MS = 10

type Command =
  | { readonly kind: 'schedule'; readonly actor: number; readonly id: number; readonly steps: number }
  | { readonly kind: 'cancel'; readonly actor: number; readonly id: number }
  | { readonly kind: 'cancel all'; readonly actor: number }
  | { readonly kind: 'advance'; readonly steps: number }

const actor = fc.nat({ max: ACTORS - 1 })
const id = fc.nat({ max: IDS.length - 1 })
const commands = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('schedule' as const),
        actor,
        id,
        steps: fc.integer({ min: 1, max: 5 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), actor, id }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel all' as const), actor }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('advance' as const), steps: fc.integer({ min: 1, max: 3 }) }),
    },
  ),
  { maxLength: 60 },
)

/** One event that was asked for, as a list that anyone can read. */
type Asked = {
  readonly number: number
  readonly actor: number
  readonly id: number
  readonly dueStep: number
  isKnown: boolean
}

/** As some clocks do, it fires what was cancelled: whether the event happens is not up to it. */
function forgetfulClock(schedule: (delayMs: number, task: () => void) => unknown): XStateClock {
  return { setTimeout: (callback, timeoutMs) => schedule(timeoutMs, () => callback()), clearTimeout: () => undefined }
}

async function play(list: readonly Command[], isForgetful: boolean): Promise<void> {
  const world = createWorld({ seed: 1 })
  const owner = world.createProcess('node')
  const environment = owner.environment()
  const clock = isForgetful ? forgetfulClock((delayMs, task) => owner.timers.schedule(delayMs, task)) : undefined
  const system = new ActorSystem({ environment, isInline: false, ...(clock !== undefined && { clock }) })
  const handled: number[] = []
  const logic = fromTransition((_state: number, event: { readonly type: 'due'; readonly number: number }) => {
    handled.push(event.number)
    return event.number
  }, 0)
  const agent = defineAgent({ name: 'waits', logic }) as AgentDefinition
  const refs = Array.from({ length: ACTORS }, () => system.spawn(agent))
  await world.run({ untilMs: 0 })

  let waiting: Asked[] = []
  const expected: number[] = []
  let step = 0
  for (const [number, command] of list.entries()) {
    if (command.kind === 'schedule') {
      const { actor, id, steps } = command
      for (const other of waiting) if (other.actor === actor && other.id === id) other.isKnown = false
      waiting.push({ number, actor, id, dueStep: step + steps, isKnown: true })
      const event = { type: 'due', number }
      system.scheduler.schedule(refs[actor], refs[actor], event, steps * STEP_MS - STEP_MS / 2, IDS[id])
    } else if (command.kind === 'cancel') {
      waiting = waiting.filter((each) => each.actor !== command.actor || each.id !== command.id || !each.isKnown)
      system.scheduler.cancel(refs[command.actor], String(IDS[command.id]))
    } else if (command.kind === 'cancel all') {
      waiting = waiting.filter((each) => each.actor !== command.actor)
      system.scheduler.cancelAll(refs[command.actor])
    } else {
      step += command.steps
      // The time of a world is that of the last thing that happened in it.
      owner.timers.schedule(command.steps * STEP_MS, () => undefined)
      await world.run({ untilMs: step * STEP_MS })
      expected.push(...waiting.filter(({ dueStep }) => dueStep <= step).map((each) => each.number))
      waiting = waiting.filter(({ dueStep }) => dueStep > step)
    }
    // What is due at one instant comes in an order of the clock's own.
    expect(inOrder(handled)).toEqual(inOrder(expected))
    const known = waiting.filter(({ isKnown }) => isKnown).map((each) => [each.number, IDS[each.id]])
    expect(system.scheduler.entries().map((entry) => [entry.event['number'], entry.id])).toEqual(known)
  }
}

const inOrder = (numbers: readonly number[]): readonly number[] => numbers.toSorted((one, other) => one - other)

describe('delayed events', () => {
  it.each([
    ['the wheel of the system', false],
    ['a clock that fires what was cancelled', true],
  ])('come once, in time, unless they are cancelled: %s', async (_name, isForgetful) => {
    await fc.assert(
      fc.asyncProperty(commands, (list) => play(list, isForgetful)),
      { numRuns: 150 },
    )
  })
})
