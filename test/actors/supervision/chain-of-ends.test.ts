import { fromTransition } from 'xstate'
import { describe, expect, it } from 'vitest'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { linkActors } from '../../../src/actors/inside.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

const COUNT = 50_000

const fragile = defineAgent({
  name: 'fragile',
  restart: 'temporary',
  logic: fromTransition((_: undefined, event: { type: string }): undefined => {
    if (event.type === 'fail') throw new Error('broken')
    return undefined
  }, undefined),
})

function startMany() {
  const environment = new SimulatedEnvironment()
  const system = createActorSystem({ environment })
  const refs = Array.from({ length: COUNT }, () => system.spawn(fragile))
  const nextOf = (n: number): ActorRef | undefined => refs[n + 1]
  const alive = (): number => refs.filter((ref) => ref.send({ type: 'late' })).length
  return { environment, refs, nextOf, alive }
}

describe('fifty thousand actors end one after the other without recursion', () => {
  it('when a watcher of each stops the next', async () => {
    const { environment, refs, nextOf, alive } = startMany()
    const stops: Promise<void>[] = []
    refs.forEach((ref, n) => ref.watch(() => void stops.push(nextOf(n)?.stop() ?? Promise.resolve())))
    await refs[0]?.stop()
    environment.settle()
    await Promise.all(stops)
    expect([environment.errors.length, alive()]).toEqual([0, 0])
  })

  it('when each is linked with the next and the first fails', () => {
    const { environment, refs, nextOf, alive } = startMany()
    refs.forEach((ref, n) => {
      const next = nextOf(n)
      if (next !== undefined) linkActors(ref, next)
    })
    refs[0]?.send({ type: 'fail' })
    environment.settle()
    expect([environment.errors.length, alive()]).toEqual([0, 0])
  })
})
