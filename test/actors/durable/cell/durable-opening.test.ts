import { describe, expect, test } from 'vitest'
import { fromTransition, setup } from 'xstate'
import type { ActorRef } from '../../../../src/actors/actor-ref.ts'
import type { AgentDefinition, MailboxPolicy } from '../../../../src/actors/agent-definition.ts'
import { defineAgent } from '../../../../src/actors/define-agent.ts'
import { spawnChildOf } from '../../../../src/actors/inside.ts'
import { ControlledLog } from '../controlled-log.ts'
import { DurableSystem } from '../durable-system.ts'

type Event = {
  readonly type: string
  readonly name?: string
  readonly replyTo?: { send(event: object): unknown }
}

/** Remembers the names of what it was sent, and answers with them. */
const list = defineAgent({
  name: 'list',
  durable: true,
  logic: fromTransition((names: readonly string[], { name, replyTo }: Event) => {
    const next = name === undefined ? names : [...names, name]
    replyTo?.send({ type: 'names', names: next })
    return next
  }, []),
})

const add = (name: string): Event => ({ type: 'add', name })
const namesOf = (ref: ActorRef): unknown => (ref.getSnapshot() as { readonly context?: unknown }).context

/** An actor `a` with messages in its inbox that no turn has handled. */
async function withInbox(names: readonly string[]): Promise<DurableSystem> {
  const world = new DurableSystem()
  world.spawn(list, 'a')
  await world.settle()
  const stored = names.map(async (name) => await world.extension.store.deliver('a', add(name)))
  await world.during(Promise.all([...stored, world.system.stop({ drainMs: 0 })]))
  return await world.crash()
}

describe('a durable actor that is opened', () => {
  test('handles what is stored first, then what was sent, delivered and asked meanwhile, in its order', async () => {
    const world = await withInbox(['stored 1', 'stored 2'])
    const ref = world.spawn(list, 'a')
    ref.send(add('sent'))
    const delivered = ref.deliver(add('delivered'))
    const asked = ref.ask(add('asked'))
    ref.send(add('sent last'))
    const names = ['stored 1', 'stored 2', 'sent', 'delivered', 'asked']
    expect(await world.during(asked)).toEqual({ type: 'names', names })
    await world.during(delivered)
    expect(namesOf(ref)).toEqual([...names, 'sent last'])
    const next = await world.crash()
    const again = next.spawn(list, 'a')
    await next.settle()
    expect(namesOf(again)).toEqual([...names, 'sent last'])
  })

  test('takes deliveries in their place among what is sent also afterwards', async () => {
    const world = new DurableSystem()
    const ref = world.spawn(list, 'a')
    await world.settle()
    const delivered = ref.deliver(add('delivered'))
    expect(await world.during(ref.ask(add('asked')))).toMatchObject({ names: ['delivered', 'asked'] })
    await delivered
  })

  test('keeps its mailbox bounded before that, and acknowledges nothing that it refuses', async () => {
    const small = (atBound: MailboxPolicy): AgentDefinition =>
      defineAgent({ name: atBound, durable: true, mailbox: { bound: 2, atBound }, logic: list.logic })
    const world = new DurableSystem()
    const outcomes = ['refuse', 'drop-newest', 'drop-oldest'].map(async (policy) => {
      const ref = world.spawn(small(policy as MailboxPolicy), policy)
      const delivered = [1, 2, 3].map(async (number) => await ref.deliver(add(`${number}`)))
      const settled = await Promise.allSettled(delivered)
      const told = settled.map((each) => (each.status === 'fulfilled' ? 'stored' : each.reason.code))
      return { policy, told, names: namesOf(ref) }
    })
    const full = 'ACTOR_MAILBOX_FULL'
    expect(await world.during(Promise.all(outcomes))).toEqual([
      { policy: 'refuse', told: ['stored', 'stored', full], names: ['1', '2'] },
      { policy: 'drop-newest', told: ['stored', 'stored', full], names: ['1', '2'] },
      { policy: 'drop-oldest', told: [full, 'stored', 'stored'], names: ['2', '3'] },
    ])
  })

  test('does not get a delivery that was taken back', async () => {
    const world = new DurableSystem()
    const ref = world.spawn(list, 'a')
    const abort = new AbortController()
    const delivered = ref.deliver(add('taken back'), { signal: abort.signal })
    abort.abort(new Error('changed my mind'))
    await expect(delivered).rejects.toThrow('changed my mind')
    await world.during(ref.deliver(add('kept')))
    expect(namesOf(ref)).toEqual(['kept'])
  })

  test('and was stopped meanwhile keeps what was delivered, if it is stored', async () => {
    const world = await withInbox(['stored'])
    const [known, unknown] = ['a', 'b'].map((id) => world.spawn(list, id))
    const delivered = known?.deliver(add('delivered'))
    const lost = Promise.allSettled([unknown?.deliver(add('lost'))])
    await Promise.all([known?.stop(), unknown?.stop(), delivered, world.settle()])
    expect(await lost).toMatchObject([{ reason: { code: 'ACTOR_STOPPED' } }])
    expect(world.system.deadLetters.recent()).toMatchObject([{ event: { name: 'lost' }, reason: 'stopped' }])
    const again = world.spawn(list, 'a')
    await world.settle()
    expect(namesOf(again)).toEqual(['stored', 'delivered'])
  })
  test('and never was, because its start failed, leaves nobody waiting when it ends', async () => {
    const failing = defineAgent({
      name: 'failing',
      durable: true,
      restart: { kind: 'permanent', backOff: { firstMs: 1_000, maxMs: 1_000 } },
      logic: setup({}).createMachine({
        entry: () => {
          throw new Error('told to fail')
        },
      }),
    })
    const world = new DurableSystem()
    const ref = world.spawn(failing, 'a')
    await world.settle()
    const delivered = Promise.allSettled([ref.deliver(add('one')), ref.deliver(add('two'))])
    await world.environment.advance(1_500)
    await world.during(ref.stop())
    const ended = { status: 'rejected', reason: { code: 'ACTOR_STOPPED' } }
    expect(await delivered).toMatchObject([ended, ended])
    expect(world.system.deadLetters.count).toBe(2)
  })
})

describe('a system that is stopped before its store is open', () => {
  test('still handles what was sent, asked and delivered', async () => {
    const world = new DurableSystem()
    const ref = world.spawn(list, 'a')
    ref.send(add('sent'))
    const delivered = ref.deliver(add('delivered'))
    const asked = ref.ask(add('asked'))
    await world.during(Promise.all([world.system.stop(), delivered]))
    expect(await asked).toEqual({ type: 'names', names: ['sent', 'delivered', 'asked'] })
    expect([world.system.deadLetters.count, world.environment.timerCount]).toEqual([0, 0])
    const next = await world.crash()
    const again = next.spawn(list, 'a')
    await next.settle()
    expect(namesOf(again)).toEqual(['sent', 'delivered', 'asked'])
  })

  test('lets actors begin that start others', async () => {
    const world = new DurableSystem()
    const parent = defineAgent({
      name: 'parent',
      durable: true,
      logic: setup({}).createMachine({ entry: ({ self }) => void spawnChildOf(self, list, { id: 'child' }) }),
    })
    world.spawn(parent, 'p')
    await world.during(world.system.stop())
    const next = await world.crash()
    expect(await next.during(next.durable.list())).toMatchObject([{ id: 'p/child' }, { id: 'p' }])
  })

  test('waits for the disk before asks are left without their answers, but not for ever', async () => {
    const log = new ControlledLog()
    log.isHeld = true
    const world = new DurableSystem({ log })
    const asked = world.spawn(list, 'a').ask(add('asked'))
    const stopped = world.system.stop({ drainMs: 1_000 })
    await world.environment.advance(999)
    log.release()
    await world.during(stopped)
    expect(await asked).toMatchObject({ names: ['asked'] })
    log.isHeld = true
    const late = new DurableSystem({ log })
    const unanswered = late.spawn(list, 'a').ask(add('late'))
    const reason = expect(unanswered).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
    const end = late.system.stop({ drainMs: 1_000 })
    await late.environment.advance(6_000)
    await end
    await reason
  })

  test('that never opens makes dead letters, and leaves nobody waiting', async () => {
    const world = new DurableSystem({ opens: new Promise(() => {}) })
    const ref = world.spawn(list, 'a')
    ref.send(add('sent'))
    const waiting = Promise.allSettled([ref.ask(add('asked')), ref.deliver(add('delivered'))])
    const stopped = world.system.stop({ drainMs: 1_000 })
    await world.environment.advance(6_000)
    await stopped
    const stoppedError = { status: 'rejected', reason: { code: 'ACTOR_STOPPED' } }
    expect(await waiting).toMatchObject([stoppedError, stoppedError])
    const letters = world.system.deadLetters.recent().map(({ event, reason }) => [event['name'], reason])
    expect(letters).toEqual([
      ['sent', 'stopped'],
      ['asked', 'stopped'],
      ['delivered', 'stopped'],
    ])
  })

  test('closes a journal that is open too late', async () => {
    const opens = Promise.withResolvers<void>()
    const world = new DurableSystem({ opens: opens.promise })
    world.spawn(list, 'a').send(add('sent'))
    const stopped = world.system.stop({ drainMs: 1_000 })
    await world.environment.advance(6_000)
    await stopped
    expect(world.closed).toBe(0)
    opens.resolve()
    await world.settle()
    expect([world.closed, world.environment.timerCount, world.environment.errors]).toEqual([1, 0, []])
    await expect(world.system.ready).rejects.toMatchObject({ code: 'STORE_NOT_OPEN' })
  })
})
