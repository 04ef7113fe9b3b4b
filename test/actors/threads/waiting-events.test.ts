import { describe, expect, it } from 'vitest'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { WaitingEvents } from '../../../src/actors/threads/waiting-events.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

describe('what a lost thread may have handled', () => {
  it('is not told again, but for the word that nothing more comes: an actor that moves waits for it', () => {
    const waiting = new WaitingEvents(createActorSystem({ environment: new SimulatedEnvironment() }), 0)
    waiting.holdThread(1)
    const drained = { type: 'drained', number: 7, epoch: 1, from: 2 } as const
    const stop = { type: 'stop', home: 0, number: 7, request: 3 } as const
    const salvaged = [drained, stop].map((event) => ({ target: 0, incarnation: 0, event, isUncertain: true }))
    expect(waiting.putSalvaged(1, salvaged, () => undefined)).toEqual(new Set())
    expect(waiting.releaseThread(1).map(({ request }) => request)).toEqual([drained])
  })
})
