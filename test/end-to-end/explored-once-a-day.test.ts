import { afterAll, describe, expect, it } from 'vitest'
import { createGateway } from '../../src/gateway/index.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { tiersAt } from '../gateway/real-node.ts'
import { makeFolder, removeFolders, startNode } from '../node/start-node.ts'

afterAll(removeFolders)

const GOOD = { kind: 'answer', text: 'The sea is calm tonight, and the moon lies on it like a road.' } as const

/** Asks one question; whether another model than the best by prediction had a chance. */
async function isExplored(node: KernellNode, content: string): Promise<boolean> {
  const gateway = createGateway({ node })
  const url = await gateway.listen()
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content }] }),
  })
  await response.text()
  await gateway.close({ deadlineMs: 0 })
  const taskId = response.headers.get('x-kernell-task-id')
  for await (const { event_id, candidates = [] } of node.records.list())
    if (event_id === taskId) return candidates.filter(({ propensity }) => propensity > 0).length > 1
  throw new Error('the task has a record')
}

describe('what exploration may give up a day', () => {
  it('is not given anew by a restart', { timeout: 60_000 }, async () => {
    const cheap = await startUpstreamServer({ models: ['thrifty-1'], behaviour: GOOD })
    const premium = await startUpstreamServer({ models: ['grand-1'], behaviour: GOOD })
    const document = {
      ...tiersAt({ cheap: cheap.baseUrl, premium: premium.baseUrl }),
      server: { port: 0 },
      telemetry: { consent: true },
      cache: { enabled: false },
      policy: { quality: 0.95, explore: { method: 'epsilon', floor: 0.9, regretPerDay: 10, regretUsdPerDay: 0.004 } },
    } as const
    const folder = makeFolder()
    const first = await startNode(folder, document)
    let asked = 0
    while (await isExplored(first, `Write a line about the sea, number ${asked}.`)) asked += 1
    expect(asked).toBeGreaterThan(1)
    await first.close()
    const second = await startNode(folder, document)
    expect(await isExplored(second, 'Write a line about the wind.')).toBe(false)
    await second.close()
    await cheap.close()
    await premium.close()
  })
})
