import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode, DEFAULT_TENANT, loadConfig, type KernellNode } from 'kernell-os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planner, type Executed, type PlannerInput } from '../../agents/planner/agent.ts'
import { startUpstreamServer, type UpstreamServer } from '../fixtures/upstream-server.ts'
import type { Failed } from './agent-fixture.ts'

const PLAN = JSON.stringify(
  ['a', 'b'].map((id) => ({
    id,
    description: `Do ${id}.`,
    difficulty: 2,
    domain: 'general',
    depends_on: id === 'b' ? ['a'] : [],
  })),
)
const LETTER = {
  id: 'letter',
  kind: 'document',
  locator: 'request/letter',
  confidentiality: 'internal',
  integrity: 'untrusted',
} as const

let upstream: UpstreamServer
let folder: string
beforeAll(async () => {
  upstream = await startUpstreamServer({ models: ['m-1'] })
  folder = mkdtempSync(join(tmpdir(), 'kernell-planner-'))
})
afterAll(async () => {
  await upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A node whose memory is private, so that no stranger may have a say in what of it models outside are told. */
async function start(name: string): Promise<KernellNode> {
  const file = join(folder, `${name}.json`)
  const providers = { away: { kind: 'openai', baseUrl: upstream.baseUrl, models: ['m-1'] } }
  const firewall = {
    sources: [{ kind: 'memory', prefix: 'memory/', confidentiality: 'private', integrity: 'trusted' }],
    sinks: [{ kind: 'model', prefix: 'models/remote', external: true, clearance: 'private' }],
  }
  const models = { 'away/m-1': { tier: 'cheap_api' } }
  const document = {
    discover: false,
    dataDir: join(folder, name),
    providers,
    models,
    firewall,
    cache: { enabled: false },
  }
  writeFileSync(file, JSON.stringify(document), { mode: 0o600 })
  return await createNode({ config: loadConfig({ environment: { KERNELL_CONFIG: file } }), environment: {} })
}

async function execute(node: KernellNode): Promise<Executed | Failed> {
  const memory = (await node.openMemory()).forTenant(DEFAULT_TENANT)
  const input: PlannerInput = {
    router: node.router,
    caller: { tenant: DEFAULT_TENANT },
    memory,
    targets: [{ kind: 'auto' }],
    firewall: await node.openFirewall(),
  }
  const ref = node.actors.spawn(planner, { input })
  const task = 'Write the history of the bridges on our river.'
  const reply = await ref.ask<Executed | Failed>({ type: 'execute', task }, { timeoutMs: 60_000 })
  await ref.stop()
  return reply
}

const answering = (): void =>
  upstream.respondWith(({ body }) => {
    const asked = JSON.stringify(body?.['messages'])
    return { kind: 'answer', text: asked.includes('JSON array only.') ? PLAN : 'The bridges were built in 1888.' }
  })

describe('the planner of a node', () => {
  it('passes the firewall with what it recalled, and is refused before a model hears of a lesson that a stranger had a say in', async () => {
    answering()
    const node = await start('tainted')
    const first = await execute(node)
    expect(first).toMatchObject({ type: 'executed', isComplete: true, recalled: 0 })
    expect(await execute(node)).toMatchObject({ type: 'executed', isComplete: true, recalled: 1 })
    // A stranger's text comes into the memory of the tenant.
    await node.carryOutPlan({
      plan: {
        proposedBy: 'somebody',
        writtenAfter: [],
        sources: [LETTER],
        sinks: [{ id: 'keep', kind: 'memory', locator: 'memory/default/bridges' }],
        steps: [{ id: 'act', action: 'Keep it.', uses: ['letter'], sink: 'keep' }],
      },
      texts: { 'request/letter': 'The history of the bridges on our river was written by Ada.' },
    })
    await node.close()
    const again = await start('tainted')
    const before = upstream.callCount
    expect(await execute(again)).toMatchObject({ type: 'failed', error: { code: 'FIREWALL_EXFILTRATION' } })
    expect(upstream.callCount).toBe(before)
    await again.close()
  })

  it('does no step of a plan that it may not do, and says why', async () => {
    const node = await start('refused')
    const firewall = await node.openFirewall()
    let entered = 0
    upstream.respondWith(({ body }) => {
      const asked = JSON.stringify(body?.['messages'])
      if (asked.includes('JSON array only.')) return { kind: 'answer', text: PLAN }
      entered += 1
      // While the first step is under way, something private that a stranger had a say in is stored where its task came from.
      void firewall
        .admit({
          proposedBy: 'somebody',
          writtenAfter: [],
          sources: [
            LETTER,
            {
              id: 'own',
              kind: 'memory',
              locator: 'memory/default/own',
              confidentiality: 'private',
              integrity: 'trusted',
            },
          ],
          sinks: [{ id: 'put', kind: 'memory', locator: 'request' }],
          steps: [{ id: 'act', action: 'Put it.', uses: ['letter', 'own'], sink: 'put' }],
        })
        .catch(() => undefined)
      return { kind: 'answer', text: 'The bridges were built in 1888.' }
    })
    const reply = await execute(node)
    expect(entered).toBe(1)
    expect(reply).toMatchObject({
      type: 'executed',
      isComplete: false,
      steps: [{ state: 'succeeded' }, { state: 'failed', reason: 'FIREWALL_EXFILTRATION' }],
    })
    await node.close()
  })
})
