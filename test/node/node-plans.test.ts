import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { parseTenantId, type TenantId } from '../../src/base/identifiers.ts'
import type { SubTask } from '../../src/core/planning/sub-task.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import type { ExecuteStep } from '../../src/router/graph/step-turn.ts'
import { taskGraphsOf, type TenantTaskGraphs } from '../../src/router/graph/tenant-task-graphs.ts'
import { makeFolder, removeFolders, startNode } from './start-node.ts'

afterEach(removeFolders)

const plansOf = async (node: KernellNode, tenant: string): Promise<TenantTaskGraphs<SubTask>> =>
  taskGraphsOf(await node.openPlans(), parseTenantId(tenant) as TenantId)

function subTask(id: string, ...depends_on: readonly string[]): SubTask {
  return {
    id,
    description: `Find the ${id}.`,
    difficulty: 2,
    domain: 'general',
    target_tier: 'local_small',
    confidence: 1,
    escalate_if_fail: true,
    parallel_ok: true,
    depends_on,
    context_needed: null,
  }
}

/** Does the first step of the plan, and waits for ever at the second. */
async function beginPlan(node: KernellNode, tenant: string): Promise<void> {
  const isAtSecond = Promise.withResolvers<void>()
  const execute: ExecuteStep<SubTask> = async ({ subTask: { id } }) => {
    if (id === 'harbour') return { kind: 'succeeded', output: `Kestrel of ${tenant}` }
    isAtSecond.resolve()
    return await new Promise(() => {})
  }
  const plans = await plansOf(node, tenant)
  const graph = plans.run({ id: 'ships', subTasks: [subTask('harbour'), subTask('ship', 'harbour')] }, { execute })
  graph.ended.catch(() => {})
  await isAtSecond.promise
}

/** Files of the folder whose bytes hold the text. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name)
    return statSync(path).isFile() && readFileSync(path).includes(text)
  })
}

describe('the plans of a node', () => {
  it('outlive it, each tenant for itself', async () => {
    const folder = makeFolder()
    const first = await startNode(folder)
    await beginPlan(first, 'acme')
    await first.close()
    await expect(first.openPlans()).rejects.toMatchObject({ code: 'STORE_NOT_OPEN' })
    await using again = await startNode(folder)
    expect((await plansOf(again, 'other')).unfinished()).toEqual([])
    const plans = await plansOf(again, 'acme')
    const seen: unknown[] = []
    await plans.resume('acme/ships', {
      execute: async ({ subTask: { id }, dependencyOutputs }) => {
        seen.push([id, dependencyOutputs])
        return await Promise.resolve({ kind: 'succeeded', output: 'done' })
      },
    }).ended
    expect(seen).toEqual([['ship', [{ id: 'harbour', output: 'Kestrel of acme' }]]])
    expect(plans.unfinished()).toEqual([])
  })

  it('leave nothing on the disk where nobody opens them, and are the same for all who do', async () => {
    const folder = makeFolder()
    const first = await startNode(folder)
    expect(readdirSync(join(folder, 'data'))).not.toContain('plans')
    const [one, other] = await Promise.all([first.openPlans(), first.openPlans()])
    expect(one).toBe(other)
    await first.close()
  })

  it('are deleted for good with the memories, of one tenant or of all', async () => {
    const folder = makeFolder()
    const first = await startNode(folder)
    for (const tenant of ['acme', 'other']) await beginPlan(first, tenant)
    await first.close()
    await using node = await startNode(folder)
    const tenant = { kind: 'tenant', tenant: 'acme' } as const
    expect((await node.records.purge(tenant)).plans).toBe(0)
    expect(filesWith(folder, 'Kestrel of acme')).not.toEqual([])
    expect((await node.records.purge(tenant, { withMemories: true })).plans).toBe(1)
    expect(filesWith(folder, 'Kestrel of acme')).toEqual([])
    expect(filesWith(folder, 'Kestrel of other')).not.toEqual([])
    const before = { kind: 'before', before: '2999-01-01T00:00:00.000Z' } as const
    expect((await node.records.purge(before, { withMemories: true })).plans).toBe(0)
    expect((await node.records.purge({ kind: 'all' }, { withMemories: true })).plans).toBe(1)
    expect(filesWith(folder, 'Kestrel')).toEqual([])
  })
})
