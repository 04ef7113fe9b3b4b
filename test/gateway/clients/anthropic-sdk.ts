import Anthropic from '@anthropic-ai/sdk'
import { expect } from 'vitest'
import {
  callTools,
  CITY_SCHEMA,
  type ClientCases,
  degreesIn,
  imagesOf,
  KEY,
  limitOnce,
  MODEL,
  PIXEL,
  QUESTION,
  REPORT,
  REPORT_SCHEMA,
  resultsOf,
  TEXT,
  WEATHER_QUESTION,
} from './client-case.ts'

const clientOf = (url: string, init: ConstructorParameters<typeof Anthropic>[0] = {}): Anthropic =>
  new Anthropic({ baseURL: url, apiKey: KEY, maxRetries: 0, ...init })
const asked = (content: Anthropic.MessageParam['content']): Anthropic.MessageCreateParamsNonStreaming => ({
  model: MODEL,
  max_tokens: 200,
  messages: [{ role: 'user', content }],
})
const TOOLS: Anthropic.Tool[] = [
  { name: 'weather', input_schema: { ...CITY_SCHEMA, required: [...CITY_SCHEMA.required] } },
]

function resultsFor(content: readonly Anthropic.ContentBlock[]): Anthropic.ToolResultBlockParam[] {
  const calls = content.filter((block) => block.type === 'tool_use')
  return calls.map(({ id, input }) => ({
    type: 'tool_result',
    tool_use_id: id,
    content: degreesIn((input as { city: string }).city),
  }))
}

/** The message that follows the results of the tools that the first one called. */
async function afterTools(client: Anthropic, content: Anthropic.ContentBlock[]): Promise<Anthropic.Message> {
  const { messages, ...rest } = asked(WEATHER_QUESTION)
  return await client.messages.create({
    ...rest,
    tools: TOOLS,
    messages: [
      ...messages,
      { role: 'assistant', content: content as Anthropic.ContentBlockParam[] },
      { role: 'user', content: resultsFor(content) },
    ],
  })
}

export const ANTHROPIC_SDK: ClientCases = {
  client: '@anthropic-ai/sdk',
  package: '@anthropic-ai/sdk',
  interface: '/v1/messages',
  cases: {
    async answer({ url }) {
      const message = await clientOf(url).messages.create(asked(QUESTION))
      expect(message).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text', text: TEXT }] })
      expect(message._request_id).toBe(message.id.replace('msg_', ''))
    },
    async stream({ url }) {
      const stream = clientOf(url).messages.stream(asked(QUESTION))
      const pieces: string[] = []
      stream.on('text', (piece) => pieces.push(piece))
      expect(await stream.finalText()).toBe(TEXT)
      expect(pieces.join('')).toBe(TEXT)
    },
    async tools({ url, upstream }) {
      callTools(upstream, 'one')
      const client = clientOf(url)
      const first = await client.messages.create({ ...asked(WEATHER_QUESTION), tools: TOOLS })
      expect(first.stop_reason).toBe('tool_use')
      const next = await afterTools(client, first.content)
      expect(next.content[0]?.type === 'text' && next.content[0].text).toContain('Seven degrees')
      expect(resultsOf(upstream, 1)).toEqual({ call_1: '7 degrees' })
    },
    async parallel({ url, upstream }) {
      callTools(upstream, 'two')
      const client = clientOf(url)
      const stream = client.messages.stream({ ...asked(WEATHER_QUESTION), tools: TOOLS })
      await afterTools(client, (await stream.finalMessage()).content)
      expect(resultsOf(upstream, 1)).toEqual({ call_1: '7 degrees', call_2: '9 degrees' })
    },
    async structured({ url, upstream }) {
      upstream.respondWith({ kind: 'answer', text: JSON.stringify(REPORT) })
      const message = await clientOf(url).messages.create({
        ...asked(WEATHER_QUESTION),
        output_config: { format: { type: 'json_schema', schema: { ...REPORT_SCHEMA } } },
      })
      const [block] = message.content
      expect(block?.type === 'text' && JSON.parse(block.text)).toEqual(REPORT)
      expect(upstream.calls[0]?.body?.['response_format']).toMatchObject({ json_schema: { schema: REPORT_SCHEMA } })
    },
    async images({ url, upstream }) {
      await clientOf(url).messages.create(
        asked([
          { type: 'text', text: QUESTION },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
        ]),
      )
      expect(imagesOf(upstream)).toEqual([`data:image/png;base64,${PIXEL}`])
    },
    choices: { because: 'There is one message to a request of this interface.' },
    async usage({ url }) {
      const usage = { input_tokens: 12, output_tokens: 9 }
      const client = clientOf(url)
      expect((await client.messages.create(asked(QUESTION))).usage).toMatchObject(usage)
      const stream = client.messages.stream(asked('Write a line about the sea by day.'))
      expect((await stream.finalMessage()).usage).toMatchObject(usage)
    },
    async abort({ url, upstream }) {
      upstream.respondWith({ kind: 'stall', afterChunks: 2, text: TEXT })
      const stream = clientOf(url).messages.stream(asked(QUESTION))
      stream.on('text', () => stream.abort())
      await expect(stream.done()).rejects.toThrow(Anthropic.APIUserAbortError)
      await upstream.waitForAborts(1)
    },
    async errors({ url, upstream }) {
      const send = async (client: Anthropic, more: object = {}): Promise<unknown> =>
        await client.messages.create({ ...asked(QUESTION), ...more })
      const client = clientOf(url)
      await expect(send(clientOf(url, { apiKey: 'sk-wrong' }))).rejects.toThrow(Anthropic.AuthenticationError)
      await expect(send(client, { model: 'nobody/knows' })).rejects.toThrow(Anthropic.NotFoundError)
      await expect(send(client, { max_tokens: 0 })).rejects.toMatchObject({ type: 'invalid_request_error' })
      upstream.respondWith({ kind: 'status', status: 429, body: { error: { message: 'slow down' } } })
      await expect(send(client)).rejects.toThrow(Anthropic.RateLimitError)
      upstream.respondWith({ kind: 'status', status: 500, body: { error: { message: 'oops' } } })
      await expect(send(client)).rejects.toThrow(Anthropic.InternalServerError)
    },
    async retry({ url, upstream }) {
      const waited = limitOnce(upstream, 900)
      await clientOf(url, { maxRetries: 1 }).messages.create(asked(QUESTION))
      expect(waited()).toBeGreaterThan(890)
    },
  },
}
