import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PostgresCluster, whyNoPostgres } from '../../storage/postgres/postgres-cluster.ts'
import { PostgresSchemas } from '../../storage/postgres/postgres-schemas.ts'
import { playTakeover } from './journal-takeover.ts'

const reason = whyNoPostgres()
let cluster: PostgresCluster
const schemas = new PostgresSchemas(() => cluster.url)

beforeAll(async () => {
  if (reason === undefined) cluster = await PostgresCluster.start()
}, 60_000)
afterAll(async () => {
  if (reason !== undefined) return
  await schemas.closeAll()
  await cluster.remove()
})

async function playOn(plant: string): Promise<readonly string[]> {
  const connection = await schemas.open()
  if (plant !== '') await cluster.query(plant.replaceAll('SCHEMA', connection.schema))
  const failures: string[] = []
  const fail = (what: string): void => void failures.push(what)
  await playTakeover({ url: cluster.url, schema: schemas.last, leaseMs: 1_000, fail }).catch((error: unknown) =>
    fail(String(error)),
  )
  return failures
}

describe.skipIf(reason !== undefined)('a journal in the shared store', { timeout: 60_000 }, () => {
  test('goes over from a killed owner and from a stopped one in one chain, and the late one writes nothing', async () => {
    expect(await playOn('')).toEqual([])
  })

  test('that asks nobody for his epoch is noticed', async () => {
    const planted = `CREATE OR REPLACE FUNCTION SCHEMA.append_records(log_name text, my_epoch bigint, first bigint, lease_ms int, data bytea, lengths int[])
      RETURNS text LANGUAGE plpgsql AS $$
      DECLARE next bigint;
      BEGIN
        SELECT next_index INTO next FROM SCHEMA.log WHERE name = log_name FOR UPDATE;
        INSERT INTO SCHEMA.log_record (log, index, payload) SELECT log_name, next + place - 1, part FROM SCHEMA.cut(data, lengths);
        UPDATE SCHEMA.log SET next_index = next + cardinality(lengths) WHERE name = log_name;
        RETURN 'kept';
      END $$`
    expect((await playOn(planted)).length).toBeGreaterThan(0)
  })
})
