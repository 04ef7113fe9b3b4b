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
const TOOLS: OpenAI.Responses.Tool[] = [
  { type: 'function', name: 'weather', parameters: { ...CITY_SCHEMA }, strict: true },
]

function resultsFor(output: readonly OpenAI.Responses.ResponseOutputItem[]): OpenAI.Responses.ResponseInput {
  const calls = output.filter((item) => item.type === 'function_call')
  return calls.map(({ call_id, arguments: text }) => ({
    type: 'function_call_output',
    call_id,
    output: degreesIn((JSON.parse(text) as { city: string }).city),
  }))
}

export const OPENAI_RESPONSES: ClientCases = {
  client: 'openai, responses',
  package: 'openai',
  interface: '/v1/responses',
  cases: {
    async answer({ url }) {
      const response = await clientOf(url).responses.create({ model: MODEL, input: QUESTION })
      expect([response.status, response.output_text]).toEqual(['completed', TEXT])
    },
    async stream({ url }) {
      const stream = clientOf(url).responses.stream({ model: MODEL, input: QUESTION })
      const pieces: string[] = []
      stream.on('response.output_text.delta', ({ delta }) => pieces.push(delta))
      expect((await stream.finalResponse()).output_text).toBe(TEXT)
      expect(pieces.join('')).toBe(TEXT)
    },
    async tools({ url, upstream }) {
      callTools(upstream, 'one')
      const client = clientOf(url)
      const first = await client.responses.create({ model: MODEL, input: WEATHER_QUESTION, tools: TOOLS })
      const input = resultsFor(first.output)
      const next = await client.responses.create({ model: MODEL, previous_response_id: first.id, input, tools: TOOLS })
      expect(next.output_text).toContain('Seven degrees')
      expect(resultsOf(upstream, 1)).toEqual({ call_1: '7 degrees' })
    },
    async parallel({ url, upstream }) {
      callTools(upstream, 'two')
      const client = clientOf(url)
      const asked = { role: 'user' as const, content: WEATHER_QUESTION }
      const stream = client.responses.stream({ model: MODEL, input: [asked], tools: TOOLS, store: false })
      const { output } = await stream.finalResponse()
      const input = [asked, ...output, ...resultsFor(output)] as OpenAI.Responses.ResponseInput
      await client.responses.create({ model: MODEL, input, tools: TOOLS, store: false })
      expect(resultsOf(upstream, 1)).toEqual({ call_1: '7 degrees', call_2: '9 degrees' })
    },
    async structured({ url, upstream }) {
      upstream.respondWith({ kind: 'answer', text: JSON.stringify(REPORT) })
      const response = await clientOf(url).responses.parse({
        model: MODEL,
        input: WEATHER_QUESTION,
        text: { format: { type: 'json_schema', name: 'report', schema: { ...REPORT_SCHEMA }, strict: true } },
      })
      expect(response.output_parsed).toEqual(REPORT)
      expect(upstream.calls[0]?.body?.['response_format']).toEqual({
        type: 'json_schema',
        json_schema: { name: 'report', schema: REPORT_SCHEMA, strict: true },
      })
    },
    async images({ url, upstream }) {
      const image = `data:image/png;base64,${PIXEL}`
      const content: OpenAI.Responses.ResponseInputMessageContentList = [
        { type: 'input_text', text: QUESTION },
        { type: 'input_image', image_url: image, detail: 'auto' },
      ]
      await clientOf(url).responses.create({ model: MODEL, input: [{ role: 'user', content }] })
      expect(imagesOf(upstream)).toEqual([image])
    },
    choices: { because: 'There is one response to a request of this interface.' },
    async usage({ url }) {
      const usage = { input_tokens: 12, output_tokens: 9, total_tokens: 21 }
      const client = clientOf(url)
      expect((await client.responses.create({ model: MODEL, input: QUESTION })).usage).toMatchObject(usage)
      const stream = client.responses.stream({ model: MODEL, input: 'Write a line about the sea by day.' })
      expect((await stream.finalResponse()).usage).toMatchObject(usage)
    },
    async abort({ url, upstream }) {
      upstream.respondWith({ kind: 'stall', afterChunks: 2, text: TEXT })
      const stream = await clientOf(url).responses.create({ model: MODEL, input: QUESTION, stream: true })
      for await (const event of stream) if (event.type === 'response.output_text.delta') break
      await upstream.waitForAborts(1)
    },
    async errors({ url, upstream }) {
      const send = async (client: OpenAI, more: object = {}): Promise<unknown> =>
        await client.responses.create({ model: MODEL, input: QUESTION, ...more })
      const client = clientOf(url)
      await expect(send(clientOf(url, { apiKey: 'sk-wrong' }))).rejects.toThrow(OpenAI.AuthenticationError)
      await expect(send(client, { model: 'nobody/knows' })).rejects.toThrow(OpenAI.NotFoundError)
      await expect(send(client, { previous_response_id: 'resp_none' })).rejects.toThrow(OpenAI.NotFoundError)
      await expect(send(client, { temperature: 9 })).rejects.toThrow(OpenAI.BadRequestError)
      upstream.respondWith({ kind: 'status', status: 429, body: { error: { message: 'slow down' } } })
      await expect(send(client)).rejects.toThrow(OpenAI.RateLimitError)
      upstream.respondWith({ kind: 'status', status: 500, body: { error: { message: 'oops' } } })
      await expect(send(client)).rejects.toThrow(OpenAI.InternalServerError)
    },
    async retry({ url, upstream }) {
      const waited = limitOnce(upstream, 900)
      await clientOf(url, { maxRetries: 1 }).responses.create({ model: MODEL, input: QUESTION })
      expect(waited()).toBeGreaterThan(890)
    },
  },
}
