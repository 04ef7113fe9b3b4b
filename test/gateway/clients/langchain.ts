import { HumanMessage, ToolMessage } from '@langchain/core/messages'
import { ChatOpenAI, type ChatOpenAIFields } from '@langchain/openai'
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

const modelOf = (url: string, init: ChatOpenAIFields = {}): ChatOpenAI =>
  new ChatOpenAI({ model: MODEL, apiKey: KEY, maxRetries: 0, configuration: { baseURL: `${url}/v1` }, ...init })
const TOOLS = [{ type: 'function' as const, function: { name: 'weather', parameters: CITY_SCHEMA } }]

function resultsFor(calls: readonly { readonly id?: string; readonly args: Record<string, unknown> }[]): ToolMessage[] {
  return calls.map(
    ({ id = '', args }) => new ToolMessage({ tool_call_id: id, content: degreesIn(String(args['city'])) }),
  )
}

export const LANGCHAIN: ClientCases = {
  client: '@langchain/openai',
  package: '@langchain/openai',
  interface: '/v1/chat/completions',
  cases: {
    async answer({ url }) {
      expect((await modelOf(url).invoke(QUESTION)).text).toBe(TEXT)
    },
    async stream({ url }) {
      let text = ''
      for await (const chunk of await modelOf(url).stream(QUESTION)) text += chunk.text
      expect(text).toBe(TEXT)
    },
    async tools({ url, upstream }) {
      callTools(upstream, 'one')
      const model = modelOf(url).bindTools(TOOLS)
      const asked = new HumanMessage(WEATHER_QUESTION)
      const first = await model.invoke([asked])
      const next = await model.invoke([asked, first, ...resultsFor(first.tool_calls ?? [])])
      expect(next.text).toContain('Seven degrees')
      expect(resultsOf(upstream, 1)).toEqual({ call_1: '7 degrees' })
    },
    async parallel({ url, upstream }) {
      callTools(upstream, 'two')
      const model = modelOf(url).bindTools(TOOLS, { parallel_tool_calls: true })
      const asked = new HumanMessage(WEATHER_QUESTION)
      let first
      for await (const chunk of await model.stream([asked])) first = first === undefined ? chunk : first.concat(chunk)
      if (first === undefined) throw new Error('The stream was empty')
      await model.invoke([asked, first, ...resultsFor(first.tool_calls ?? [])])
      expect(resultsOf(upstream, 1)).toEqual({ call_1: '7 degrees', call_2: '9 degrees' })
      expect(upstream.calls[0]?.body?.['parallel_tool_calls']).toBe(true)
    },
    async structured({ url, upstream }) {
      upstream.respondWith({ kind: 'answer', text: JSON.stringify(REPORT) })
      const model = modelOf(url).withStructuredOutput(REPORT_SCHEMA, { name: 'report', method: 'jsonSchema' })
      expect(await model.invoke(WEATHER_QUESTION)).toEqual(REPORT)
      expect(upstream.calls[0]?.body?.['response_format']).toMatchObject({ type: 'json_schema' })
    },
    async images({ url, upstream }) {
      const image = `data:image/png;base64,${PIXEL}`
      const content = [
        { type: 'text', text: QUESTION },
        { type: 'image_url', image_url: { url: image } },
      ]
      await modelOf(url).invoke([new HumanMessage({ content })])
      expect(imagesOf(upstream)).toEqual([image])
    },
    async choices({ url, upstream }) {
      numberAnswers(upstream)
      const { generations } = await modelOf(url, { n: 3 }).generate([[new HumanMessage(QUESTION)]])
      expect(generations[0]?.map(({ text }) => text).toSorted()).toEqual(numberedAnswers(3))
    },
    async usage({ url }) {
      const usage = { input_tokens: 12, output_tokens: 9, total_tokens: 21 }
      expect((await modelOf(url).invoke(QUESTION)).usage_metadata).toMatchObject(usage)
      let last
      for await (const chunk of await modelOf(url).stream('Write a line about the sea by day.'))
        last = last === undefined ? chunk : last.concat(chunk)
      expect(last?.usage_metadata).toMatchObject(usage)
    },
    async abort({ url, upstream }) {
      upstream.respondWith({ kind: 'stall', afterChunks: 2, text: TEXT })
      const controller = new AbortController()
      const read = async (): Promise<void> => {
        for await (const chunk of await modelOf(url).stream(QUESTION, { signal: controller.signal }))
          if (chunk.text !== '') controller.abort()
      }
      await expect(read()).rejects.toThrow(/abort/i)
      await upstream.waitForAborts(1)
    },
    async errors({ url, upstream }) {
      const statusOf = async (model: ChatOpenAI): Promise<unknown> =>
        await model.invoke(QUESTION).catch((error: unknown) => (error as { readonly status?: unknown }).status)
      expect(await statusOf(modelOf(url, { apiKey: 'sk-wrong' }))).toBe(401)
      expect(await statusOf(modelOf(url, { model: 'nobody/knows' }))).toBe(404)
      expect(await statusOf(modelOf(url, { temperature: 9 }))).toBe(400)
      upstream.respondWith({ kind: 'status', status: 429, body: { error: { message: 'slow down' } } })
      expect(await statusOf(modelOf(url))).toBe(429)
    },
    async retry({ url, upstream }) {
      const waited = limitOnce(upstream, 900)
      await modelOf(url, { maxRetries: 1 }).invoke(QUESTION)
      expect(waited()).toBeGreaterThan(890)
    },
  },
}
