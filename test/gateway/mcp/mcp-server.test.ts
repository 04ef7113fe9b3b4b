import { describe, expect, it } from 'vitest'
import type { ServedAgent } from '../../../src/gateway/index.ts'
import { CodedError } from '../../../src/base/errors.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { CALLER_ROLES } from '../../../src/node/config/node-config.ts'
import { createScriptedNode, FINISH, keyOf, startGateway, streamOf, taskIdOf } from '../scripted-node.ts'
import { codeOf, connectClient, ERAS, textOf } from './mcp-client.ts'

const AGENT: ServedAgent = {
  name: 'echo',
  summary: 'says what it hears',
  fields: [
    { name: 'payload', kind: 'text', isRequired: true, describe: 'what is to come back' },
    { name: 'times', kind: 'whole', describe: 'how often' },
  ],
  async run({ input, onProgress, caller }) {
    onProgress?.({ type: 'progress', step: 'half' })
    const { payload } = input as { readonly payload: string }
    return await Promise.resolve({
      document: { payload, tenant: caller.tenant, agent: caller.agent, hasFailures: false },
      text: payload,
      hasFailures: false,
    })
  },
}

describe.each(ERAS)('the node as a server, for clients of the %s revision', (era) => {
  it('runs a task, and says what it cost', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    await using connected = await connectClient(running.url, { era })
    const result = await connected.client.callTool({
      name: 'route',
      arguments: {
        prompt: 'Hello',
        system: 'Be kind',
        model: 'kernell-cheap',
        max_cost_usd: 0.25,
        quality: 0.9,
        allow: ['cheap'],
      },
    })
    expect(textOf(result)).toBe('Hello there')
    expect(result.structuredContent).toMatchObject({
      text: 'Hello there',
      tier: 'cheap_api',
      cost_usd: 0.00125,
      tokens_in: 7,
    })
    expect(node.requests).toMatchObject([
      {
        target: { kind: 'route', route: 'cheap' },
        controls: { maxCostNanos: amountFromNanos(250_000_000n), quality: 0.9, tiers: ['cheap_api'] },
        request: {
          messages: [
            { role: 'system', content: 'Be kind' },
            { role: 'user', content: 'Hello' },
          ],
        },
      },
    ])
  })

  it('describes its tools with schemas and what they do', async () => {
    await using running = await startGateway(createScriptedNode(), { mcp: { agents: [AGENT] } })
    await using connected = await connectClient(running.url, { era })
    const { tools } = await connected.client.listTools()
    expect(tools.map(({ name }) => name).toSorted()).toEqual([
      'agent_echo',
      'delegate',
      'estimate',
      'market_buy',
      'market_disclosure',
      'market_offers',
      'market_prices',
      'market_purchase',
      'market_sellers',
      'memory_recall',
      'memory_remember',
      'route',
    ])
    for (const { name, inputSchema, outputSchema, annotations } of tools) {
      expect([name, inputSchema.additionalProperties, outputSchema?.type]).toEqual([name, false, 'object'])
      expect([name, typeof annotations?.readOnlyHint, typeof annotations?.openWorldHint]).toEqual([
        name,
        'boolean',
        'boolean',
      ])
    }
    const spending = tools.filter(({ annotations }) => annotations?.destructiveHint === true)
    expect(spending.map(({ name, inputSchema }) => [name, inputSchema.required?.includes('max_credits')])).toEqual([
      ['market_buy', true],
      ['delegate', true],
    ])
  })

  it('runs agents with the tenant of the caller, and tells how far they are', async () => {
    await using running = await startGateway(createScriptedNode({ keys: [keyOf('sk')] }), { mcp: { agents: [AGENT] } })
    await using connected = await connectClient(running.url, { era, key: 'sk' })
    const told: unknown[] = []
    const result = await connected.client.callTool(
      { name: 'agent_echo', arguments: { payload: 'hi' } },
      { onprogress: (progress) => told.push(progress) },
    )
    expect(result.structuredContent).toEqual({ payload: 'hi', tenant: 'acme', agent: 'echo', hasFailures: false })
    expect(told).toEqual([{ progress: 1, message: 'half' }])
  })

  it('keeps memories of each tenant apart', async () => {
    const keys = [keyOf('sk-a', { id: 'a', tenant: 'a' }), keyOf('sk-b', { id: 'b', tenant: 'b' })]
    await using running = await startGateway(createScriptedNode({ keys }))
    await using one = await connectClient(running.url, { era, key: 'sk-a' })
    await using other = await connectClient(running.url, { era, key: 'sk-b' })
    const kept = await one.client.callTool({
      name: 'memory_remember',
      arguments: { text: 'The bridge opens at nine', id: 'bridge' },
    })
    expect(kept.structuredContent).toEqual({ id: 'bridge', is_new: true })
    const recall = { name: 'memory_recall', arguments: { text: 'When does the bridge open?' } }
    expect((await one.client.callTool(recall)).structuredContent).toMatchObject({ items: [{ id: 'bridge' }] })
    expect((await other.client.callTool(recall)).structuredContent).toMatchObject({ items: [] })
    const read = await one.client.readResource({ uri: 'kernell://memory/bridge' })
    expect(read.contents).toMatchObject([{ text: expect.stringContaining('The bridge opens at nine') as string }])
    await expect(other.client.readResource({ uri: 'kernell://memory/bridge' })).rejects.toMatchObject({ code: -32_602 })
  })

  it('tells progress while the model answers, and the end when it has', async () => {
    const parts = async function* parts(): AsyncGenerator<{ type: 'text-delta'; text: string } | typeof FINISH, void> {
      for (let part = 0; part < 3; part += 1) yield { type: 'text-delta', text: 'x'.repeat(400) }
      yield FINISH
    }
    const node = createScriptedNode({ routeStream: async (request) => streamOf(taskIdOf(request), parts()) })
    await using running = await startGateway(node)
    await using connected = await connectClient(running.url, { era })
    const told: number[] = []
    const result = await connected.client.callTool(
      { name: 'route', arguments: { prompt: 'Hello' } },
      { onprogress: ({ progress }) => told.push(progress) },
    )
    expect(told).toEqual([0, 400, 800, 1_200])
    expect(textOf(result)).toBe('Hello there')
  })

  it('ends the task when the call is taken back', async () => {
    const begun = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<unknown>()
    const node = createScriptedNode({
      route: async (_request, signal) => {
        begun.resolve()
        return await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            ended.resolve(signal.reason)
            reject(signal.reason as Error)
          })
        })
      },
    })
    await using running = await startGateway(node)
    await using connected = await connectClient(running.url, { era })
    const leaving = new AbortController()
    const call = connected.client.callTool(
      { name: 'route', arguments: { prompt: 'Hello' } },
      { signal: leaving.signal },
    )
    const failed = expect(call).rejects.toThrow()
    await begun.promise
    leaving.abort()
    await failed
    expect(CodedError.is(await ended.promise, 'REQUEST_ABORTED')).toBe(true)
  })

  it('tells failures as results with code and remedy, and nothing of its own faults', async () => {
    const failures: Error[] = [
      new CodedError('BUDGET_EXCEEDED', { message: 'The budget has no room', details: { limitNanos: 5n } }),
      new Error('secret of the inside'),
    ]
    const node = createScriptedNode({ route: async () => await Promise.reject(failures.shift()) })
    await using running = await startGateway(node)
    await using connected = await connectClient(running.url, { era })
    const call = { name: 'route', arguments: { prompt: 'Hello' } }
    const refused = await connected.client.callTool(call)
    expect([codeOf(refused), textOf(refused)]).toEqual([
      'BUDGET_EXCEEDED',
      expect.stringContaining('The budget has no room. (BUDGET_EXCEEDED) '),
    ])
    expect(refused._meta).toMatchObject({ 'kernell-os/error': { details: { limitNanos: '5' }, isRetryable: false } })
    const fault = await connected.client.callTool(call)
    expect(codeOf(fault)).toBe('INTERNAL_ERROR')
    expect(JSON.stringify(fault)).not.toContain('secret')
    expect(running.failures).toMatchObject([{ message: 'secret of the inside' }])
  })

  it.each([
    ['no prompt', {}, /prompt/],
    ['an argument that there is none of', { prompt: 'x', max_cost: 1 }, /max_cost/],
    ['a negative cost', { prompt: 'x', max_cost_usd: -1 }, /max_cost_usd/],
    ['a tier that there is none of', { prompt: 'x', allow: ['cheep'] }, /allow holds a name/],
    ['a model name that is none', { prompt: 'x', model: 'a b' }, /model must be/],
  ])('refuses %s', async (_what, args, text) => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    await using connected = await connectClient(running.url, { era })
    const result = await connected.client.callTool({ name: 'route', arguments: args })
    expect([result.isError, textOf(result)]).toEqual([true, expect.stringMatching(text)])
    expect(node.requests).toEqual([])
  })

  it('reads what it knows', async () => {
    await using running = await startGateway(createScriptedNode(), { mcp: { agents: [AGENT] } })
    await using connected = await connectClient(running.url, { era })
    const { resources } = await connected.client.listResources()
    expect(resources.map(({ uri }) => uri)).toEqual(
      ['models', 'agents', 'policies', 'ledger'].map((name) => `kernell://${name}`),
    )
    const { resourceTemplates } = await connected.client.listResourceTemplates()
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'kernell://decisions/{task_id}',
      'kernell://memory/{id}',
    ])
    const models = await connected.client.readResource({ uri: 'kernell://models' })
    expect(models.contents).toMatchObject([
      { mimeType: 'application/json', text: expect.stringContaining('OPENAI_API_KEY is not set') as string },
    ])
    await expect(connected.client.readResource({ uri: 'kernell://ledger' })).rejects.toThrow(/MARKET_NOT_OPEN/)
    await expect(connected.client.readResource({ uri: 'kernell://decisions/none' })).rejects.toThrow()
  })

  it('shows and does what the role of the key may, and no more', async () => {
    const keys = CALLER_ROLES.map((role) => keyOf(`sk-${role}`, { id: role, role }))
    const node = createScriptedNode({ keys })
    await using running = await startGateway(node, { mcp: { agents: [AGENT] } })
    const seen: Record<string, string> = {}
    for (const role of CALLER_ROLES) {
      await using connected = await connectClient(running.url, { era, key: `sk-${role}` })
      const { tools } = await connected.client.listTools()
      const { resources } = await connected.client.listResources()
      seen[role] = [...tools.map(({ name }) => name), ...resources.map(({ name }) => name)].join(' ')
      if (role !== 'viewer' && role !== 'operator') continue
      await expect(connected.client.callTool({ name: 'route', arguments: { prompt: 'x' } })).rejects.toThrow(
        /not found/,
      )
      await expect(connected.client.callTool({ name: 'market_buy', arguments: {} })).rejects.toThrow(/not found/)
    }
    expect(seen).toEqual({
      admin:
        'route estimate memory_remember memory_recall market_sellers market_offers market_prices market_disclosure market_buy market_purchase delegate agent_echo models agents policies ledger',
      operator: 'market_sellers market_offers market_prices market_purchase models agents policies ledger',
      member: 'route estimate memory_remember memory_recall agent_echo models agents',
      viewer: 'models agents',
    })
    expect(node.requests).toEqual([])
  })

  it('keeps agents within the tiers of the key', async () => {
    const node = createScriptedNode({ keys: [keyOf('sk', { tiers: ['local_small'] })] })
    const asking: ServedAgent = {
      ...AGENT,
      async run({ router, caller }) {
        const { taskId } = await router.route({
          caller,
          target: { kind: 'auto' },
          request: { messages: [{ role: 'user', content: 'x' }] },
          controls: {},
        })
        return { document: { taskId, hasFailures: false }, text: '', hasFailures: false }
      },
    }
    await using running = await startGateway(node, { mcp: { agents: [asking] } })
    await using connected = await connectClient(running.url, { era, key: 'sk' })
    await connected.client.callTool({ name: 'agent_echo', arguments: { payload: 'x' } })
    expect(node.requests).toMatchObject([
      { controls: { tiers: ['local_small'] }, caller: { agent: 'echo', keyId: 'k1' } },
    ])
  })
})
