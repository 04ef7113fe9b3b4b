import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import { openSchema } from '../../../src/storage/postgres/migrate-schema.ts'
import { PostgresConnection } from '../../../src/storage/postgres/postgres-connection.ts'
import { openPostgresEventLog } from '../../../src/storage/postgres/postgres-event-log.ts'
import { createPostgresJournal } from '../../../src/storage/postgres/postgres-journal.ts'
import { createPostgresKeyValueStore } from '../../../src/storage/postgres/postgres-key-value-store.ts'
import { createPostgresRateStore } from '../../../src/storage/postgres/rates/postgres-rate-store.ts'
import { createChangeFeed } from '../../../src/storage/postgres/store-change-feed.ts'
import { EVENT_LOG_CASES } from '../../../src/testing/conformance/event-log-cases.ts'
import { KEY_VALUE_STORE_CASES } from '../../../src/testing/conformance/key-value-store-cases.ts'
import { createPostgresClaims, type SharedClaims } from '../../../src/storage/postgres/claims/postgres-claims.ts'
import { CLAIMS_CASES } from '../../../src/testing/conformance/claims-cases.ts'
import { RATE_STORE_CASES } from '../../../src/testing/conformance/rate-store-cases.ts'
import { SHARED_JOURNAL_CASES } from '../../../src/testing/conformance/shared-journal-cases.ts'
import { PostgresCluster, whyNoPostgres } from './postgres-cluster.ts'

const reason = whyNoPostgres()
let cluster: PostgresCluster
const connections: PostgresConnection[] = []
let schemas = 0

beforeAll(async () => {
  if (reason === undefined) cluster = await PostgresCluster.start()
}, 60_000)
afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.close()
})
afterAll(async () => {
  if (reason === undefined) await cluster.remove()
})

async function connect(): Promise<PostgresConnection> {
  schemas += 1
  const connection = await PostgresConnection.create(
    { timers: createSystemTimers(), clock: createSystemClock() },
    { url: cluster.url, schema: `s${schemas}` },
  )
  connections.push(connection)
  await openSchema(connection)
  return connection
}

describe.skipIf(reason !== undefined)('KeyValueStore: PostgreSQL', () => {
  test.each(KEY_VALUE_STORE_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const store = createPostgresKeyValueStore(await connect(), { origin: 'test' })
    await item.run(store)
    await store.close()
  })

  test('keys of the greatest length are told apart and ordered, whatever their bytes', async () => {
    const store = createPostgresKeyValueStore(await connect(), { origin: 'test' })
    // Three bytes each, in an order that no compression makes short.
    const filler = Array.from({ length: 1_020 }, (_, place) =>
      String.fromCodePoint(0x4e00 + ((place * 7_919) % 20_000)),
    ).join('')
    const keys = ['a', 'b', '\uffee', '😀'].map((end) => `${filler}${end}`)
    await store.batch(keys.toReversed().map((key, place) => ({ type: 'put', key, value: Uint8Array.of(place) })))
    const found: string[] = []
    for await (const { key } of store.iterate({ gt: keys[0] ?? '' })) found.push(key)
    expect(found).toEqual(keys.slice(1))
    expect(await store.get(keys[3] ?? '')).toEqual(Uint8Array.of(0))
    await store.delete(keys[1] ?? '')
    expect(await store.count()).toBe(3)
  })

  test('a long iteration is one view, in both directions, and gives its connection back when it is left', async () => {
    const store = createPostgresKeyValueStore(await connect(), { origin: 'test' })
    const keys = Array.from({ length: 1_000 }, (_, place) => `k${String(place).padStart(4, '0')}`)
    await store.batch(keys.map((key) => ({ type: 'put', key, value: new Uint8Array(10) })))
    const seen: string[] = []
    for await (const { key } of store.iterate({ reverse: true })) {
      if (seen.length === 0) await store.batch(keys.slice(0, 500).map((name) => ({ type: 'delete', key: name })))
      seen.push(key)
    }
    expect(seen).toEqual(keys.toReversed())
    for (let round = 0; round < 10; round += 1) for await (const { key } of store.iterate()) if (key !== '') break
    expect(await store.count()).toBe(500)
  })

  test('keys with control characters, NUL included, are keys', async () => {
    const store = createPostgresKeyValueStore(await connect(), { origin: 'test', announced: ['a'] })
    await store.put('a/\u0000\'"\\', Uint8Array.of(1))
    expect(await store.get('a/\u0000\'"\\')).toEqual(Uint8Array.of(1))
  })
})

describe.skipIf(reason !== undefined)('EventLog: PostgreSQL', () => {
  test.each(EVENT_LOG_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const log = await openPostgresEventLog(await connect(), { name: 'log', owner: 'test' })
    await item.run(log)
    await log.close()
  })
})

describe.skipIf(reason !== undefined)('SharedJournal: PostgreSQL', () => {
  test.each(SHARED_JOURNAL_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const connection = await connect()
    const changes = createChangeFeed(connection, { origin: 'test' })
    await item.run(
      createPostgresJournal({ connection, changes, random: createSystemRandom() }, { name: 'access', origin: 'test' }),
    )
  })
})

describe.skipIf(reason !== undefined)('RateStore: PostgreSQL', () => {
  test.each(RATE_STORE_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const connection = await connect()
    await item.run({ join: (member, leaseMs) => createPostgresRateStore(connection, { member, leaseMs }) })
  })
})

describe.skipIf(reason !== undefined)('Claims: PostgreSQL', () => {
  test.each(CLAIMS_CASES.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const connection = await connect()
    const all: SharedClaims[] = []
    try {
      await item.run({
        join: (owner, leaseMs) => {
          const claims = createPostgresClaims(connection, { owner, leaseMs })
          all.push(claims)
          return claims
        },
      })
    } finally {
      for (const claims of all) claims.stop()
    }
  })
})

test('every case of claims is run', () => {
  expect(CLAIMS_CASES.length).toBe(4)
})
