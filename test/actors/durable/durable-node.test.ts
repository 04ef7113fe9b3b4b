import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromTransition } from 'xstate'
import { createActorSystem, defineAgent, durableActions, durableActors } from '../../../src/node/actors/index.ts'
import type { ActorSystem } from '../../../src/node/actors/index.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-durable-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

type Event = { readonly type: string; readonly by?: number; readonly replyTo?: { send(event: object): unknown } }
const counter = defineAgent({
  name: 'counter',
  durable: true,
  logic: fromTransition((count: number, event: Event, { self }) => {
    if (event.type === 'pay') durableActions(self).effect('pay', { amount: 5n })
    const next = count + (event.by ?? 0)
    event.replyTo?.send({ type: 'count', next })
    return next
  }, 0),
})

async function within<Value>(name: string, work: (system: ActorSystem) => Promise<Value>, threads = 0): Promise<Value> {
  const system = createActorSystem({ dataDir: join(folder, name), threads })
  try {
    return await work(system)
  } finally {
    await system.stop()
  }
}

test.each([0, 1])('a durable actor lives on in a data directory (%i threads)', { timeout: 30_000 }, async (threads) => {
  const name = `threads-${threads}`
  await within(
    name,
    async (system) => {
      const ref = system.spawn(counter, { id: 'a' })
      await ref.deliver({ type: 'add', by: 2 }, { key: 'k' })
      expect(await ref.ask({ type: 'add', by: 3 })).toEqual({ type: 'count', next: 5 })
    },
    threads,
  )
  const paid: unknown[] = []
  await within(
    name,
    async (system) => {
      durableActors(system).registerEffect('pay', (input, { key }) => void paid.push([input, key]))
      const ref = system.spawn(counter, { id: 'a' })
      await ref.deliver({ type: 'add', by: 2 }, { key: 'k' })
      await ref.deliver({ type: 'pay' })
      expect(await ref.ask({ type: 'read' })).toEqual({ type: 'count', next: 5 })
      expect(await durableActors(system).list()).toMatchObject([{ id: 'a', agent: 'counter', version: 1 }])
    },
    threads,
  )
  expect(paid).toEqual([[{ amount: 5n }, 'a/1/0']])
})

test('a second system on the same data directory gets a code', async () => {
  await within('locked', async (first) => {
    await first.ready
    const second = createActorSystem({ dataDir: join(folder, 'locked') })
    const ended: unknown[] = []
    second
      .spawn(counter, { id: 'a' })
      .watch(({ reason, error }) => void ended.push([reason, (error as { code?: string }).code]))
    await expect(second.ready).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    await second.stop()
    expect(ended).toEqual([['failed', 'STORE_LOCKED']])
    const ref = first.spawn(counter, { id: 'a' })
    await ref.deliver({ type: 'add', by: 1 })
  })
  await within('locked', async (again) => {
    expect(await again.spawn(counter, { id: 'a' }).ask({ type: 'read' })).toEqual({ type: 'count', next: 1 })
  })
})

test('an exported actor moves to another data directory', async () => {
  const lines = await within('from', async (system) => {
    await system.spawn(counter, { id: 'a' }).deliver({ type: 'add', by: 9 })
    return await durableActors(system).exportActor('a')
  })
  await within('to', async (system) => {
    expect(await durableActors(system).importActor(lines)).toBe('a')
    expect(await system.spawn(counter, { id: 'a' }).ask({ type: 'read' })).toEqual({ type: 'count', next: 9 })
  })
})
