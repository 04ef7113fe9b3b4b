import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { migrateSchema, openSchema, SCHEMA_VERSION } from '../../../src/storage/postgres/migrate-schema.ts'
import { PostgresConnection, type PostgresInit } from '../../../src/storage/postgres/postgres-connection.ts'
import { postgresErrorOf } from '../../../src/storage/postgres/postgres-errors.ts'
import { openPostgresEventLog } from '../../../src/storage/postgres/postgres-event-log.ts'
import { createPostgresKeyValueStore } from '../../../src/storage/postgres/postgres-key-value-store.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { PostgresCluster, whyNoPostgres } from './postgres-cluster.ts'

const SECRET = 'hunter2-%-secret'
const reason = whyNoPostgres()
let cluster: PostgresCluster
let proxy: CuttingProxy
const connections: PostgresConnection[] = []
let schemas = 0

beforeAll(async () => {
  if (reason !== undefined) return
  cluster = await PostgresCluster.start()
  proxy = await CuttingProxy.start(cluster.port)
}, 60_000)
afterEach(async () => {
  if (reason !== undefined) return
  proxy.isRefusing = false
  for (const connection of connections.splice(0)) await connection.close()
})
afterAll(async () => {
  if (reason !== undefined) return
  await proxy.close()
  await cluster.remove()
})

async function connect(init: Partial<PostgresInit> = {}): Promise<PostgresConnection> {
  if (init.schema === undefined) schemas += 1
  const connection = await PostgresConnection.create(
    { timers: createSystemTimers(), clock: createSystemClock() },
    { url: cluster.url, schema: `s${schemas}`, ...init },
  )
  connections.push(connection)
  return connection
}

const throughProxy = (): string => `postgresql://postgres@127.0.0.1:${proxy.port}/postgres`

async function failureOf(work: () => Promise<unknown>): Promise<CodedError> {
  const error = await work().then(
    () => new Error('it did not fail'),
    (failure: unknown) => failure,
  )
  if (!CodedError.is(error)) throw error
  return error
}

async function payloadsOf(log: EventLog): Promise<string[]> {
  const found: string[] = []
  for await (const { payload } of log.read(log.snapshot?.nextIndex ?? 0)) found.push(new TextDecoder().decode(payload))
  return found
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.skipIf(reason !== undefined)('opening a store in PostgreSQL', () => {
  test('a server that is not there is unreachable, and the message holds no password', async () => {
    const url = `postgresql://someone:${encodeURIComponent(SECRET)}@127.0.0.1:1/db?sslmode=disable&password=${SECRET}`
    const error = await failureOf(async () => await openSchema(await connect({ url })))
    expect(error.code).toBe('STORE_UNREACHABLE')
    expect(JSON.stringify([error.message, error.details, error.stack])).not.toContain('hunter2')
    expect(error.message).toContain('127.0.0.1:1/db')
  })

  test('a wrong password, user or database is refused with a code of its own, without the password', async () => {
    await cluster.query(`CREATE ROLE gateway LOGIN PASSWORD 'right'`)
    const url = `postgresql://gateway@127.0.0.1:${cluster.port}/postgres`
    const wrong = await failureOf(async () => await openSchema(await connect({ url, password: SECRET })))
    expect([wrong.code, wrong.details['serverCode']]).toEqual(['STORE_AUTH_FAILED', '28P01'])
    expect(JSON.stringify([wrong.message, wrong.details])).not.toContain('hunter2')
    const nowhere = await failureOf(
      async () => await openSchema(await connect({ url: cluster.url.replace(/postgres$/, 'nowhere') })),
    )
    expect(nowhere.code).toBe('STORE_AUTH_FAILED')
  })

  test('passwords with every kind of character are handed on as they are', async () => {
    await cluster.query(`CREATE ROLE odd LOGIN PASSWORD '${SECRET}/@:?#[]&=+ é'`)
    const connection = await connect({
      url: `postgresql://odd@127.0.0.1:${cluster.port}/postgres`,
      password: `${SECRET}/@:?#[]&=+ é`,
    })
    const { rows } = await connection.run({ text: 'SELECT current_user AS me' }, { action: 'read', isRepeatable: true })
    expect(rows).toEqual([{ me: 'odd' }])
  })

  test('a user without rights is told so; the owner of the schema needs none on the database', async () => {
    await cluster.query(`CREATE ROLE small LOGIN PASSWORD 'p'`)
    const init = { url: `postgresql://small@127.0.0.1:${cluster.port}/postgres`, password: 'p', schema: 'small_one' }
    const error = await failureOf(async () => await openSchema(await connect(init)))
    expect([error.code, typeof error.details['remedy']]).toEqual(['STORE_PERMISSIONS', 'string'])
    await cluster.query('CREATE SCHEMA small_one AUTHORIZATION small')
    const connection = await connect(init)
    await openSchema(connection)
    const store = createPostgresKeyValueStore(connection, { origin: 'a' })
    await store.put('k', bytes('v'))
    await store.compact()
    expect(await store.get('k')).toEqual(bytes('v'))
  })

  test('ten nodes that start at once make the schema once', async () => {
    const first = await connect()
    const others = await Promise.all(Array.from({ length: 9 }, async () => await connect({ schema: `s${schemas}` })))
    const made = await Promise.all([first, ...others].map(async (connection) => await migrateSchema(connection)))
    expect(made.filter(({ effect }) => effect === 'migrated')).toEqual([
      { effect: 'migrated', from: 0, to: SCHEMA_VERSION },
    ])
  })

  test('nodes that have seen that there is no schema, and then wait for the one that makes it, find it', async () => {
    const first = await connect()
    const others = await Promise.all(Array.from({ length: 9 }, async () => await connect({ schema: `s${schemas}` })))
    await Promise.all([first, ...others].map(async (connection) => await openSchema(connection)))
  })

  test('a schema of a later version is refused untouched, an older one is left to migrate', async () => {
    const connection = await connect()
    await openSchema(connection)
    await cluster.query(`INSERT INTO ${connection.schema}.migration (version) VALUES ($1)`, [SCHEMA_VERSION + 1])
    for (const open of [openSchema, migrateSchema]) {
      const error = await failureOf(async () => void (await open(connection)))
      expect([error.code, error.details['found']]).toEqual(['STORE_FORMAT_NEWER', SCHEMA_VERSION + 1])
    }
    await cluster.query(`DELETE FROM ${connection.schema}.migration`)
    const older = await failureOf(async () => await openSchema(connection))
    expect(older.code).toBe('STORE_FORMAT_OLDER')
  })

  test('names of schemas and addresses that are none are misuse', async () => {
    for (const schema of ['', 'A', '1a', 'a"b', 'a b', 'x'.repeat(41)])
      await expect(connect({ schema })).rejects.toBeInstanceOf(TypeError)
    await expect(connect({ url: 'mysql://a/b' })).rejects.toBeInstanceOf(TypeError)
  })

  test('what a server says of a statement is told by its code alone', () => {
    const said = Object.assign(new Error('duplicate key (name)=(secret words)'), { code: '23505' })
    const error = postgresErrorOf(said, { action: 'write', place: 'h/d' })
    expect([error.code, error.message.includes('secret'), error.cause]).toEqual([
      'STORE_WRITE_FAILED',
      false,
      undefined,
    ])
  })
})

describe.skipIf(reason !== undefined)('a store in PostgreSQL whose connection breaks', () => {
  test.each(['before', 'after'] as const)(
    'a batch whose connection is cut %s the server has it is whole',
    async (cut) => {
      const connection = await connect({ url: throughProxy() })
      await openSchema(connection)
      const store = createPostgresKeyValueStore(connection, { origin: 'a' })
      await store.put('a', bytes('0'))
      for (let place = 1; place <= 4; place += 1) {
        proxy.cutAt(place, cut)
        await store.batch([
          { type: 'put', key: 'a', value: bytes(String(place)) },
          { type: 'put', key: `b${place}`, value: bytes('x') },
        ])
        proxy.cutAll()
        expect(await store.getMany(['a', `b${place}`])).toEqual([bytes(String(place)), bytes('x')])
      }
      expect(proxy.cuts).toBeGreaterThan(0)
    },
  )

  test('appends that are cut at each statement are kept once each, in order', async () => {
    const connection = await connect({ url: throughProxy() })
    await openSchema(connection)
    const log = await openPostgresEventLog(connection, { name: 'log', owner: 'a' })
    const wanted: string[] = []
    for (let round = 0; round < 20; round += 1) {
      proxy.cutAt(1 + (round % 3), round % 2 === 0 ? 'before' : 'after')
      const names = [`${round}-a`, `${round}-b`]
      wanted.push(...names)
      await Promise.all(names.map(async (name) => await log.append([bytes(name)])))
    }
    proxy.cutAt(0, 'before')
    expect(await payloadsOf(log)).toEqual(wanted)
    expect(log.nextIndex).toBe(40)
    await log.close()
  })

  test('a server that restarts is waited for, and one that stays away is unreachable; the store goes on once it is back', async () => {
    const connection = await connect()
    await openSchema(connection)
    const store = createPostgresKeyValueStore(connection, { origin: 'a' })
    await store.put('a', bytes('1'))
    await cluster.stopServer('immediate')
    const waiting = store.put('a', bytes('2'))
    await cluster.startServer()
    await waiting
    expect(await store.get('a')).toEqual(bytes('2'))
    await cluster.stopServer('fast')
    try {
      const error = await failureOf(async () => await store.put('a', bytes('3')))
      expect([error.code, error.isRetryable]).toEqual(['STORE_UNREACHABLE', true])
    } finally {
      await cluster.startServer()
    }
    await store.put('a', bytes('4'))
    expect(await store.get('a')).toEqual(bytes('4'))
  }, 30_000)

  test('an iteration whose connection breaks fails, and never ends as if it were whole', async () => {
    const connection = await connect({ url: throughProxy() })
    await openSchema(connection)
    const store = createPostgresKeyValueStore(connection, { origin: 'a' })
    const keys = Array.from({ length: 1_000 }, (_, place) => `k${place}`)
    await store.batch(keys.map((key) => ({ type: 'put', key, value: bytes('v') })))
    let seen = 0
    const error = await failureOf(async () => {
      for await (const { key } of store.iterate()) {
        if (key !== '') seen += 1
        if (seen === 1) proxy.cutAll()
      }
    })
    expect(error.code).toBe('STORE_UNREACHABLE')
    expect(seen).toBeLessThan(1_000)
  })

  test('a statement that takes too long is ended with a code, and the store goes on', async () => {
    const connection = await connect({ statementTimeoutMs: 300 })
    await openSchema(connection)
    const store = createPostgresKeyValueStore(connection, { origin: 'a' })
    const other = await connect({ schema: `s${schemas}` })
    await other.use(async (client) => {
      await client.query('BEGIN')
      await client.query(`LOCK TABLE ${connection.schema}.entry IN ACCESS EXCLUSIVE MODE`)
      const error = await failureOf(async () => await store.put('a', bytes('1')))
      expect([error.code, error.isRetryable]).toEqual(['STORE_TIMEOUT', true])
      await client.query('ROLLBACK')
    }, 'write')
    await store.put('a', bytes('2'))
    expect(await store.get('a')).toEqual(bytes('2'))
  })

  test('a disk that is full fails the write, and every later one until the store is opened again', async () => {
    const connection = await connect()
    await openSchema(connection)
    const store = createPostgresKeyValueStore(connection, { origin: 'a' })
    await cluster.query(
      `CREATE FUNCTION ${connection.schema}.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$`,
    )
    await cluster.query(
      `CREATE TRIGGER full_disk BEFORE INSERT ON ${connection.schema}.entry EXECUTE FUNCTION ${connection.schema}.full_disk()`,
    )
    expect((await failureOf(async () => await store.put('a', bytes('1')))).code).toBe('STORE_WRITE_FAILED')
    await cluster.query(`DROP TRIGGER full_disk ON ${connection.schema}.entry`)
    expect((await failureOf(async () => await store.put('a', bytes('1')))).code).toBe('STORE_WRITE_FAILED')
    await createPostgresKeyValueStore(connection, { origin: 'b' }).put('a', bytes('1'))
  })

  test('a damaged value is found by its checksum, and an iteration may leave it out', async () => {
    const connection = await connect()
    await openSchema(connection)
    const store = createPostgresKeyValueStore(connection, { origin: 'a' })
    await store.batch(['a', 'b'].map((key) => ({ type: 'put', key, value: bytes('v') })))
    await cluster.query(`UPDATE ${connection.schema}.entry SET value = '\\x00000000ff' WHERE head = 'a'`)
    expect((await failureOf(async () => await store.get('a'))).code).toBe('STORE_CORRUPTED')
    const damaged: string[] = []
    const found: string[] = []
    for await (const { key } of store.iterate({}, { onDamaged: (key) => void damaged.push(key) })) found.push(key)
    expect([damaged, found]).toEqual([['a'], ['b']])
  })
})

describe.skipIf(reason !== undefined)('the owner of a journal', () => {
  test('keeps others out while its lease lasts, and hands it over at once when it closes', async () => {
    const connection = await connect()
    await openSchema(connection)
    const log = await openPostgresEventLog(connection, { name: 'log', owner: 'first' })
    await log.append([bytes('1')])
    const error = await failureOf(async () => await openPostgresEventLog(connection, { name: 'log', owner: 'second' }))
    expect([error.code, error.details['owner']]).toEqual(['STORE_LOCKED', 'first'])
    await log.close()
    const next = await openPostgresEventLog(connection, { name: 'log', owner: 'second' })
    expect(await payloadsOf(next)).toEqual(['1'])
    await next.close()
  })

  test('that was paused past its lease writes nothing any more once another has the journal', async () => {
    const connection = await connect()
    await openSchema(connection)
    // It never renews by itself, as a paused process does not.
    const paused = await connect({ schema: `s${schemas}` })
    Object.assign(paused, { timers: { schedule: () => ({ cancel() {} }) } })
    const old = await openPostgresEventLog(paused, { name: 'log', owner: 'paused', leaseMs: 100 })
    await old.append([bytes('1')])
    await cluster.query('SELECT pg_sleep(0.15)')
    const next = await openPostgresEventLog(connection, { name: 'log', owner: 'next' })
    await next.append([bytes('2')])
    const error = await failureOf(async () => await old.append([bytes('late')]))
    expect([error.code, error.details['causeCode']]).toEqual(['STORE_WRITE_FAILED', 'STORE_LOCKED'])
    expect((await failureOf(async () => await old.append([bytes('later')]))).code).toBe('LOG_POISONED')
    await old.close()
    await next.append([bytes('3')])
    expect(await payloadsOf(next)).toEqual(['1', '2', '3'])
    expect(
      (await failureOf(async () => await openPostgresEventLog(connection, { name: 'log', owner: 'x' }))).code,
    ).toBe('STORE_LOCKED')
    await next.close()
  })

  test('a paused owner cannot compact either', async () => {
    const connection = await connect()
    await openSchema(connection)
    const paused = await connect({ schema: `s${schemas}` })
    Object.assign(paused, { timers: { schedule: () => ({ cancel() {} }) } })
    const old = await openPostgresEventLog(paused, { name: 'log', owner: 'paused', leaseMs: 100 })
    await old.append([bytes('1')])
    await cluster.query('SELECT pg_sleep(0.15)')
    const next = await openPostgresEventLog(connection, { name: 'log', owner: 'next' })
    expect((await failureOf(async () => await old.compact({ nextIndex: 1, payload: bytes('s') }))).code).toBe(
      'STORE_WRITE_FAILED',
    )
    expect(await payloadsOf(next)).toEqual(['1'])
    await next.close()
  })

  test('a reading goes on over a compaction, and what it replaced is gone afterwards', async () => {
    const connection = await connect()
    await openSchema(connection)
    const log = await openPostgresEventLog(connection, { name: 'log', owner: 'a' })
    await log.append(Array.from({ length: 600 }, (_, place) => bytes(String(place))))
    const reading = log.read(0)
    await log.compact({ nextIndex: 600, payload: bytes('s') })
    let seen = 0
    for await (const { index } of reading) seen += Number(index >= 0)
    expect(seen).toBe(600)
    await log.close()
    const count = await cluster.query<{ total: string }>(
      `SELECT count(*) AS total FROM ${connection.schema}.log_record`,
    )
    expect(count).toEqual([{ total: '0' }])
  })

  test('a journal that lacks a record, or holds a damaged one, is corrupted', async () => {
    const connection = await connect()
    await openSchema(connection)
    const log = await openPostgresEventLog(connection, { name: 'log', owner: 'a' })
    await log.append([bytes('1'), bytes('2')])
    await cluster.query(`UPDATE ${connection.schema}.log_record SET payload = '\\x0102030405' WHERE index = 1`)
    expect((await failureOf(async () => await payloadsOf(log))).code).toBe('STORE_CORRUPTED')
    await log.close()
    await cluster.query(`DELETE FROM ${connection.schema}.log_record WHERE index = 0`)
    const error = await failureOf(async () => await openPostgresEventLog(connection, { name: 'log', owner: 'a' }))
    expect(error.code).toBe('STORE_CORRUPTED')
  })
})
