import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { createScriptedNode, keyOf, startGateway } from './scripted-node.ts'

const clientOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 })

describe('models', () => {
  it('are the public names and those that can be called now', async () => {
    await using running = await startGateway(createScriptedNode())
    const ids: string[] = []
    for await (const model of clientOf(running.url).models.list()) ids.push(model.id)
    expect(ids).toEqual(['kernell', 'kernell-local', 'kernell-cheap', 'kernell-premium', 'openai/small'])
  })

  it.each(['openai/small', 'small', 'tiny', 'kernell-cheap'])('are found by the name %s', async (name) => {
    await using running = await startGateway(createScriptedNode())
    expect(await clientOf(running.url).models.retrieve(name)).toMatchObject({ object: 'model', created: 0 })
    expect((await fetch(`${running.url}/v1/models/${name}`)).status).toBe(200)
  })

  it.each([
    ['openai/gone', /OPENAI_API_KEY is not set/],
    ['nobody', /not in the registry/],
    ['%', /not in the registry/],
  ])('that cannot be called are not found, with the reason: %s', async (name, reason) => {
    await using running = await startGateway(createScriptedNode())
    const response = await fetch(`${running.url}/v1/models/${name}`)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({
      error: { code: 'model_not_found', param: 'model', message: expect.stringMatching(reason) as string },
    })
  })
})

describe('embeddings', () => {
  it('reach the openai client, which asks for base64 on its own', async () => {
    await using running = await startGateway(createScriptedNode())
    const made = await clientOf(running.url).embeddings.create({ model: 'kernell', input: ['ab', 'abc'] })
    expect(made).toEqual({
      object: 'list',
      model: 'builtin',
      data: [
        { object: 'embedding', index: 0, embedding: [2, 0.5] },
        { object: 'embedding', index: 1, embedding: [3, 0.5] },
      ],
      usage: { prompt_tokens: 4, total_tokens: 4 },
    })
  })

  it('come as numbers when asked for', async () => {
    await using running = await startGateway(createScriptedNode())
    const made = await clientOf(running.url).embeddings.create({
      model: 'kernell',
      input: 'abcd',
      encoding_format: 'float',
    })
    expect(made.data[0]?.embedding).toEqual([4, 0.5])
  })

  it.each<[string, object, string]>([
    ['nothing', {}, 'input'],
    ['an empty list', { input: [] }, 'input'],
    ['an empty text', { input: ['a', ''] }, 'input'],
    ['token numbers', { input: [[1, 2]] }, 'input'],
    ['too many texts', { input: Array.from({ length: 2049 }, () => 'a') }, 'input'],
    ['no dimensions', { input: 'a', dimensions: 0 }, 'dimensions'],
    ['another format', { input: 'a', encoding_format: 'hex' }, 'encoding_format'],
  ])('of %s are refused', async (_what, members, param) => {
    await using running = await startGateway(createScriptedNode())
    const response = await fetch(`${running.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'kernell', ...members }),
    })
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param } }])
  })

  it('of an unknown model are not found', async () => {
    const node = createScriptedNode({
      embed: async () => await Promise.reject(new CodedError('MODEL_NOT_FOUND', { message: 'No such embedder' })),
    })
    await using running = await startGateway(node)
    await expect(clientOf(running.url).embeddings.create({ model: 'ada', input: 'a' })).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    )
  })
})

describe('the node itself', () => {
  it('gives its policy, with scores to the last bit', async () => {
    await using running = await startGateway(createScriptedNode())
    const response = await fetch(`${running.url}/v1/policy/decide`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"prompt":"x"}',
    })
    expect(await response.json()).toEqual({
      decision: { route: 'cheap' },
      scores: { small: 0.1 + 0.2 },
      score: 1 / 3,
      explanation: { echo: { prompt: 'x' } },
    })
  })

  it('says whether it is healthy, in detail only to those who look after it', async () => {
    await using open = await startGateway(createScriptedNode())
    expect(await (await fetch(`${open.url}/healthz`)).json()).toEqual({
      status: 'ok',
      version: '0.1.0',
      uptime_s: 5,
      checks: [],
    })
    await using keyed = await startGateway(
      createScriptedNode({ keys: [keyOf('sk', { role: 'operator' })], isReady: false }),
    )
    const blind = await fetch(`${keyed.url}/healthz`)
    expect([blind.status, await blind.json()]).toEqual([503, { status: 'failed', version: '0.1.0' }])
    const seen = await fetch(`${keyed.url}/healthz`, { headers: { authorization: 'Bearer sk' } })
    expect(await seen.json()).toMatchObject({ uptime_s: 5 })
  })

  it('gives its metrics as Prometheus reads them', async () => {
    await using running = await startGateway(createScriptedNode())
    const response = await fetch(`${running.url}/metrics`)
    expect([response.headers.get('content-type'), await response.text()]).toEqual([
      'text/plain; version=0.0.4; charset=utf-8',
      'kernell_tasks_total 3\n',
    ])
  })

  it('says at its root what it has', async () => {
    await using running = await startGateway(createScriptedNode())
    expect(await (await fetch(running.url)).json()).toMatchObject({
      name: 'kernell-os',
      endpoints: expect.arrayContaining(['POST /v1/chat/completions', 'GET /v1/models/:id*']) as string[],
    })
  })

  it('answers HEAD without a body', async () => {
    await using running = await startGateway(createScriptedNode())
    const response = await fetch(`${running.url}/healthz`, { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })
})
