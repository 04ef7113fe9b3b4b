import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { resolveConfig } from '../../src/node/config/resolve-config.ts'
import { createNode } from '../../src/node/create-node.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { tiersAt } from '../gateway/real-node.ts'
import { requestOf } from '../router/router-fixture.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function startNode(baseUrl: string, drainMs: number, folder = ''): Promise<KernellNode> {
  const path = folder === '' ? mkdtempSync(join(tmpdir(), 'kernell-actors-')) : folder
  folders.push(path)
  const budgets = [{ scope: 'tenant:default', window: 'total', limitUsd: 0.0008 }] as const
  const config = resolveConfig({
    document: { discover: false, telemetry: { consent: true }, budgets, ...tiersAt({ cheap: baseUrl }) },
    providerOrigins: {},
    environment: {},
    defaultDataDir: join(path, 'data'),
    baseDir: path,
    configFile: undefined,
  })
  return await createNode({ config, environment: {}, drainMs })
}

/** May cost 600 of the 800 micro-dollars that there are, and more for the question. */
const POEM = requestOf('', {
  request: { messages: [{ role: 'user', content: 'Write a poem about rivers.' }], maxOutputTokens: 1_000 },
})

describe('the actors of a node', () => {
  it('own what many requests share, under names that are known', async () => {
    await using upstream = await startUpstreamServer({ behaviour: () => ({ kind: 'answer', text: 'A river.' }) })
    await using node = await startNode(upstream.baseUrl, 100)
    expect(['budgets', 'answer-cache', 'telemetry', 'plans'].map((id) => node.actors.get(id)?.id)).toEqual([
      'budgets',
      'answer-cache',
      'telemetry',
      'plans',
    ])
    await node.router.route(POEM)
    expect(await node.records.count()).toBe(1)
    expect(node.actors.deadLetters.count).toBe(0)
  })

  it('that a host spawns live as long as the node', async () => {
    await using upstream = await startUpstreamServer({})
    const node = await startNode(upstream.baseUrl, 100)
    const ended: string[] = []
    const supervisor = node.actors.supervise({ id: 'mine', strategy: 'one-for-one' })
    supervisor.watch(({ reason }) => void ended.push(reason))
    await node.close()
    await node.close()
    expect(ended).toEqual(['stopped'])
  })
})

describe('a node that closes', () => {
  it('lets a task come to its end that is about to', async () => {
    const called = Promise.withResolvers<void>()
    await using upstream = await startUpstreamServer({
      behaviour: () => {
        called.resolve()
        return { kind: 'answer', text: 'A river.' }
      },
    })
    const node = await startNode(upstream.baseUrl, 20_000)
    const routed = node.router.route(POEM)
    await called.promise
    const closed = node.close()
    expect((await routed).answer.text).toBe('A river.')
    await closed
  })

  it('ends a task that does not, and its call; what that may cost is charged', async () => {
    const called = Promise.withResolvers<void>()
    await using upstream = await startUpstreamServer({
      behaviour: () => {
        called.resolve()
        return { kind: 'hang' }
      },
    })
    const node = await startNode(upstream.baseUrl, 30)
    const [folder = ''] = folders
    const routed = node.router.route(POEM)
    await called.promise
    const [outcome] = await Promise.allSettled([routed, node.close()])
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ACTOR_STOPPED' } })
    await using again = await startNode(upstream.baseUrl, 30, folder)
    await expect(again.router.route(POEM)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
  })
})
