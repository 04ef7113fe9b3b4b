import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { parseTaskId, parseTenantId, type TaskId, type TenantId } from '../../src/base/identifiers.ts'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import type { TelemetryPurge } from '../../src/node/node-records.ts'
import { openLevelKeyValueStore } from '../../src/storage/level/level-key-value-store.ts'
import { createFollowUpStore } from '../../src/telemetry/follow-up-store.ts'
import { createNameHasher } from '../../src/telemetry/task-hasher.ts'
import type { TelemetryEvent } from '../../src/wire/telemetry-event.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { requestOf } from '../router/router-fixture.ts'
import { buildShadow } from '../telemetry/follow-up-builder.ts'
import { makeFolder, removeFolders, startNode } from './start-node.ts'

afterEach(removeFolders)

const tenantOf = (name: string): TenantId => parseTenantId(name) as TenantId
const taskOf = (name: string): TaskId => parseTaskId(name) as TaskId

const PLANTED = {
  tenant: 'planted-tenant-7q',
  text: 'Where is the planted ship that came in with the tide?',
  taskId: 'planted-task-5h',
  traceId: 'a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4',
} as const
const STAYING = {
  tenant: 'staying-tenant-2z',
  text: 'Which staying boat left the harbour this morning?',
  taskId: 'staying-task-8k',
  traceId: 'e5f6a7b8e5f6a7b8e5f6a7b8e5f6a7b8',
} as const
type Person = typeof PLANTED | typeof STAYING

/** Names of the files below the folder whose bytes hold the text, and of those that are named by it. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name)
    return name.includes(text) || (statSync(path).isFile() && readFileSync(path).includes(text))
  })
}

/** Keeps text, bounds the node's money so that calls are journaled, and asks one paid model. */
const documentOf = (baseUrl: string): ConfigDocument => ({
  telemetry: { consent: true, keepText: true },
  budgets: [{ scope: 'node', window: 'day', limitUsd: 10 }],
  providers: { thrifty: { kind: 'openai', baseUrl, models: ['thrifty-1'] } },
  models: {
    'thrifty/thrifty-1': { tier: 'cheap_api', prices: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 } },
  },
})

async function work(node: KernellNode, { tenant, text, taskId, traceId }: Person): Promise<void> {
  const traceparent = `00-${traceId}-00f067aa0ba902b7-01`
  await node.router.route(
    requestOf(text, { caller: { tenant: tenantOf(tenant) }, taskId: taskOf(taskId), traceparent }),
  )
  const { records } = node
  const feedbackId = `${taskId}-feedback`
  await records.addFeedback({
    tenant: tenantOf(tenant),
    about: { taskId: taskOf(taskId) },
    judgement: { kind: 'edited', original: `It is ${taskId}-original.`, edited: `It is ${taskId}-edited.` },
    feedbackId,
  })
  await records.addFeedback({
    tenant: tenantOf(tenant),
    about: { traceId },
    judgement: { kind: 'outcome', isSuccess: true },
  })
  const derived = { kind: 'export', version: null, rows: 1, hash: null, from: null, to: null } as const
  await records.recordDerivation({ ...derived, path: `/out/${tenant}.jsonl`, tenants: [tenant] })
  await records.recordDerivation({ ...derived, path: '/out/all.jsonl', tenants: [PLANTED.tenant, STAYING.tenant] })
}

/** Shadow runs, as they are written while a candidate is watched. */
async function plantShadows(folder: string): Promise<void> {
  const data = join(folder, 'data')
  const store = await openLevelKeyValueStore({ location: join(data, 'store') })
  const hashName = createNameHasher(readFileSync(join(data, 'secret')))
  const followUps = createFollowUpStore(store.sublevel('follow-ups'), { hashName })
  for (const { tenant, taskId } of [PLANTED, STAYING])
    await followUps.append(buildShadow({ shadow_id: `${taskId}-shadow`, event_id: taskId, tenant }))
  await store.close()
}

async function recordsOf(node: KernellNode): Promise<readonly TelemetryEvent[]> {
  const records: TelemetryEvent[] = []
  for await (const record of node.records.list()) records.push(record)
  return records
}

const tracesOf = ({ tenant, taskId, traceId }: Person, record: TelemetryEvent | undefined): readonly string[] => [
  tenant,
  taskId,
  traceId,
  record?.task_text ?? 'no text was kept',
  record?.task_hash ?? 'no hash was kept',
  record?.features ?? 'no features were kept',
  `${taskId}-feedback`,
  `${taskId}-shadow`,
]

const PURGES: readonly (readonly [string, TelemetryPurge, boolean])[] = [
  ['of a tenant', { kind: 'tenant', tenant: PLANTED.tenant }, true],
  ['of everything', { kind: 'all' }, false],
  ['of what is older than tomorrow', { kind: 'before', before: '2999-01-01T00:00:00.000Z' }, false],
]

it.each(PURGES)('a purge %s leaves no byte of it in the data directory', async (_what, what, isOtherKept) => {
  await using upstream = await startUpstreamServer({ behaviour: { kind: 'answer', text: 'It is at the harbour.' } })
  const document = { ...documentOf(upstream.baseUrl), cache: { enabled: false } }
  const folder = makeFolder()
  const first = await startNode(folder, document)
  for (const person of [PLANTED, STAYING]) await work(first, person)
  await first.close()
  await plantShadows(folder)
  const node = await startNode(folder, document)
  const before = await recordsOf(node)
  expect(before.map(({ tenant, feedback, shadows }) => [tenant, feedback?.length, shadows?.length])).toEqual([
    [PLANTED.tenant, 2, 1],
    [STAYING.tenant, 2, 1],
  ])
  const data = join(folder, 'data')
  const [planted, staying] = [tracesOf(PLANTED, before[0]), tracesOf(STAYING, before[1])]
  for (const text of [...planted, ...staying]) expect(filesWith(data, text), text).not.toEqual([])
  for (const text of [`${PLANTED.taskId}-original`, `${PLANTED.taskId}-edited`])
    expect(filesWith(data, text)).toEqual([])

  const { derived, ...counts } = await node.records.purge(what)
  expect(counts).toMatchObject(isOtherKept ? { records: 1, followUps: 3 } : { records: 2, followUps: 6 })
  expect(derived.map(({ path }) => path)).toContain('/out/all.jsonl')
  const gone = isOtherKept ? planted : [...planted, ...staying].filter((text) => !/-tenant-/.test(text))
  for (const text of gone) expect(filesWith(data, text), text).toEqual([])
  if (isOtherKept) {
    expect(derived.map(({ path }) => path)).toEqual([`/out/${PLANTED.tenant}.jsonl`, '/out/all.jsonl'])
    for (const text of staying) expect(filesWith(data, text), text).not.toEqual([])
    expect((await recordsOf(node))[0]).toEqual(before[1])
  }
  await node.close()
  for (const text of gone) expect(filesWith(data, text), text).toEqual([])
  // The books are as they were: the money that was spent is spent.
  await using last = await startNode(folder, document)
  expect(await last.records.count()).toBe(isOtherKept ? 1 : 0)
})
