import { fromTransition } from 'xstate'
import { describe, expect, it } from 'vitest'
import type { ActorRef, Terminated } from '../../../src/actors/actor-ref.ts'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { linkActors } from '../../../src/actors/inside.ts'
import type { Cell } from '../../../src/actors/cell/cell.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

const plain = defineAgent({
  name: 'plain',
  restart: 'temporary',
  logic: fromTransition((state: number, event: { readonly type: string }) => {
    if (event.type === 'fail') throw new Error('broken')
    return state
  }, 0),
})

function start() {
  const environment = new SimulatedEnvironment()
  return { environment, system: createActorSystem({ environment }) }
}

describe('the end of an actor', () => {
  it('is heard by every watcher although one of them throws', async () => {
    const { environment, system } = start()
    const ref = system.spawn(plain, { id: 'a' })
    const heard: string[] = []
    const elsewhere = {
      send: (event: Terminated) => {
        if ('output' in event || heard.length === 0) {
          heard.push('refused')
          throw new Error('cannot be copied')
        }
        heard.push(event.reason)
        return true
      },
    }
    ref.watch(elsewhere as unknown as ActorRef)
    ref.watch({
      send: () => {
        throw new Error('always')
      },
    } as unknown as ActorRef)
    ref.watch(({ reason }) => void heard.push(`last ${reason}`))
    const asked = ref.ask({ type: 'silent' })
    const failure = expect(asked).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
    const stopped = ref.stop()
    environment.settle()
    await Promise.all([stopped, failure])
    expect(heard).toEqual(['refused', 'stopped', 'last stopped'])
    expect(environment.errors.map(String)).toEqual(['Error: cannot be copied', 'Error: always', 'Error: always'])
  })

  it('goes along a chain of any length without recursion', async () => {
    const { environment, system } = start()
    const refs = Array.from({ length: 50_000 }, () => system.spawn(plain))
    for (const [index, ref] of refs.entries()) ref.watch(() => void refs[index + 1]?.stop())
    const stopped = refs[0]?.stop()
    environment.settle()
    await stopped
    expect((refs.at(-1) as Cell).status).toBe((refs[0] as Cell).status)
    expect(refs.at(-1)?.send({ type: 'any' })).toBe(false)
  })
})

describe('linked actors', () => {
  it('end with one another along the links, whoever fails', () => {
    const { environment, system } = start()
    const refs = ['a', 'b', 'c', 'd'].map((id) => system.spawn(plain, { id }))
    const reasons: string[] = []
    for (const ref of refs) ref.watch(({ id, reason }) => void reasons.push(`${id} ${reason}`))
    for (const [index, ref] of refs.entries()) if (index > 0) linkActors(refs[index - 1], ref)
    refs[0]?.send({ type: 'fail' })
    environment.settle()
    expect(reasons).toEqual(['a failed', 'b killed', 'c killed', 'd killed'])
  })

  it('end in order without the other, and leave nothing of the link', async () => {
    const { system } = start()
    const hub = system.spawn(plain, { id: 'hub' })
    for (let index = 0; index < 100; index += 1) {
      const ref = system.spawn(plain)
      linkActors(hub, ref)
      await ref.stop()
    }
    expect(system.get('hub')).toBe(hub)
    expect((hub as Cell).extras?.endListeners?.size).toBe(0)
  })
})

describe('a delivery that waits for room', () => {
  const counting = defineAgent({
    name: 'counting',
    mailbox: { bound: 4, atBound: 'credit' },
    logic: fromTransition(
      (seen: readonly number[], event: { readonly type: string; readonly n: number }) => [...seen, event.n],
      [],
    ),
  })

  it('keeps its place, and is put in once', async () => {
    const { environment, system } = start()
    const ref = system.spawn(counting, { id: 'c' })
    const puts: number[] = []
    const send = (ref as Cell).send.bind(ref)
    Object.assign(ref, {
      send: (event: { readonly type: string; readonly n: number }) => (puts.push(event.n), send(event)),
    })
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    const delivered = Promise.all(numbers.map((n) => ref.deliver({ type: 'x', n })))
    environment.settle()
    await delivered
    environment.settle()
    expect(ref.getSnapshot()).toMatchObject({ context: numbers })
    expect(puts).toEqual(numbers)
  })

  it('that is taken back is not delivered, and holds nothing', async () => {
    const { environment, system } = start()
    const ref = system.spawn(counting, { id: 'c' })
    const controller = new AbortController()
    const all = [0, 1, 2, 3, 4, 5].map((n) =>
      ref.deliver({ type: 'x', n }, n === 4 ? { signal: controller.signal } : {}),
    )
    controller.abort(new Error('enough'))
    await expect(all[4]).rejects.toThrow('enough')
    environment.settle()
    await Promise.allSettled(all)
    environment.settle()
    expect(ref.getSnapshot()).toMatchObject({ context: [0, 1, 2, 3, 5] })
    expect((ref as Cell).extras?.roomWaiters).toBeUndefined()
  })
})
