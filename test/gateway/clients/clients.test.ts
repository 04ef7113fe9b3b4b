import { describe, expect, it } from 'vitest'
import { startUpstreamServer } from '../../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from '../real-node.ts'
import { keyOf } from '../scripted-node.ts'
import { CLIENTS } from './all-clients.ts'
import { FEATURES, KEY, TEXT } from './client-case.ts'
import { formatClientTable } from './client-table.ts'

const CAPABLE = { tools: true, jsonSchema: true, vision: true }

describe.each(CLIENTS)('$client', ({ cases }) => {
  for (const [feature, title] of Object.entries(FEATURES)) {
    const run = cases[feature as keyof typeof FEATURES]
    if (typeof run !== 'function') continue
    it(title, async () => {
      await using upstream = await startUpstreamServer({ behaviour: { kind: 'answer', text: TEXT } })
      await using running = await startRealGateway({
        ...tiersAt({ cheap: upstream.baseUrl }),
        models: { 'thrifty/thrifty-1': { tier: 'cheap_api', capabilities: CAPABLE } },
        keys: [keyOf(KEY)],
      })
      await run({ url: running.url, upstream })
    })
  }
})

describe('the table of clients', () => {
  it('is made from these cases', async () => {
    await expect(formatClientTable(CLIENTS)).toMatchFileSnapshot('../../../protocol/http/clients.md')
  })
})
