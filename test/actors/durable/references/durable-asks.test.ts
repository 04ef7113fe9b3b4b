import { describe, expect, test } from 'vitest'
import { assign, fromPromise, fromTransition, setup } from 'xstate'
import type { ActorRef, ReplyTarget } from '../../../../src/actors/actor-ref.ts'
import { defineAgent } from '../../../../src/actors/define-agent.ts'
import { CodedError } from '../../../../src/base/errors.ts'
import { ControlledLog } from '../controlled-log.ts'
import { DurableSystem } from '../durable-system.ts'

type Event = { readonly type: string; readonly to?: ActorRef; readonly replyTo?: ReplyTarget }

/** Answers, fails, or passes the question on. */
const clerk = defineAgent({
  name: 'clerk',
  durable: true,
  mailbox: { bound: 2 },
  logic: fromTransition((count: number, event: Event): number => {
    const { type, to, replyTo } = event
    if (type === 'fail') throw new Error('told to fail')
    if (type === 'spoil') return (() => 1) as never
    if (type === 'pass on') to?.send({ type: 'fail', replyTo })
    else if (type === 'flood') for (let sent = 0; sent < 3; sent += 1) to?.send({ type: 'keep', replyTo })
    else if (type !== 'keep') replyTo?.send({ type: 'count', count })
    return count + 1
  }, 0),
})
const newer = defineAgent({ name: 'clerk', version: 2, durable: true, logic: clerk.logic })

/** What an ask fails with, and how long that took by the clock that nobody moves: nothing. */
async function failureOf(world: DurableSystem, ref: ActorRef, event: Event = { type: 'ask' }): Promise<unknown> {
  return await world.during(
    ref.ask(event).then(
      (reply) => reply,
      (error: unknown) => error,
    ),
  )
}

async function stored(): Promise<DurableSystem> {
  const world = new DurableSystem()
  await world.during(world.spawn(clerk, 'a').deliver({ type: 'keep' }))
  return await world.crash()
}

describe('an ask of a durable actor that failed', () => {
  test('for its version says so, before the store is open and after', async () => {
    const world = await stored()
    const ref = world.spawn(newer, 'a')
    const expected = { code: 'ACTOR_STOPPED', cause: { code: 'ACTOR_VERSION_UNKNOWN' } }
    expect(await failureOf(world, ref)).toMatchObject(expected)
    expect(await failureOf(world, ref)).toMatchObject(expected)
    expect(await failureOf(world, world.spawnedOr('a'))).toMatchObject(expected)
  })

  test('for its version when it was to be woken says so', async () => {
    const world = await stored()
    await world.settle()
    world.durable.define(newer)
    expect(await failureOf(world, world.spawnedOr('a'))).toMatchObject({
      code: 'ACTOR_STOPPED',
      cause: { code: 'ACTOR_VERSION_UNKNOWN' },
    })
  })

  test('for want of its definition says so, and has its answer when it is named', async () => {
    const world = await stored()
    await world.settle()
    const ref = world.spawnedOr('a')
    expect(await failureOf(world, ref)).toMatchObject({
      code: 'ACTOR_STOPPED',
      cause: { code: 'ACTOR_DEFINITION_UNKNOWN', details: { id: 'a', agent: 'clerk' } },
    })
    world.durable.define(clerk)
    expect(await world.during(ref.ask({ type: 'ask' }))).toEqual({ type: 'count', count: 1 })
  })

  test.each(['STORE_CORRUPTED', 'STORE_LOCKED'] as const)(
    'for its store (%s) says so, before that is known and after, and so does a spawn',
    async (code) => {
      const log = new ControlledLog()
      log.read = () => {
        throw new CodedError(code, { message: 'injected' })
      }
      const world = new DurableSystem({ log })
      const ref = world.spawn(clerk, 'a')
      const asks = [failureOf(world, ref), failureOf(world, ref, { type: 'fail' })]
      const expected = { code: 'ACTOR_STOPPED', cause: { code } }
      expect(await Promise.all(asks)).toMatchObject([expected, expected])
      expect(await failureOf(world, ref)).toMatchObject(expected)
      await expect(ref.deliver({ type: 'keep' })).rejects.toMatchObject({ code })
      for (const id of ['a', 'b']) expect(() => world.spawn(clerk, id)).toThrow(expect.objectContaining({ code }))
    },
  )
})

describe('an ask of a durable actor that fails over it', () => {
  test.each([
    ['its logic', { type: 'fail' }, { message: 'told to fail' }],
    ['its store', { type: 'spoil' }, { code: 'ACTOR_STATE_NOT_STORABLE' }],
  ])('hears at once what %s threw, and the next one has its answer', async (_name, event, cause) => {
    const world = new DurableSystem()
    const ref = world.spawn(clerk, 'a')
    expect(await failureOf(world, ref, event)).toMatchObject({ code: 'ACTOR_FAILED', cause })
    expect(await world.during(ref.ask({ type: 'ask' }))).toEqual({ type: 'count', count: 0 })
  })

  test('hears it also when the question was passed on to another one, or was not kept there', async () => {
    const world = new DurableSystem()
    const ref = world.spawn(clerk, 'a')
    const to = world.spawn(clerk, 'b')
    await world.settle()
    expect(await failureOf(world, ref, { type: 'pass on', to })).toMatchObject({
      code: 'ACTOR_FAILED',
      cause: { message: 'told to fail' },
    })
    expect(await failureOf(world, ref, { type: 'flood', to })).toMatchObject({ code: 'ACTOR_MAILBOX_FULL' })
  })
})

describe('a durable actor', () => {
  test('may ask another one within its turn', async () => {
    const world = new DurableSystem()
    const asked = world.spawn(clerk, 'a')
    const asking = setup({
      actors: { ask: fromPromise<unknown>(async () => await asked.ask({ type: 'ask' })) },
      types: { context: {} as { readonly answer: unknown } },
    }).createMachine({
      context: { answer: undefined },
      invoke: { src: 'ask', onDone: { actions: assign({ answer: ({ event }) => event.output }) } },
    })
    const ref = world.spawn(defineAgent({ name: 'asking', durable: true, logic: asking }), 'b')
    await world.settle()
    expect(ref.getSnapshot()).toMatchObject({ context: { answer: { type: 'count', count: 0 } } })
    expect(world.supervision).toEqual([])
  })

  test.each([
    ['that fails', { message: 'told to fail' }],
    ['that is never stored', { code: 'STORE_WRITE_FAILED' }],
  ])('that asks within a turn %s hears at once why nobody was asked', async (what, cause) => {
    const heard: unknown[] = []
    const asker = defineAgent({
      name: 'asker',
      durable: true,
      logic: fromTransition((count: number, { type, to }: Event): number => {
        const note = (end: unknown): void => void heard.push(end)
        to?.ask({ type: 'ask' }).then(note, note)
        if (type === 'fail') throw new Error('told to fail')
        return count + 1
      }, 0),
    })
    const log = new ControlledLog()
    const world = new DurableSystem({ log })
    const to = world.spawn(defineAgent({ name: 'volatile', logic: clerk.logic }), 'v')
    const ref = world.spawn(asker, 'a')
    await world.settle()
    if (what === 'that is never stored') log.failFrom = 0
    ref.send({ type: what === 'that fails' ? 'fail' : 'ask', to })
    await world.settle()
    expect(heard).toMatchObject([{ code: 'ACTOR_FAILED', cause }])
    expect(to.getSnapshot()).toMatchObject({ context: 0 })
  })
})
