import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { whyNoPostgres } from '../../storage/postgres/postgres-cluster.ts'
import { askAdmin, chat } from '../admin/admin-client.ts'
import type { FleetGateway } from './fleet-gateways.ts'
import { keepFleet } from './keep-fleet.ts'

const reason = whyNoPostgres()
const fleet = keepFleet(reason)

/** Tenants with a key of the same name, which every gateway knows from its start. */
const keys = ['acme', 'other'].map((tenant) => ({
  id: tenant,
  sha256: createHash('sha256').update(tenant).digest('hex'),
  tenant,
}))

const start = async (): Promise<FleetGateway> =>
  await fleet().gateway({}, { telemetry: { consent: true, recordsMax: 1_000 }, keys })

async function requestsOf(gateway: FleetGateway, by = 'tenant'): Promise<Readonly<Record<string, number>>> {
  const told = await askAdmin(gateway, `GET /usage?by=${by}`)
  const rows = told.body['data'] as readonly Readonly<Record<string, unknown>>[]
  return Object.fromEntries(rows.map((row) => [String(row[by]), Number(row['requests'])]))
}

async function askMany(gateways: readonly FleetGateway[], key: string, times: number): Promise<void> {
  const asked = Array.from({ length: times }, () => gateways.map(async (gateway) => await chat(gateway, key)))
  const statuses = (await Promise.all(asked.flat())).map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set([200]))
}

describe.skipIf(reason !== undefined)('usage of gateways on one PostgreSQL', { timeout: 60_000 }, () => {
  test('is that of all, whichever is asked, and is there when one is started again', async () => {
    const [one, two] = [await start(), await start()]
    // Each goes on with what it has in memory after the other has written.
    for (let round = 0; round < 2; round += 1)
      for (const gateway of [one, two]) {
        await askMany([gateway], 'acme', 4)
        await requestsOf(gateway)
      }
    expect([await requestsOf(one), await requestsOf(two)]).toEqual([{ acme: 16 }, { acme: 16 }])
    await fleet().end()
    const again = await start()
    expect(await requestsOf(again)).toEqual({ acme: 16 })
    await askMany([again], 'acme', 1)
    expect(await requestsOf(again, 'kind')).toEqual({ task: 17 })
    expect(again.failures).toEqual([])
  })

  test('of a tenant that is purged at one is gone from all, and begins anew at each', async () => {
    const [one, two] = [await start(), await start()]
    for (const key of ['acme', 'other']) await askMany([one, two], key, 2)
    for (const gateway of [one, two]) await requestsOf(gateway)
    expect(await requestsOf(two)).toEqual({ acme: 4, other: 4 })
    await one.node.records.purge({ kind: 'tenant', tenant: 'acme' })
    expect(await requestsOf(one)).toEqual({ other: 4 })
    // Once it is told, it goes on from nothing; what it wrote before it was told is deleted again.
    await expect
      .poll(
        async () => {
          await askMany([two], 'acme', 1)
          return (await requestsOf(two))['acme']
        },
        { timeout: 10_000 },
      )
      .toBe(1)
    expect((await requestsOf(two))['other']).toBe(4)
    expect([one.failures, two.failures]).toEqual([[], []])
  })

  test('is as its records where the server is lost in the middle of writes', async () => {
    const [one, two] = [await start(), await start()]
    await askMany([one, two], 'acme', 2)
    for (let round = 0; round < 5; round += 1) {
      const asked = askMany([one, two], 'acme', 4)
      one.proxy.cutAll()
      await asked
      await one.node.records.count().catch(() => undefined)
      one.proxy.cutAll()
    }
    for (const gateway of [one, two]) await gateway.node.records.count()
    const stored = await two.node.records.count()
    expect(await requestsOf(two)).toEqual({ acme: stored })
    expect(stored).toBeGreaterThan(20)
  })
})
