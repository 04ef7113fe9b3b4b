import { createMachine, fromTransition, sendTo, type AnyEventObject } from 'xstate'
import { describe, expect, it } from 'vitest'
import type { ReplyTarget, Terminated } from '../../../src/actors/actor-ref.ts'
import type { Cell } from '../../../src/actors/cell/cell.ts'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { failureOf } from '../../fixtures/failure-of.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

type Asked = { readonly type: 'ask' | 'silent' | 'fail'; readonly n?: number; readonly replyTo?: ReplyTarget }

const answering = defineAgent({
  name: 'answering',
  restart: 'temporary',
  mailbox: { bound: 1 },
  logic: fromTransition((replies: readonly boolean[], event: Asked) => {
    if (event.type === 'fail') throw new Error('broken')
    if (event.type !== 'ask' || event.replyTo === undefined) return replies
    return [...replies, event.replyTo.send({ type: 'answer' }), event.replyTo.send({ type: 'again' })]
  }, []),
})

function start() {
  const environment = new SimulatedEnvironment()
  const system = createActorSystem({ environment })
  return { environment, system, ref: system.spawn(answering, { id: 'a' }) }
}

describe('an ask', () => {
  it('resolves with the first event that is sent to its reply target', async () => {
    const { environment, ref } = start()
    const answer = ref.ask({ type: 'ask' })
    environment.settle()
    expect(await answer).toEqual({ type: 'answer' })
    expect(ref.getSnapshot()).toMatchObject({ context: [true, false] })
  })

  it('is answered by a machine with sendTo', async () => {
    const { environment, system } = start()
    const machine = createMachine({
      on: {
        ask: { actions: sendTo(({ event }: { event: AnyEventObject }) => event.replyTo, { type: 'from machine' }) },
      },
    })
    const answer = system.spawn(defineAgent({ name: 'm', logic: machine }), { id: 'm' }).ask({ type: 'ask' })
    environment.settle()
    expect(await answer).toEqual({ type: 'from machine' })
  })

  it('fails when nobody answers in time, and refuses what comes late', async () => {
    const { environment, ref } = start()
    const failure = failureOf(ref.ask({ type: 'silent' }, { timeoutMs: 100 }))
    environment.advance(101)
    expect(await failure).toMatchObject({
      code: 'ACTOR_ASK_TIMEOUT',
      details: { id: 'a', event: 'silent', timeoutMs: 100 },
    })
  })

  it('fails when the actor fails or is stopped before it answers, and when it had ended', async () => {
    const { environment, system, ref } = start()
    const failing = failureOf(ref.ask({ type: 'fail' }))
    environment.settle()
    expect(await failing).toMatchObject({ code: 'ACTOR_FAILED', cause: { message: 'broken' } })
    const other = system.spawn(answering, { id: 'b' })
    const stopped = failureOf(other.ask({ type: 'silent' }))
    environment.settle()
    await other.stop()
    expect(await stopped).toMatchObject({ code: 'ACTOR_STOPPED' })
    expect(await failureOf(other.ask({ type: 'ask' }))).toMatchObject({ code: 'ACTOR_STOPPED' })
  })

  it('fails at once when the mailbox refuses', async () => {
    const { ref } = start()
    ref.send({ type: 'silent' })
    expect(await failureOf(ref.ask({ type: 'ask' }))).toMatchObject({ code: 'ACTOR_MAILBOX_FULL' })
  })

  it('ends with the reason of its signal, and leaves nothing behind', async () => {
    const { environment, ref } = start()
    const controller = new AbortController()
    const reasonOf = (answer: Promise<unknown>): Promise<unknown> => answer.catch((error: unknown) => error)
    const failure = reasonOf(ref.ask({ type: 'silent' }, { signal: controller.signal }))
    environment.settle()
    controller.abort(new Error('enough'))
    expect(await failure).toEqual(new Error('enough'))
    expect(await reasonOf(ref.ask({ type: 'ask' }, { signal: controller.signal }))).toEqual(new Error('enough'))
  })
})

describe('an ask of an actor that is restarted', () => {
  it('fails with what its logic threw, and not by its time limit', async () => {
    const { environment, system } = start()
    const restarting = defineAgent({
      name: 'r',
      logic: fromTransition((count: number, event: AnyEventObject) => {
        if (event.type === 'fail') throw new Error('broken')
        ;(event.replyTo as ReplyTarget | undefined)?.send({ type: 'count', count })
        return count + 1
      }, 0),
    })
    const ref = system.spawn(restarting, { id: 'r' })
    const failing = failureOf(ref.ask({ type: 'fail' }))
    const answered = ref.ask({ type: 'ask' })
    environment.settle()
    expect(await failing).toMatchObject({ code: 'ACTOR_FAILED', details: { id: 'r', event: 'fail' } })
    expect(await answered).toEqual({ type: 'count', count: 0 })
  })

  it('waits on while its message is to be given again', async () => {
    const { environment, system } = start()
    let failures = 0
    const shaky = defineAgent({
      name: 's',
      restart: { redeliveries: 1 },
      logic: fromTransition((_: undefined, event: AnyEventObject) => {
        failures += 1
        if (failures === 1) throw new Error('once')
        ;(event.replyTo as ReplyTarget | undefined)?.send({ type: 'ok' })
        return undefined
      }, undefined),
    })
    const answered = system.spawn(shaky, { id: 's' }).ask({ type: 'ask' })
    environment.settle()
    expect(await answered).toEqual({ type: 'ok' })
  })
})

describe('an answer', () => {
  it('is an event; anything else is refused where it is sent', () => {
    const { environment, system } = start()
    const wrong: unknown[] = []
    const liar = defineAgent({
      name: 'l',
      logic: fromTransition((_: undefined, event: AnyEventObject) => {
        try {
          ;(event.replyTo as ReplyTarget).send('no event' as never)
        } catch (error: unknown) {
          wrong.push(error)
        }
        ;(event.replyTo as ReplyTarget).send({ type: 'ok' })
        return undefined
      }, undefined),
    })
    const answered = system.spawn(liar, { id: 'l' }).ask({ type: 'ask' })
    environment.settle()
    expect(wrong).toEqual([expect.any(TypeError)])
    return expect(answered).resolves.toEqual({ type: 'ok' })
  })
})

describe('a question that is no event', () => {
  it.each([undefined, null, 5, 'text', {}, { type: 1 }])('is refused and leaves nothing behind: %j', async (event) => {
    const { environment, system } = start()
    const quiet = defineAgent({ name: 'q', logic: fromTransition((state: number) => state, 0) })
    const ref = system.spawn(quiet, { id: 'q' })
    await expect(ref.ask(event as never, { timeoutMs: 10 })).rejects.toThrow('An event is an object with a type')
    environment.advance(1_000)
    expect((ref as Cell).extras?.endListeners?.size ?? 0).toBe(0)
  })
})

describe('an ask whose message is dropped', () => {
  it('fails at once', async () => {
    const environment = new SimulatedEnvironment()
    const system = createActorSystem({ environment })
    const dropping = defineAgent({
      name: 'd',
      mailbox: { bound: 1, atBound: 'drop-oldest' },
      logic: fromTransition((state: number) => state, 0),
    })
    const ref = system.spawn(dropping, { id: 'd' })
    const failure = failureOf(ref.ask({ type: 'first' }))
    ref.send({ type: 'second' })
    expect(await failure).toMatchObject({ code: 'ACTOR_MAILBOX_FULL' })
  })
})

describe('a watch', () => {
  it('is not dropped for newer messages', async () => {
    const { environment, system, ref } = start()
    const seen: string[] = []
    const watcher = system.spawn(
      defineAgent({
        name: 'watcher',
        mailbox: { bound: 2, atBound: 'drop-oldest' },
        logic: fromTransition((_: undefined, event: AnyEventObject) => void seen.push(event.type), undefined),
      }),
      { id: 'w' },
    )
    ref.watch(watcher)
    await ref.stop()
    for (const type of ['a', 'b', 'c']) watcher.send({ type })
    environment.settle()
    expect(seen).toEqual(['kernell.terminated', 'c'])
  })

  it('ends with the watcher', async () => {
    const { system, ref } = start()
    const watcher = system.spawn(answering, { id: 'w' })
    ref.watch(watcher)
    await watcher.stop()
    expect((ref as Cell).extras?.endListeners?.size).toBe(0)
  })

  it('tells an actor as an event, past the bound of its mailbox', async () => {
    const { environment, system, ref } = start()
    const seen: Terminated[] = []
    const watcher = system.spawn(
      defineAgent({
        name: 'watcher',
        mailbox: { bound: 1 },
        logic: fromTransition(
          (_: undefined, event: AnyEventObject) =>
            void (event.type === 'kernell.terminated' && seen.push(event as Terminated)),
          undefined,
        ),
      }),
      { id: 'w' },
    )
    ref.watch(watcher)
    watcher.send({ type: 'filler' })
    await ref.stop()
    environment.settle()
    expect(seen).toEqual([{ type: 'kernell.terminated', id: 'a', address: ref.address, reason: 'stopped' }])
  })

  it('on an actor that has ended tells at once, and an unsubscribed one tells nothing', async () => {
    const { environment, ref } = start()
    const seen: string[] = []
    ref.watch(() => void seen.push('never')).unsubscribe()
    await ref.stop()
    ref.watch(({ reason }) => void seen.push(reason))
    environment.settle()
    expect(seen).toEqual(['stopped'])
  })

  it('carries the output of a machine that is done', () => {
    const { environment, system } = start()
    const machine = createMachine({
      initial: 'a',
      states: { a: { on: { go: 'b' } }, b: { type: 'final' } },
      output: { total: 3 },
    })
    const ref = system.spawn(defineAgent({ name: 'm', logic: machine }), { id: 'm' })
    const seen: Terminated[] = []
    ref.watch((terminated) => void seen.push(terminated))
    ref.send({ type: 'go' })
    environment.settle()
    expect(seen).toMatchObject([{ reason: 'done', output: { total: 3 } }])
  })
})
