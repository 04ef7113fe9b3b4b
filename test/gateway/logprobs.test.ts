import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from './real-node.ts'

const clientOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 })
const ASKED = {
  model: 'kernell-cheap',
  messages: [{ role: 'user' as const, content: 'Write two lines about the sea at night.' }],
  logprobs: true,
  top_logprobs: 1,
}
const CAPABLE = { 'thrifty/thrifty-1': { tier: 'cheap_api' as const, capabilities: { logprobs: true } } }

const likely = (token: string, logprob: number): object => ({
  token,
  logprob,
  bytes: [...Buffer.from(token)],
  top_logprobs: [{ token, logprob, bytes: null }],
})

/** Pieces with the same text, as repeated words are: one differs in its likelihood, one in nothing. */
const PIECES = [likely('Sea ', -0.25), likely('Sea ', -0.25), likely('Sea ', -0.75)]

function body(isStreaming: boolean): string {
  if (!isStreaming) {
    const message = { role: 'assistant', content: 'Sea Sea Sea ' }
    const choice = { index: 0, message, logprobs: { content: PIECES, refusal: null }, finish_reason: 'stop' }
    return JSON.stringify({ model: 'm', choices: [choice], usage: { prompt_tokens: 4, completion_tokens: 2 } })
  }
  const chunks = PIECES.map((piece) => ({
    choices: [{ index: 0, delta: { content: 'Sea ' }, logprobs: { content: [piece], refusal: null } }],
  }))
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
  return [...chunks, end].map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('') + 'data: [DONE]\n\n'
}

describe('likelihoods of tokens', () => {
  it('come from a model that gives them, streamed or not, also out of the cache', async () => {
    await using upstream = await startUpstreamServer({
      behaviour: (call) => ({ kind: 'raw', body: body(call.body?.['stream'] === true) }),
    })
    await using running = await startRealGateway({ ...tiersAt({ cheap: upstream.baseUrl }), models: CAPABLE })
    const client = clientOf(running.url)
    const streamed = []
    for await (const chunk of await client.chat.completions.create({ ...ASKED, stream: true }))
      streamed.push(...(chunk.choices[0]?.logprobs?.content ?? []))
    expect(streamed).toEqual(PIECES)
    const { data, response } = await client.chat.completions.create(ASKED).withResponse()
    expect([data.choices[0]?.logprobs, response.headers.get('x-kernell-cache')]).toEqual([
      { content: PIECES, refusal: null },
      'exact',
    ])
    const fresh = await client.chat.completions.create(ASKED, { headers: { 'x-kernell-cache': 'off' } })
    expect(fresh.choices[0]?.logprobs).toEqual({ content: PIECES, refusal: null })
    expect(upstream.calls.map((call) => [call.body?.['logprobs'], call.body?.['top_logprobs']])).toEqual([
      [true, 1],
      [true, 1],
    ])
  })

  it('are those of each of several answers, streamed or not', async () => {
    await using upstream = await startUpstreamServer({
      behaviour: (call) => ({ kind: 'raw', body: body(call.body?.['stream'] === true) }),
    })
    await using running = await startRealGateway({ ...tiersAt({ cheap: upstream.baseUrl }), models: CAPABLE })
    const client = clientOf(running.url)
    const streamed: OpenAI.ChatCompletionTokenLogprob[][] = [[], []]
    for await (const chunk of await client.chat.completions.create({ ...ASKED, n: 2, stream: true }))
      for (const { index, logprobs } of chunk.choices) streamed[index]?.push(...(logprobs?.content ?? []))
    expect(streamed).toEqual([PIECES, PIECES])
    const whole = await client.chat.completions.create({ ...ASKED, n: 2 })
    expect(whole.choices.map(({ logprobs }) => logprobs?.content)).toEqual([PIECES, PIECES])
  })

  it('are asked of no model that has none, and of no exact tool', async () => {
    await using upstream = await startUpstreamServer()
    await using running = await startRealGateway(tiersAt({ cheap: upstream.baseUrl }))
    const asked = clientOf(running.url).chat.completions.create({
      ...ASKED,
      model: 'kernell',
      messages: [{ role: 'user', content: 'What is 2 + 2?' }],
    })
    await expect(asked).rejects.toMatchObject({ status: 422, code: 'ROUTER_NO_CAPABLE_MODEL' })
    expect(upstream.callCount).toBe(0)
  })

  it('are null where the model gave none all the same', async () => {
    await using upstream = await startUpstreamServer()
    await using running = await startRealGateway({ ...tiersAt({ cheap: upstream.baseUrl }), models: CAPABLE })
    const completion = await clientOf(running.url).chat.completions.create(ASKED)
    expect(completion.choices[0]?.logprobs).toBeNull()
  })
})
