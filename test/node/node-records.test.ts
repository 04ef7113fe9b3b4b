import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { parseTenantId, type TenantId } from '../../src/base/identifiers.ts'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import { CodedError } from '../../src/base/errors.ts'
import { createNodeRecords, type Purged } from '../../src/node/node-records.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { openLevelKeyValueStore } from '../../src/storage/level/level-key-value-store.ts'
import type { TelemetryEvent } from '../../src/wire/telemetry-event.ts'
import { createUnsavedDocuments } from '../fixtures/unsaved-documents.ts'
import { createUnsavedRecords } from '../fixtures/unsaved-records.ts'
import { createUnsavedA2a } from '../fixtures/unsaved-a2a.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { requestOf } from '../router/router-fixture.ts'
import { makeFolder, removeFolders, startNode as startAnyNode } from './start-node.ts'

afterEach(removeFolders)

const startNode = async (document: ConfigDocument, folder: string = makeFolder()): Promise<KernellNode> =>
  await startAnyNode(folder, { telemetry: { consent: true }, ...document })

const tenantOf = (name: string): TenantId => parseTenantId(name) as TenantId
const sum = async (node: KernellNode, tenant: string, left: number): Promise<void> => {
  await node.router.route(requestOf(`What is ${left} + 1?`, { caller: { tenant: tenantOf(tenant) } }))
}
async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}
const never = async (): Promise<never> => await Promise.reject(new Error('nobody asks'))
const listOf = async (node: KernellNode, filter = {}): Promise<readonly TelemetryEvent[]> =>
  await collect(node.records.list(filter))

const purged = (some: Partial<Purged>): Purged => ({
  records: 0,
  followUps: 0,
  answers: 0,
  documents: 0,
  memories: 0,
  plans: 0,
  agentTasks: 0,
  derived: [],
  ...some,
})

/** Names of the files below the folder whose bytes hold the text. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name)
    return statSync(path).isFile() && readFileSync(path).includes(text)
  })
}

describe('the records of a node', () => {
  it('are there at once, by tenant and number, and as lines', async () => {
    await using node = await startNode({})
    for (const [tenant, left] of [
      ['acme', 1],
      ['other', 2],
      ['acme', 3],
    ] as const)
      await sum(node, tenant, left)
    expect(await node.records.count()).toBe(3)
    const mine = await listOf(node, { tenant: 'acme' })
    expect(mine.map(({ tenant, actual_tier_used }) => [tenant, actual_tier_used])).toEqual([
      ['acme', 'deterministic'],
      ['acme', 'deterministic'],
    ])
    expect(await listOf(node, { limit: 1, isNewestFirst: true })).toHaveLength(1)
    const lines = await collect(node.records.exportLines({ tenant: 'acme' }))
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(mine)
    expect(lines.every((line) => line.endsWith('\n'))).toBe(true)
  })

  it('say how many of them cannot be read, which hides no other', async () => {
    const folder = makeFolder()
    const first = await startNode({}, folder)
    await sum(first, 'acme', 1)
    await first.close()
    const store = await openLevelKeyValueStore({ location: join(folder, 'data', 'store') })
    await store.put('telemetry/2026-01-01T00:00:00.000Z x', new TextEncoder().encode('{"broken'))
    await store.close()
    await using node = await startNode({}, folder)
    expect(await listOf(node)).toHaveLength(1)
    expect(node.records.unreadableCount).toBe(1)
    expect(await node.metricsText()).toContain('kernell_telemetry_unreadable_total 1')
    expect(await node.records.purge({ kind: 'tenant', tenant: 'nobody' })).toEqual(purged({ records: 1, answers: 0 }))
    expect([node.records.unreadableCount, await node.records.count()]).toEqual([0, 1])
  })

  it('are named by a purge with what was made from them, until it has been done', async () => {
    let isFailing = true
    const unsaved = createUnsavedRecords()
    const records = createNodeRecords({
      ...unsaved,
      cache: undefined,
      answerStore: createMemoryKeyValueStore(),
      documents: createUnsavedDocuments(),
      memory: { open: never },
      plans: { open: never },
      agentTasks: createUnsavedA2a(),
      planFiles: { erase: async () => await Promise.resolve() },
      compact: async () => {
        if (isFailing) throw new CodedError('STORE_WRITE_FAILED', { message: 'injected' })
      },
    })
    const made = {
      kind: 'export',
      version: null,
      rows: 1,
      hash: null,
      from: null,
      to: null,
      tenants: ['acme'],
    } as const
    await records.recordDerivation({ ...made, path: '/out/acme.jsonl' })
    const what = { kind: 'tenant', tenant: 'acme' } as const
    await expect(records.purge(what)).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    isFailing = false
    const paths = (await records.purge(what)).derived.map(({ path }) => path)
    expect([paths, (await records.purge(what)).derived]).toEqual([['/out/acme.jsonl'], []])
  })

  it('are kept by nobody without consent', async () => {
    await using node = await startNode({ telemetry: { consent: false } })
    await sum(node, 'acme', 1)
    expect(await node.records.count()).toBe(0)
  })

  it('are deleted before an instant, or all', async () => {
    await using node = await startNode({})
    await sum(node, 'acme', 1)
    await sum(node, 'acme', 2)
    expect(await node.records.purge({ kind: 'before', before: '2020-01-01T00:00:00.000Z' })).toEqual(
      purged({ records: 0, answers: 0 }),
    )
    expect(await node.records.purge({ kind: 'all' })).toEqual(purged({ records: 2, answers: 0 }))
    expect(await listOf(node)).toEqual([])
    await sum(node, 'acme', 3)
    expect(await node.records.count()).toBe(1)
  })

  it('can be deleted with all answers of a cache that was switched off since', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: { kind: 'answer', text: 'It is at the harbour.' } })
    const provider = { kind: 'openai', baseUrl: thrifty.baseUrl, models: ['thrifty-1'] } as const
    const document = {
      providers: { thrifty: provider },
      models: { 'thrifty/thrifty-1': { tier: 'cheap_api' } },
    } as const
    const folder = makeFolder()
    const first = await startNode(document, folder)
    await first.router.route(requestOf('Where is the ship that came in with the tide?'))
    await first.close()
    expect(filesWith(join(folder, 'data'), 'at the harbour')).not.toEqual([])
    await using node = await startNode({ ...document, cache: { enabled: false } }, folder)
    const tenant = { kind: 'tenant', tenant: 'default' } as const
    await expect(node.records.purge(tenant, { withAnswers: true })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    expect(await node.records.purge({ kind: 'all' }, { withAnswers: true })).toEqual(purged({ records: 1, answers: 1 }))
    for (const text of ['at the harbour', 'with the tide']) expect(filesWith(folder, text), text).toEqual([])
  })

  it('leave no byte of a purged tenant behind, its cached answers included, and everything of the others', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: { kind: 'answer', text: 'It is at the harbour.' } })
    const provider = { kind: 'openai', baseUrl: thrifty.baseUrl, models: ['thrifty-1'] } as const
    const folder = makeFolder()
    const document = {
      providers: { thrifty: provider },
      models: { 'thrifty/thrifty-1': { tier: 'cheap_api' } },
    } as const
    const first = await startNode(document, folder)
    const ask = async (tenant: string, prompt: string): Promise<unknown> =>
      await first.router.route(requestOf(prompt, { caller: { tenant: tenantOf(tenant) } }))
    await ask('planted-tenant-7q', 'Where is the ship that came in with the tide?')
    await ask('staying-tenant-2z', 'Which ship came in with the tide this morning?')
    const [hash = '', other = ''] = (await listOf(first)).map(({ task_hash }) => task_hash)
    // Closing writes the cache out; what was on disk before is the harder case.
    await first.close()
    const data = join(folder, 'data')
    for (const text of ['planted-tenant-7q', hash, other]) expect(filesWith(data, text), text).not.toEqual([])
    const node = await startNode(document, folder)
    const what = { kind: 'tenant', tenant: 'planted-tenant-7q' } as const
    expect(await node.records.purge(what, { withAnswers: true })).toEqual(purged({ records: 1, answers: 1 }))
    for (const text of ['planted-tenant-7q', hash]) expect(filesWith(data, text), text).toEqual([])
    for (const text of ['staying-tenant-2z', other]) expect(filesWith(data, text), text).not.toEqual([])
    await node.close()
    for (const text of ['planted-tenant-7q', hash]) expect(filesWith(data, text), text).toEqual([])
  })
})
