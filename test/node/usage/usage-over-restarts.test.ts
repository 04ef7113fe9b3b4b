import { afterEach, expect, it } from 'vitest'
import { parseTaskId, parseTenantId, type TaskId, type TenantId } from '../../../src/base/identifiers.ts'
import type { KernellNode } from '../../../src/node/kernell-node.ts'
import { openLevelKeyValueStore } from '../../../src/storage/level/level-key-value-store.ts'
import { join } from 'node:path'
import { requestOf } from '../../router/router-fixture.ts'
import { makeFolder, removeFolders, startNode } from '../start-node.ts'

afterEach(removeFolders)

const RECORDS_MAX = 20
const CONFIG = { telemetry: { consent: true, recordsMax: RECORDS_MAX } }
const tenant = parseTenantId('acme') as TenantId
let asked = 0

/** Sums, which an exact tool answers. */
async function ask(node: KernellNode, times: number): Promise<void> {
  for (let place = 0; place < times; place += 1) {
    asked += 1
    const taskId = parseTaskId(`task-${asked}`) as TaskId
    await node.router.route(requestOf(`What is ${asked} + 1?`, { caller: { tenant }, taskId }))
    // Stored, so that they make room for each other.
    if (place % 10 === 0) await node.records.count()
  }
}

async function requestsOf(node: KernellNode): Promise<unknown> {
  const told = await node.usage?.summarize({ by: [], tenant: 'acme' })
  return (told?.['data'] as readonly { readonly requests: number }[] | undefined)?.[0]?.requests
}

async function historyOf(node: KernellNode): Promise<number> {
  const told = (await node.costHistory?.document(7)) as { readonly days: readonly { readonly tasks: number }[] }
  return told.days.reduce((sum, { tasks }) => sum + tasks, 0)
}

it('usage and the history of costs know every task, over restarts, of which the records are gone', async () => {
  const folder = makeFolder()
  const first = await startNode(folder, CONFIG)
  await ask(first, 60)
  expect(await requestsOf(first)).toBe(60)
  expect(await first.records.count()).toBeLessThanOrEqual(RECORDS_MAX)
  await first.close()

  const second = await startNode(folder, CONFIG)
  await ask(second, 30)
  expect([await requestsOf(second), await historyOf(second)]).toEqual([90, 90])
  await second.close()

  const third = await startNode(folder, CONFIG)
  await ask(third, 1)
  expect([await requestsOf(third), await historyOf(third)]).toEqual([91, 91])
  await third.records.purge({ kind: 'before', before: '2999-01-01' })
  expect([await third.records.count(), await requestsOf(third)]).toEqual([0, 91])
  await third.records.purge({ kind: 'tenant', tenant: 'acme' })
  expect(await requestsOf(third)).toBe(0)
  await third.close()
})

it('records that a version without sums left are in them after the next start', async () => {
  const folder = makeFolder()
  const first = await startNode(folder, { telemetry: { consent: true } })
  await ask(first, 30)
  await first.records.count()
  await first.close()
  // As that version left them: keys with the id alone, and nothing beside them.
  const root = await openLevelKeyValueStore({ location: join(folder, 'data', 'store') })
  for await (const key of root.sublevel('usage').keys()) await root.sublevel('usage').delete(key)
  const records = root.sublevel('telemetry')
  for await (const { key, value } of records.iterate()) {
    await records.delete(key)
    await records.put(key.split(' ').slice(0, 2).join(' '), value)
  }
  await root.close()

  const second = await startNode(folder, { telemetry: { consent: true } })
  await ask(second, 1)
  expect(await requestsOf(second)).toBe(31)
  await second.close()
  const third = await startNode(folder, { telemetry: { consent: true } })
  expect(await requestsOf(third)).toBe(31)
  await third.close()
})
