import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import type {
  AgentTaskHead,
  AgentTaskName,
  AgentTaskRecord,
  SharedAgentTaskStore,
} from '../../../src/ports/agent-task-store.ts'
import { createPostgresAgentTasks } from '../../../src/storage/postgres/agent-tasks/postgres-agent-task-store.ts'
import { createPostgresClaims, type SharedClaims } from '../../../src/storage/postgres/claims/postgres-claims.ts'
import type { PostgresConnection } from '../../../src/storage/postgres/postgres-connection.ts'
import { type ChangeFeed, createChangeFeed } from '../../../src/storage/postgres/store-change-feed.ts'
import { AGENT_TASK_STORE_CASES } from '../../../src/testing/conformance/agent-task-cases.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { PostgresCluster, whyNoPostgres } from './postgres-cluster.ts'
import { PostgresSchemas } from './postgres-schemas.ts'

const reason = whyNoPostgres()
let cluster: PostgresCluster
let proxy: CuttingProxy
let schemas: PostgresSchemas
const feeds: ChangeFeed[] = []
const claims: SharedClaims[] = []
let members = 0

beforeAll(async () => {
  if (reason !== undefined) return
  cluster = await PostgresCluster.start()
  proxy = await CuttingProxy.start(cluster.port)
  schemas = new PostgresSchemas(() => cluster.url)
}, 60_000)
afterEach(async () => {
  if (reason !== undefined) return
  proxy.isRefusing = false
  for (const one of claims.splice(0)) one.stop()
  for (const feed of feeds.splice(0)) await feed.stop()
  await schemas.closeAll()
})
afterAll(async () => {
  if (reason !== undefined) return
  await proxy.close()
  await cluster.remove()
})

type Member = { readonly store: SharedAgentTaskStore; readonly claims: SharedClaims; readonly origin: string }

async function join(connection: PostgresConnection, leaseMs = 60_000): Promise<Member> {
  members += 1
  const origin = `m${members}`
  const feed = createChangeFeed(connection, { origin })
  feeds.push(feed)
  await feed.start()
  const own = createPostgresClaims(connection, { owner: origin, leaseMs })
  claims.push(own)
  const components = { connection, changes: feed, claims: own, random: createSystemRandom() }
  return { store: createPostgresAgentTasks(components, { origin }), claims: own, origin }
}

/** A member behind a proxy, and one that is not. */
async function joinTwo(leaseMs?: number): Promise<readonly [Member, Member]> {
  const near = await schemas.open()
  const url = `postgresql://postgres@127.0.0.1:${proxy.port}/postgres`
  const far = await schemas.connect({ url, schema: schemas.last })
  return [await join(far, leaseMs), await join(near, leaseMs)]
}

/** It gives no more signs, and its lease is over. */
async function die({ claims: own, origin }: Member): Promise<void> {
  own.stop()
  await cluster.query(`UPDATE ${schemas.last}.claim SET lease_until = '-infinity' WHERE owner LIKE '${origin}-%'`)
}

const BOUNDS = { countMax: 9, oldest: '2020-01-01T00:00:00.000Z' }
const PHASES = { 2: 'running', 3: 'ended', 5: 'ended', 6: 'waiting' } as const

function record(id: string, state: keyof typeof PHASES = 2, text = id): AgentTaskRecord {
  const timestamp = '2026-01-01T00:00:01.000Z'
  const head: AgentTaskHead = { id, contextId: 'c', state, phase: PHASES[state], timestamp }
  return { head, bytes: new TextEncoder().encode(text) }
}

async function shown({ store }: Member, id: string): Promise<readonly unknown[]> {
  const found = await store.get({ owner: 'acme', id })
  return found === undefined ? [] : [found.standing, new TextDecoder().decode(found.bytes)]
}

const A: AgentTaskName = { owner: 'acme', id: 'a' }
const SOON = { timeout: 10_000, interval: 10 }

describe.skipIf(reason !== undefined)('AgentTaskStore: PostgreSQL', () => {
  test.each(AGENT_TASK_STORE_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const connection = await schemas.open()
    const first = await join(connection)
    await item.run({
      store: first.store,
      afterDeath: async () => {
        await die(first)
        return (await join(connection)).store
      },
    })
  })
})

describe.skipIf(reason !== undefined)('tasks of gateways on one PostgreSQL', () => {
  test('one writes what it holds and nobody else, and each sees what the others stored', async () => {
    const [one, two] = await joinTwo()
    await one.store.add('acme', record('a'), BOUNDS)
    expect(await shown(two, 'a')).toEqual(['elsewhere', 'a'])
    expect(await two.store.write('acme', record('a', 5, 'no'), { isKept: false })).toBe(false)
    expect(await two.store.hold(A)).toBe(false)
    expect(await two.store.adopt()).toEqual([])
    await one.store.write('acme', record('a', 6, 'asks'), { isKept: false })
    expect(await two.store.hold(A)).toBe(true)
    expect([await one.store.hold(A), await one.store.write('acme', record('a', 2), { isKept: true })]).toEqual([
      false,
      false,
    ])
    expect(await shown(one, 'a')).toEqual(['elsewhere', 'asks'])
  })

  test('the bound of an owner is that of all gateways together', async () => {
    const [one, two] = await joinTwo()
    const adding = Array.from({ length: 16 }, async (_, place) => {
      const { store } = place % 2 === 0 ? one : two
      return await store.add('acme', record(`t${place}`), { ...BOUNDS, countMax: 5 })
    })
    const kinds = (await Promise.all(adding)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'added')).toHaveLength(5)
    expect(await one.store.hasRoom('acme', { ...BOUNDS, countMax: 5 })).toBe(false)
    expect(await one.store.list('acme', { limit: 99 })).toMatchObject({ total: 5 })
  })

  test('of many that take over what a dead one held each task is one’s alone', async () => {
    const [one, two] = await joinTwo()
    const three = await join(await schemas.connect({ schema: schemas.last }))
    const ids = Array.from({ length: 40 }, (_, place) => `t${place}`)
    for (const id of ids) await one.store.add('acme', record(id), { ...BOUNDS, countMax: 99 })
    await Promise.all([two.store.adopt(), three.store.adopt()])
    await die(one)
    // Those who take over are alive again.
    const rounds = await Promise.all([two, three, two, three].map(async ({ store }) => await store.adopt()))
    expect(
      rounds
        .flat()
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(ids.toSorted())
    // One that was only asleep writes nothing any more.
    expect(await one.store.write('acme', record('t0', 3), { isKept: false })).toBe(false)
  })

  test('no change is lost where many take turns at the same tasks, and one is taken for dead while it goes on', async () => {
    const [one, two] = await joinTwo()
    const three = await join(await schemas.connect({ schema: schemas.last }))
    const ids = ['a', 'b', 'c', 'd']
    for (const id of ids) {
      await two.store.add('acme', record(id), BOUNDS)
      await two.store.write('acme', record(id, 6, '0'), { isKept: false })
    }
    let written = 0
    const work = async (member: Member, turns: number): Promise<void> => {
      for (let turn = 0; turn < turns; turn += 1) {
        const id = ids[turn % ids.length] ?? ''
        if (member !== one)
          for (const { id: adopted } of await member.store.adopt())
            await member.store.letGo({ owner: 'acme', id: adopted })
        if (!(await member.store.hold({ owner: 'acme', id }))) continue
        const [, count] = await shown(member, id)
        if (await member.store.write('acme', record(id, 6, String(Number(count) + 1)), { isKept: false })) written += 1
      }
    }
    const working = [work(one, 60), work(one, 60), work(two, 60), work(three, 60), work(three, 60)]
    await expect.poll(() => written, { timeout: 10_000, interval: 1 }).toBeGreaterThan(20)
    await die(one)
    await Promise.all(working)
    const counts = await Promise.all(ids.map(async (id) => Number((await shown(two, id))[1])))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(written)
  })

  test('one that somebody is taking over is left to that one, without waiting', async () => {
    const [one, two] = await joinTwo()
    const connection = await schemas.connect({ schema: schemas.last })
    await one.store.add('acme', record('a'), BOUNDS)
    await two.store.adopt()
    await die(one)
    await connection.use(async (client) => {
      await client.query('BEGIN')
      await client.query(`SELECT FROM ${connection.schema}.agent_task FOR UPDATE`)
      expect(await two.store.adopt()).toEqual([])
      await client.query('COMMIT')
    }, 'write')
    expect(await two.store.adopt()).toHaveLength(1)
  })

  test.each(['before', 'after'] as const)(
    'a write whose connection is cut %s the server has it is made once',
    async (cut) => {
      const [one, two] = await joinTwo()
      const cutNext = (): void => proxy.cutAt(1, cut, /agent_task|agent-task/)
      cutNext()
      expect(await one.store.add('acme', record('a'), BOUNDS)).toEqual({ kind: 'added', gone: [] })
      cutNext()
      expect(await one.store.write('acme', record('a', 6, 'asks'), { isKept: false })).toBe(true)
      cutNext()
      expect(await one.store.hold(A)).toBe(true)
      cutNext()
      await one.store.letGo(A)
      cutNext()
      await one.store.editNotes(A, () => Uint8Array.of(1))
      expect([proxy.cuts > 0, await shown(two, 'a'), await two.store.notesOf(A)]).toEqual([
        true,
        ['free', 'asks'],
        Uint8Array.of(1),
      ])
      await two.store.hold(A)
      await die(two)
      cutNext()
      expect(await one.store.adopt()).toHaveLength(1)
      expect(await one.store.write('acme', record('a', 3, 'end'), { isKept: false })).toBe(true)
    },
  )

  test('a wish to cancel reaches who has the task, and its answer whoever asked', async () => {
    const [one, two] = await joinTwo()
    const heard: string[] = []
    one.store.watch((names) => heard.push(...(names ?? []).map(({ owner, id }) => `${owner}/${id}`)))
    await one.store.add('acme', record('a'), BOUNDS)
    expect(await one.store.askCancel(A)).toBeUndefined()
    const wish = await two.store.askCancel(A)
    expect(wish).toBe(1)
    await expect.poll(() => heard, SOON).toContain('acme/a')
    expect(await one.store.look(A)).toMatchObject({ isOwn: true, isAlive: true, wishes: 1, answered: 0 })
    await one.store.refuseCancel(A, { wish: 1, text: 'too late\0' })
    expect(await two.store.look(A)).toMatchObject({ isOwn: false, answered: 1, refusal: 'too late' })
    await one.store.write('acme', record('a', 3), { isKept: false })
    expect([await two.store.askCancel(A), await two.store.askCancel({ ...A, id: 'b' })]).toEqual([undefined, undefined])
    expect(await two.store.look({ owner: 'other', id: 'a' })).toBeUndefined()
  })

  test('one that cannot be heard of is told before another one may take over', async () => {
    const [one, two] = await joinTwo(1_000)
    await one.store.add('acme', record('a'), BOUNDS)
    const lost = new Promise<unknown>((resolve) => void one.store.onLost(resolve))
    proxy.isRefusing = true
    proxy.cutAll()
    const taken = (async (): Promise<string> => {
      while ((await two.store.adopt()).length === 0) await new Promise((resolve) => setImmediate(resolve))
      return 'taken'
    })()
    expect(await Promise.race([lost, taken])).toMatchObject({ code: 'STORE_LOCKED' })
    expect(await taken).toBe('taken')
    proxy.isRefusing = false
    expect(await one.store.write('acme', record('a', 3), { isKept: false })).toBe(false)
    // It goes on under another name.
    expect((await one.store.add('acme', record('b'), BOUNDS)).kind).toBe('added')
    expect(await shown(two, 'b')).toEqual(['elsewhere', 'b'])
  })

  test('what is closed is there for others at once', async () => {
    const [one, two] = await joinTwo()
    await one.store.add('acme', record('a'), BOUNDS)
    await one.store.close()
    expect(await two.store.adopt(A)).toHaveLength(1)
    await expect(one.store.add('acme', record('b'), BOUNDS)).rejects.toMatchObject({ code: 'STORE_NOT_OPEN' })
  })

  test('many are erased in parts, and each is told of as erased', async () => {
    const [one, two] = await joinTwo()
    await cluster.query(
      `INSERT INTO ${schemas.last}.agent_task (owner, id, context, state, phase, at, worker, is_held, last_write, body)
        SELECT CASE WHEN n % 2 = 0 THEN 'acme' ELSE 'other' END, 't' || n, '', 3, 'ended', '2026-01-01T00:00:00.000Z', '', false, '', '' FROM generate_series(1, 20002) AS n`,
    )
    await two.store.add('acme', record('a'), { ...BOUNDS, countMax: 99_999 })
    const erased = await one.store.erase({ kind: 'tenant', tenant: 'acme' })
    expect([erased.length, new Set(erased.map(({ id }) => id)).size]).toEqual([10_002, 10_002])
    expect(await one.store.list('other', { limit: 1 })).toMatchObject({ total: 10_001 })
    expect(await two.store.write('acme', record('a', 3), { isKept: false })).toBe(false)
  })

  test('bytes that are not those that were written are refused', async () => {
    const [one] = await joinTwo()
    await one.store.add('acme', record('a'), BOUNDS)
    await one.store.editNotes(A, () => Uint8Array.of(1))
    await cluster.query(
      `UPDATE ${schemas.last}.agent_task SET body = 'x12345'; UPDATE ${schemas.last}.agent_task_note SET body = ''`,
    )
    await expect(one.store.get(A)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
    await expect(one.store.notesOf(A)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
    // It keeps nobody from taking over the others.
    await one.store.add('acme', record('b'), BOUNDS)
    await die(one)
    const next = await join(await schemas.connect({ schema: schemas.last }))
    expect((await next.store.adopt()).map(({ id }) => id)).toEqual(['b'])
    expect(await next.store.erase({ kind: 'tenant', tenant: 'acme' })).toHaveLength(2)
  })

  test('a server that does not answer is a coded error, and the writer goes on when it is back', async () => {
    const [one] = await joinTwo()
    await one.store.add('acme', record('a'), BOUNDS)
    proxy.isRefusing = true
    proxy.cutAll()
    await expect(one.store.write('acme', record('a', 3), { isKept: false })).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
    })
    proxy.isRefusing = false
    expect(await one.store.write('acme', record('a', 3, 'end'), { isKept: false })).toBe(true)
    expect(await shown(one, 'a')).toEqual(['free', 'end'])
  }, 20_000)
})
