import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { PostgresConnection } from '../../../src/storage/postgres/postgres-connection.ts'
import { createPostgresClaims, type SharedClaims } from '../../../src/storage/postgres/claims/postgres-claims.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { PostgresCluster, whyNoPostgres } from './postgres-cluster.ts'
import { PostgresSchemas } from './postgres-schemas.ts'

const reason = whyNoPostgres()
let cluster: PostgresCluster
let proxy: CuttingProxy
let schemas: PostgresSchemas
const all: SharedClaims[] = []

beforeAll(async () => {
  if (reason !== undefined) return
  cluster = await PostgresCluster.start()
  proxy = await CuttingProxy.start(cluster.port)
  schemas = new PostgresSchemas(() => cluster.url)
}, 60_000)
afterEach(async () => {
  if (reason !== undefined) return
  proxy.isRefusing = false
  for (const claims of all.splice(0)) claims.stop()
  await schemas.closeAll()
})
afterAll(async () => {
  if (reason !== undefined) return
  await proxy.close()
  await cluster.remove()
})

function claimsOf(connection: PostgresConnection, owner: string, leaseMs = 15_000): SharedClaims {
  const claims = createPostgresClaims(connection, { owner, leaseMs })
  all.push(claims)
  return claims
}

async function openOne(leaseMs?: number): Promise<SharedClaims> {
  return claimsOf(await schemas.open(), 'one', leaseMs)
}

const SOON = { timeout: 10_000, interval: 20 }

describe.skipIf(reason !== undefined)('claims of processes on one PostgreSQL', () => {
  test('are given up before another one may take them, where the server is not heard of', async () => {
    const connection = await schemas.open()
    const url = `postgresql://postgres@127.0.0.1:${proxy.port}/postgres`
    const far = await schemas.connect({ url, schema: schemas.last })
    const [one, two] = [claimsOf(far, 'one', 1_000), claimsOf(connection, 'two', 1_000)]
    const claim = await one.take('a')
    const given = new Promise<string>((resolve) => claim?.lost.addEventListener('abort', () => resolve('given up')))
    proxy.isRefusing = true
    proxy.cutAll()
    const taken = (async (): Promise<string> => {
      while ((await two.take('a')) === undefined) await new Promise((resolve) => setImmediate(resolve))
      return 'taken'
    })()
    expect(await Promise.race([given, taken])).toBe('given up')
    expect([await given, await taken, claim?.lost.reason]).toMatchObject([
      'given up',
      'taken',
      { code: 'STORE_LOCKED' },
    ])
    proxy.isRefusing = false
    await claim?.release()
    expect(await two.isTaken('a')).toBe(true)
  })

  test('whose time was over unseen are lost when their process takes them again', async () => {
    const one = await openOne()
    const claim = await one.take('a')
    await cluster.query(`UPDATE ${schemas.last}.claim SET lease_until = '-infinity'`)
    const again = await one.take('a')
    expect([claim?.lost.aborted, again?.lost.aborted]).toEqual([true, false])
    await claim?.release()
    expect(await one.isTaken('a')).toBe(true)
  })

  test('that somebody took away are lost', async () => {
    const one = await openOne(1_000)
    const claim = await one.take('a')
    await cluster.query(`UPDATE ${schemas.last}.claim SET owner = 'somebody'`)
    await expect.poll(() => claim?.lost.aborted, SOON).toBe(true)
  })
})
