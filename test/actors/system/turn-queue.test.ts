import { fromTransition } from 'xstate'
import { describe, expect, it } from 'vitest'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

/** Counts how many messages are handled between two turns of the host's event loop. */
class CountingEnvironment extends SimulatedEnvironment {
  readonly slices: number[] = []
  handled = 0

  override later(task: () => void): void {
    this.slices.push(this.handled)
    this.handled = 0
    super.later(task)
  }
}

function startSpinning(): {
  readonly environment: CountingEnvironment
  readonly send: (count: number, ms: number) => void
} {
  const environment = new CountingEnvironment()
  const system = createActorSystem({ environment })
  const spinning = defineAgent({
    name: 's',
    logic: fromTransition((state: number, event: { readonly type: string; readonly ms: number }) => {
      environment.nowMs += event.ms
      environment.handled += 1
      return state
    }, 0),
  })
  const ref = system.spawn(spinning, { id: 's' })
  return {
    environment,
    send: (count, ms) => {
      for (let index = 0; index < count; index += 1) ref.send({ type: 'spin', ms })
      environment.settle()
    },
  }
}

describe('the run queue', () => {
  it('lets timers and sockets have their turn after two milliseconds, however long a message takes', () => {
    const { environment, send } = startSpinning()
    send(200, 5)
    expect(environment.slices).toEqual(Array.from({ length: 199 }, () => 1))
  })

  it('looks again at once when messages that were quick take long', () => {
    const { environment, send } = startSpinning()
    send(2_000, 0.001)
    environment.slices.length = 0
    environment.handled = 0
    send(200, 1)
    const [first = 0, ...others] = environment.slices
    expect(first).toBeLessThanOrEqual(64)
    expect(Math.max(...others)).toBeLessThanOrEqual(2)
  })

  it('looks at no clock where a send returns when all is quiet', () => {
    const environment = new SimulatedEnvironment()
    let looks = 0
    const clock = { ...environment.clock, monotonicMs: () => ((looks += 1), (environment.nowMs += 5)) }
    Object.assign(environment, { clock })
    const system = new ActorSystem({ environment, isInline: true })
    const order: string[] = []
    const named = (name: string, then: () => void): ActorRef =>
      system.spawn(
        defineAgent({
          name,
          logic: fromTransition((state: number, event: { readonly type: string }) => {
            order.push(`${name} ${event.type}`)
            if (event.type === 'first') then()
            return state
          }, 0),
        }),
        { id: name },
      )
    const b = named('b', () => undefined)
    const a = named('a', () => {
      for (const type of ['1', '2', '3']) b.send({ type })
    })
    looks = 0
    a.send({ type: 'first' })
    expect([order, looks]).toEqual([['a first', 'b 1', 'b 2', 'b 3'], 0])
  })

  it('looks at the clock once in 64 messages when they are quick', () => {
    const { environment, send } = startSpinning()
    let looks = 0
    const { clock } = environment
    Object.assign(environment, { clock: { ...clock, monotonicMs: () => ((looks += 1), environment.nowMs) } })
    send(900, 0)
    looks = 0
    send(900, 0)
    expect(looks).toBeLessThanOrEqual(1 + Math.ceil(900 / 64))
  })
})
