import { describe, expect, test, vi } from 'vitest'
import { fromTransition } from 'xstate'
import type { ActorRef } from '../../../../src/actors/actor-ref.ts'
import type { AgentDefinition, MailboxPolicy } from '../../../../src/actors/agent-definition.ts'
import { EventRing } from '../../../../src/actors/cell/event-ring.ts'
import { defineAgent } from '../../../../src/actors/define-agent.ts'
import { openDurableStore } from '../../../../src/actors/durable/store/durable-store.ts'
import { stash, unstashAll } from '../../../../src/actors/inside.ts'
import { createMemoryEventLog } from '../../../../src/storage/memory/memory-event-log.ts'
import { DurableSystem } from '../durable-system.ts'
import { ManualEnvironment } from '../manual-environment.ts'

type Event = { readonly type: string; readonly name?: string; readonly to?: ActorRef; readonly count?: number }

const BOUND = 2

/** Remembers the names of what it was sent. */
const logic = fromTransition(
  (names: readonly string[], { name }: Event) => (name === undefined ? names : [...names, name]),
  [],
)
const bounded = (atBound: MailboxPolicy): AgentDefinition =>
  defineAgent({ name: 'bounded', durable: true, mailbox: { bound: BOUND, atBound }, logic })

/** Sends several messages in one turn, and remembers what it was told. */
const sender = defineAgent({
  name: 'sender',
  durable: true,
  mailbox: { bound: BOUND, atBound: 'credit' },
  logic: fromTransition((told: readonly boolean[], { to, count = 0 }: Event) => {
    if (to === undefined) return told
    return [...told, ...Array.from({ length: count }, (_, index) => to.send(add(`${index + 1}`)))]
  }, []),
})

const add = (name: string): Event => ({ type: 'add', name })
const contextOf = (ref: ActorRef): unknown => (ref.getSnapshot() as { readonly context?: unknown }).context
const lettersOf = ({ system }: DurableSystem): unknown =>
  system.deadLetters.recent().map(({ event, reason }) => [event['name'], reason])
const codeOf = (result: PromiseSettledResult<void>): unknown =>
  result.status === 'fulfilled' ? 'stored' : (result.reason as { code?: string }).code

async function start(atBound: MailboxPolicy): Promise<{ readonly world: DurableSystem; readonly ref: ActorRef }> {
  const world = new DurableSystem()
  const ref = world.spawn(bounded(atBound), 'a')
  await world.settle()
  return { world, ref }
}

async function deliverAll(world: DurableSystem, ref: ActorRef, names: readonly string[]): Promise<readonly unknown[]> {
  const delivered = names.map(async (name) => await ref.deliver(add(name)))
  return (await world.during(Promise.allSettled(delivered))).map(codeOf)
}

describe('a delivery to a durable actor whose inbox is full', () => {
  test.each(['refuse', 'drop-newest', 'drop-oldest'] as const)(
    'is refused with the policy %s, and everything that was acknowledged is handled',
    async (policy) => {
      const { world, ref } = await start(policy)
      const codes = await deliverAll(world, ref, ['1', '2', '3', '4'])
      expect(codes).toEqual(['stored', 'stored', 'ACTOR_MAILBOX_FULL', 'ACTOR_MAILBOX_FULL'])
      expect(contextOf(ref)).toEqual(['1', '2'])
      expect(lettersOf(world)).toEqual([
        ['3', 'mailbox-full'],
        ['4', 'mailbox-full'],
      ])
    },
  )

  test('waits with the policy credit, in the order of the calls, and is acknowledged once', async () => {
    const { world, ref } = await start('credit')
    const names = Array.from({ length: 9 }, (_, index) => `${index + 1}`)
    const repeated = [ref.deliver(add('first'), { key: 'k' }), ref.deliver(add('second'), { key: 'k' })]
    expect(await deliverAll(world, ref, names)).toEqual(names.map(() => 'stored'))
    await Promise.all(repeated)
    expect([contextOf(ref), lettersOf(world)]).toEqual([['first', ...names], []])
    const next = await world.crash()
    const again = next.spawn(bounded('credit'), 'a')
    await next.settle()
    expect(contextOf(again)).toEqual(['first', ...names])
  })

  test('waits with the policy credit also before its store is open', async () => {
    const world = new DurableSystem()
    const ref = world.spawn(bounded('credit'), 'a')
    expect(await deliverAll(world, ref, ['1', '2', '3', '4', '5'])).toEqual(Array(5).fill('stored'))
    expect(contextOf(ref)).toEqual(['1', '2', '3', '4', '5'])
  })

  test('stops to wait when it is told to, and keeps nobody behind it', async () => {
    const { world, ref } = await start('credit')
    const abort = new AbortController()
    const full = [ref.deliver(add('1')), ref.deliver(add('2'))]
    const taken = Promise.allSettled([ref.deliver(add('3'), { signal: abort.signal })])
    const last = ref.deliver(add('4'))
    abort.abort(new Error('changed my mind'))
    await world.during(Promise.all([...full, last]))
    expect(await taken).toMatchObject([{ status: 'rejected', reason: { message: 'changed my mind' } }])
    expect(contextOf(ref)).toEqual(['1', '2', '4'])
  })
  test('is not overtaken by one that comes when there is room again', async () => {
    const environment = new ManualEnvironment()
    const store = await openDurableStore({ log: createMemoryEventLog(), environment })
    const owner = store.activate('a', { name: 'a', version: 1, inboxBound: 1, atBound: 'credit' })
    owner.commit(owner.beginTurn(), { state: 0 })
    const handleOne = (): unknown => {
      const [first] = owner.waiting()
      owner.commit(owner.beginTurn(), { state: 0, ...(first && { consumed: first.sequence }) })
      return first?.event['name']
    }
    const delivered = [store.deliver('a', add('1')), store.deliver('a', add('2'))]
    await environment.settle()
    const handled = [handleOne()]
    delivered.push(store.deliver('a', add('3')))
    for (let turn = 0; turn < 2; turn += 1) {
      await environment.settle()
      handled.push(handleOne())
    }
    await Promise.all([...delivered, environment.settle()])
    expect(handled).toEqual(['1', '2', '3'])
  })
})

describe('a durable actor that makes no room', () => {
  /** Puts all aside until it is told to go on. */
  const keeping = defineAgent({
    name: 'keeping',
    durable: true,
    restart: 'temporary',
    mailbox: { bound: BOUND, atBound: 'credit' },
    logic: fromTransition((names: readonly string[], event: Event, { self }) => {
      if (event.type === 'fail') throw new Error('told to fail')
      if (event.type === 'go on') unstashAll(self)
      else if (names.length === 0) {
        stash(self, event)
        return names
      }
      return [...names, event.name ?? event.type]
    }, []),
  })

  async function startFull(): Promise<{ world: DurableSystem; ref: ActorRef; waiting: Promise<unknown> }> {
    const world = new DurableSystem()
    const ref = world.spawn(keeping, 'a')
    await world.during(Promise.all([ref.deliver(add('1')), ref.deliver(add('2'))]))
    const waiting = Promise.allSettled([ref.deliver(add('3'))])
    await world.settle()
    return { world, ref, waiting }
  }

  test('lets deliveries wait until it does', async () => {
    const { world, ref, waiting } = await startFull()
    const first = await Promise.race([waiting.then(() => 'stored'), world.settle().then(() => 'waits')])
    expect(first).toBe('waits')
    ref.send({ type: 'go on' })
    await world.settle()
    expect([await waiting, contextOf(ref)]).toMatchObject([[{ status: 'fulfilled' }], ['go on', '1', '2', '3']])
  })

  test.each([
    ['the actor fails', async ({ ref }: { ref: ActorRef }) => void ref.send({ type: 'fail' }), 'ACTOR_MAILBOX_FULL'],
    ['the actor is stopped', async ({ ref }: { ref: ActorRef }) => await ref.stop(), 'ACTOR_MAILBOX_FULL'],
    [
      'the actor is removed',
      async ({ world }: { world: DurableSystem }) => await world.durable.remove('a'),
      'ACTOR_NOT_STORED',
    ],
    [
      'the system is stopped',
      async ({ world }: { world: DurableSystem }) => await world.system.stop(),
      'STORE_NOT_OPEN',
    ],
  ])('does not keep deliveries waiting when %s', async (_name, end, code) => {
    const { world, ref, waiting } = await startFull()
    await world.during(end({ world, ref }))
    expect(await waiting).toMatchObject([{ status: 'rejected', reason: { code } }])
  })
})

describe('a message that is sent to a durable actor whose mailbox is full', () => {
  test('takes the place of the oldest that is not stored with the policy drop-oldest', async () => {
    const { world, ref } = await start('drop-oldest')
    const stored = ref.deliver(add('stored'))
    expect([ref.send(add('1')), ref.send(add('2'))]).toEqual([true, true])
    await world.during(stored)
    expect([contextOf(ref), lettersOf(world)]).toEqual([['stored', '2'], [['1', 'dropped']]])
  })

  test('is refused where all that wait were acknowledged', async () => {
    const { world, ref } = await start('drop-oldest')
    const stored = [ref.deliver(add('1')), ref.deliver(add('2'))]
    expect(ref.send(add('3'))).toBe(false)
    await world.during(Promise.all(stored))
    expect([contextOf(ref), lettersOf(world)]).toEqual([['1', '2'], [['3', 'mailbox-full']]])
  })
})

describe('a message that drops nothing, because all that wait are stored,', () => {
  test('is refused without looking at them, also when some of them were handled or came back', async () => {
    const world = new DurableSystem()
    let failures = 1
    const failing = defineAgent({
      name: 'failing',
      durable: true,
      mailbox: { bound: 1_000, atBound: 'drop-oldest' },
      restart: { redeliveries: 1 },
      logic: fromTransition((count: number) => {
        failures -= 1
        if (failures === 0) throw new Error('told to fail')
        return count + 1
      }, 0),
    })
    const ref = world.spawn(failing, 'a')
    await world.settle()
    const fill = (count: number): readonly Promise<void>[] =>
      Array.from({ length: count }, async () => await ref.deliver({ type: 'add' }))
    const delivered = [...fill(1_000)]
    const looks = vi.spyOn(EventRing.prototype, 'shift')
    expect(Array.from({ length: 5 }, () => ref.send({ type: 'no' }))).toEqual(Array(5).fill(false))
    expect(looks).not.toHaveBeenCalled()
    looks.mockRestore()
    await world.during(Promise.all(delivered))
    expect(contextOf(ref)).toBe(1_000)
    const stored = fill(999)
    expect([ref.send({ type: 'dropped' }), ref.send({ type: 'kept' }), ref.send({ type: 'kept' })]).toEqual([
      true,
      true,
      true,
    ])
    await world.during(Promise.all(stored))
    expect(contextOf(ref)).toBe(2_000)
  })
})

describe('what a durable actor sends to another one whose inbox is full', () => {
  test.each([
    ['refuse', [true, true, false, false], ['1', '2']],
    ['drop-newest', [true, true, true, true], ['1', '2']],
    ['drop-oldest', [true, true, false, false], ['1', '2']],
    ['credit', [true, true, true, true, false], ['1', '2', '3', '4']],
  ] as const)('follows the policy %s', async (policy, told, names) => {
    const { world, ref } = await start(policy)
    const from = world.spawn(sender, 's')
    await world.during(from.deliver({ type: 'send', to: ref, count: told.length }))
    expect([contextOf(from), contextOf(ref)]).toEqual([told, names])
    from.send({ type: 'send', to: ref, count: 1 })
    await world.settle()
    expect(contextOf(ref)).toEqual([...names, '1'])
  })

  test('is refused by one that is not durable, also with the policy credit: it leaves outside any turn', async () => {
    const world = new DurableSystem()
    const volatile = defineAgent({ name: 'volatile', mailbox: { bound: BOUND, atBound: 'credit' }, logic })
    const ref = world.spawn(volatile, 'v')
    const from = world.spawn(sender, 's')
    await world.during(from.deliver({ type: 'send', to: ref, count: 3 }))
    expect([contextOf(from), contextOf(ref)]).toEqual([
      [true, true, true],
      ['1', '2'],
    ])
    expect(lettersOf(world)).toEqual([['3', 'mailbox-full']])
  })

  test('does not make two wait for each other for ever', async () => {
    const world = new DurableSystem()
    const one = world.spawn(sender, 'one')
    const other = world.spawn(sender, 'other')
    await world.settle()
    const delivered = [
      one.deliver({ type: 'send', to: other, count: 3 }),
      other.deliver({ type: 'send', to: one, count: 3 }),
    ]
    await world.during(Promise.all(delivered))
    expect([contextOf(one), contextOf(other)]).toEqual([
      [true, true, true],
      [true, true, false],
    ])
    expect(await world.during(world.durable.list())).toMatchObject([{ waiting: 0 }, { waiting: 0 }])
  })

  test('waits for nobody when the turn comes to nothing', async () => {
    const { world, ref } = await start('credit')
    const failing = defineAgent({
      name: 'failing',
      durable: true,
      logic: fromTransition((handled: number, { type }: Event) => {
        if (type !== 'fail') return handled + 1
        for (let sent = 0; sent < BOUND + 1; sent += 1) ref.send(add('never'))
        throw new Error('told to fail')
      }, 0),
    })
    const from = world.spawn(failing, 's')
    await world.during(Promise.all([from.deliver({ type: 'fail' }), from.deliver({ type: 'go on' })]))
    expect([contextOf(from), contextOf(ref)]).toEqual([1, []])
  })
})
