import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { parseTenantId, type TenantId } from '../../src/base/identifiers.ts'
import type { TenantMemory } from '../../src/memory/memory-graph.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import { requestOf } from '../router/router-fixture.ts'
import { makeFolder, removeFolders, startNode } from './start-node.ts'

afterEach(removeFolders)

const memoryOf = async (node: KernellNode, tenant: string): Promise<TenantMemory> =>
  (await node.openMemory()).forTenant(parseTenantId(tenant) as TenantId)
const remember = async (node: KernellNode, tenant: string, text: string): Promise<unknown> =>
  await (await memoryOf(node, tenant)).remember({ kind: 'outcome', text })
const textsOf = async (node: KernellNode, tenant: string): Promise<readonly string[]> => {
  const { items } = await (await memoryOf(node, tenant)).recall({ text: 'Which ship is in the harbour?' })
  return items.map(({ text }) => text)
}

/** Files of the folder whose bytes hold the text. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name)
    return statSync(path).isFile() && readFileSync(path).includes(text)
  })
}

describe('the memory of a node', () => {
  it('outlives it, each tenant for itself', async () => {
    const folder = makeFolder()
    const first = await startNode(folder)
    await remember(first, 'acme', 'The ship in the harbour is the Kestrel.')
    await first.close()
    await using again = await startNode(folder)
    expect(await textsOf(again, 'acme')).toEqual(['The ship in the harbour is the Kestrel.'])
    expect(await textsOf(again, 'other')).toEqual([])
  })

  it('is one for all who open it, and belongs to one process', async () => {
    const folder = makeFolder()
    await using node = await startNode(folder)
    const [one, other] = await Promise.all([node.openMemory(), node.openMemory()])
    expect(one).toBe(other)
    await expect(startNode(folder)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  })

  it('leaves nothing on the disk where nobody opens it', async () => {
    const folder = makeFolder()
    await (await startNode(folder)).close()
    expect(readdirSync(join(folder, 'data'))).not.toContain('memory')
  })

  it('ends with the node: what comes too late is refused', async () => {
    const node = await startNode(makeFolder())
    const graph = await node.openMemory()
    await node.close()
    await expect(node.openMemory()).rejects.toMatchObject({ code: 'MEMORY_NOT_OPEN' })
    await expect(graph.remember({ kind: 'fact', text: 'late' })).rejects.toMatchObject({ code: 'MEMORY_NOT_OPEN' })
  })

  it('that is being opened while the node closes is closed with it', async () => {
    const folder = makeFolder()
    const node = await startNode(folder)
    const opening = node.openMemory()
    await node.close()
    const graph = await opening
    await expect(graph.remember({ kind: 'fact', text: 'late' })).rejects.toMatchObject({ code: 'MEMORY_NOT_OPEN' })
    await (await startNode(folder)).close()
  })

  it('that is damaged keeps nobody from the rest of the node', async () => {
    const folder = makeFolder()
    const first = await startNode(folder)
    await remember(first, 'acme', 'The ship in the harbour is the Kestrel.')
    await remember(first, 'acme', 'The ship in the bay is the Heron.')
    await first.close()
    const journal = join(folder, 'data', 'memory')
    for (const name of readdirSync(journal)) damage(join(journal, name), 'harbour')
    await using again = await startNode(folder)
    for (const attempt of [1, 2])
      await expect(again.openMemory(), `attempt ${attempt}`).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
    const { answer } = await again.router.route(requestOf('What is 2 + 2?'))
    expect(answer.text).toContain('4')
  })

  it('can be deleted for good, of one tenant or of all', async () => {
    const folder = makeFolder()
    await using node = await startNode(folder)
    await remember(node, 'acme', 'The ship in the harbour is the Kestrel.')
    await remember(node, 'other', 'The ship in the harbour is the Heron.')
    const tenant = { kind: 'tenant', tenant: 'acme' } as const
    expect((await node.records.purge(tenant)).memories).toBe(0)
    expect(filesWith(folder, 'Kestrel')).not.toEqual([])
    expect((await node.records.purge(tenant, { withMemories: true })).memories).toBe(1)
    expect(filesWith(folder, 'Kestrel')).toEqual([])
    expect(await textsOf(node, 'other')).toHaveLength(1)
    const before = { kind: 'before', before: '2999-01-01T00:00:00.000Z' } as const
    expect((await node.records.purge(before, { withMemories: true })).memories).toBe(0)
    expect((await node.records.purge({ kind: 'all' }, { withMemories: true })).memories).toBe(1)
    expect(filesWith(folder, 'Heron')).toEqual([])
  })
})

/** Changes a letter of the word in a file. */
function damage(file: string, word: string): void {
  const bytes = readFileSync(file)
  const at = bytes.indexOf(word)
  if (at < 0) return
  bytes.write('H', at)
  writeFileSync(file, bytes)
}
