import OpenAI from 'openai'
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
  numberAnswers,
  numberedAnswers,
  PIXEL,
  QUESTION,
  REPORT,
  REPORT_SCHEMA,
  resultsOf,
  TEXT,
  WEATHER_QUESTION,
} from './client-case.ts'

const clientOf = (url: string, init: Partial<ConstructorParameters<typeof OpenAI>[0]> = {}): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: KEY, maxRetries: 0, ...init })
const ask = (content: string): OpenAI.ChatCompletionMessageParam[] => [{ role: 'user', content }]
const TOOLS: OpenAI.ChatCompletionTool[] = [
  { type: 'function', function: { name: 'weather', parameters: CITY_SCHEMA, strict: true } },
]

export const OPENAI_CHAT: ClientCases = {
  client: 'openai, chat completions',
  package: 'openai',
  interface: '/v1/chat/completions',
  cases: {
    async answer({ url }) {
      const completion = await clientOf(url).chat.completions.create({ model: MODEL, messages: ask(QUESTION) })
      expect(completion.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: TEXT } })
      expect(completion._request_id).toBe(completion.id.replace('chatcmpl-', ''))
    },
    async stream({ url }) {
      const stream = clientOf(url).chat.completions.stream({ model: MODEL, messages: ask(QUESTION) })
      const pieces: string[] = []
      stream.on('content', (piece) => pieces.push(piece))
      expect(await stream.finalContent()).toBe(TEXT)
      expect(pieces.join('')).toBe(TEXT)
    },
    async tools({ url, upstream }) {
      callTools(upstream, 'one')
      const runner = clientOf(url).chat.completions.runTools({
        model: MODEL,
        messages: ask(WEATHER_QUESTION),
        tools: [
          {
            type: 'function',
            function: {
              name: 'weather',
              parameters: { type: 'object', properties: { city: { type: 'string' } } },
              description: 'How warm it is',
              parse: JSON.parse as (text: string) => { city: string },
              function: ({ city }: { city: string }) => degreesIn(city),
            },
          },
        ],
      })
      expect(await runner.finalContent()).toContain('Seven degrees')
      expect(resultsOf(upstream, 1)).toEqual({ call_1: '7 degrees' })
    },
    async parallel({ url, upstream }) {
      callTools(upstream, 'two')
      const stream = clientOf(url).chat.completions.stream({
        model: MODEL,
        messages: ask(WEATHER_QUESTION),
        tools: TOOLS,
        parallel_tool_calls: true,
      })
      const { message, finish_reason } = (await stream.finalChatCompletion()).choices[0] ?? {}
      expect(finish_reason).toBe('tool_calls')
      expect(message?.tool_calls?.map((call) => call.type === 'function' && call.function.arguments)).toEqual([
        '{"city":"Oslo"}',
        '{"city":"Bergen"}',
      ])
      expect(upstream.calls[0]?.body?.['parallel_tool_calls']).toBe(true)
    },
    async structured({ url, upstream }) {
      upstream.respondWith({ kind: 'answer', text: JSON.stringify(REPORT) })
      const json_schema = { name: 'report', schema: REPORT_SCHEMA, strict: true }
      const completion = await clientOf(url).chat.completions.parse({
        model: MODEL,
        messages: ask(WEATHER_QUESTION),
        response_format: { type: 'json_schema', json_schema },
      })
      expect(completion.choices[0]?.message.parsed).toEqual(REPORT)
      expect(upstream.calls[0]?.body?.['response_format']).toEqual({ type: 'json_schema', json_schema })
    },
    async images({ url, upstream }) {
      const image = `data:image/png;base64,${PIXEL}`
      await clientOf(url).chat.completions.create({
        model: MODEL,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: QUESTION },
              { type: 'image_url', image_url: { url: image } },
            ],
          },
        ],
      })
      expect(imagesOf(upstream)).toEqual([image])
    },
    async choices({ url, upstream }) {
      numberAnswers(upstream)
      const asked = { model: MODEL, messages: ask(QUESTION), n: 3 }
      const whole = await clientOf(url).chat.completions.create({ ...asked, tools: TOOLS, tool_choice: 'none' })
      expect(whole.choices.map(({ index }) => index)).toEqual([0, 1, 2])
      expect(whole.choices.map(({ message }) => message.content ?? '').toSorted()).toEqual(numberedAnswers(3))
      upstream.respondWith({ kind: 'answer', text: JSON.stringify(REPORT) })
      const json_schema = { name: 'report', schema: REPORT_SCHEMA, strict: true }
      const parsed = await clientOf(url).chat.completions.parse({
        ...asked,
        response_format: { type: 'json_schema', json_schema },
      })
      expect(parsed.choices.map(({ message }) => message.parsed)).toEqual([REPORT, REPORT, REPORT])
      callTools(upstream, 'two')
      const stream = clientOf(url).chat.completions.stream({
        ...asked,
        messages: ask(WEATHER_QUESTION),
        tools: TOOLS,
        stream_options: { include_usage: true },
      })
      const { choices, usage } = await stream.finalChatCompletion()
      expect(choices.map(({ message }) => message.tool_calls?.length)).toEqual([2, 2, 2])
      expect(usage?.prompt_tokens).toBe(36)
      await expect(clientOf(url).chat.completions.create({ ...asked, n: 9 })).rejects.toThrow(OpenAI.BadRequestError)
    },
    async usage({ url }) {
      const usage = { prompt_tokens: 12, completion_tokens: 9, total_tokens: 21 }
      const whole = await clientOf(url).chat.completions.create({ model: MODEL, messages: ask(QUESTION) })
      expect(whole.usage).toMatchObject(usage)
      const stream = clientOf(url).chat.completions.stream({
        model: MODEL,
        messages: ask('Write a line about the sea by day.'),
        stream_options: { include_usage: true },
      })
      expect(await stream.totalUsage()).toMatchObject(usage)
    },
    async abort({ url, upstream }) {
      upstream.respondWith({ kind: 'stall', afterChunks: 2, text: TEXT })
      const stream = await clientOf(url).chat.completions.create({
        model: MODEL,
        messages: ask(QUESTION),
        stream: true,
      })
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
      await upstream.waitForAborts(1)
    },
    async errors({ url, upstream }) {
      const send = async (client: OpenAI, more: object = {}): Promise<unknown> =>
        await client.chat.completions.create({ model: MODEL, messages: ask(QUESTION), ...more })
      const client = clientOf(url)
      await expect(send(clientOf(url, { apiKey: 'sk-wrong' }))).rejects.toThrow(OpenAI.AuthenticationError)
      await expect(send(client, { model: 'nobody/knows' })).rejects.toThrow(OpenAI.NotFoundError)
      await expect(send(client, { temperature: 9 })).rejects.toThrow(OpenAI.BadRequestError)
      upstream.respondWith({ kind: 'status', status: 429, body: { error: { message: 'slow down' } } })
      await expect(send(client)).rejects.toThrow(OpenAI.RateLimitError)
      upstream.respondWith({ kind: 'status', status: 500, body: { error: { message: 'oops' } } })
      await expect(send(client)).rejects.toThrow(OpenAI.InternalServerError)
    },
    async retry({ url, upstream }) {
      const waited = limitOnce(upstream, 900)
      await clientOf(url, { maxRetries: 1 }).chat.completions.create({ model: MODEL, messages: ask(QUESTION) })
      // Without the header it waits for half a second at most.
      expect(waited()).toBeGreaterThan(890)
    },
  },
}
