import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents'
import OpenAI from 'openai'
import { expect } from 'vitest'
import { z } from 'zod'
import {
  callTools,
  type ClientCases,
  degreesIn,
  imagesOf,
  KEY,
  limitOnce,
  MODEL,
  PIXEL,
  QUESTION,
  REPORT,
  resultsOf,
  TEXT,
  WEATHER_QUESTION,
} from './client-case.ts'

function runnerOf(url: string, init: Partial<ConstructorParameters<typeof OpenAI>[0]> = {}): Runner {
  const openAIClient = new OpenAI({ baseURL: `${url}/v1`, apiKey: KEY, maxRetries: 0, ...init })
  return new Runner({
    modelProvider: new OpenAIProvider({ openAIClient, useResponses: true }),
    tracingDisabled: true,
  })
}

const weather = tool({
  name: 'weather',
  description: 'How warm it is',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => await Promise.resolve(degreesIn(city)),
})
const poet = (model = MODEL): Agent => new Agent({ name: 'Poet', instructions: 'Be brief.', model })
const forecaster = new Agent({ name: 'Forecaster', instructions: 'Look first.', model: MODEL, tools: [weather] })

export const OPENAI_AGENTS: ClientCases = {
  client: '@openai/agents',
  package: '@openai/agents',
  interface: '/v1/responses',
  cases: {
    async answer({ url, upstream }) {
      const result = await runnerOf(url).run(poet(), QUESTION)
      expect(result.finalOutput).toBe(TEXT)
      expect(upstream.calls[0]?.body?.['messages']).toMatchObject([{ role: 'system', content: 'Be brief.' }, {}])
    },
    async stream({ url }) {
      const result = await runnerOf(url).run(poet(), QUESTION, { stream: true })
      let text = ''
      for await (const piece of result.toTextStream()) text += piece
      await result.completed
      expect([text, result.finalOutput]).toEqual([TEXT, TEXT])
    },
    async tools({ url, upstream }) {
      callTools(upstream, 'one')
      const result = await runnerOf(url).run(forecaster, WEATHER_QUESTION)
      expect(result.finalOutput).toContain('Seven degrees')
      expect(resultsOf(upstream, 1)).toEqual({ call_1: '7 degrees' })
    },
    async parallel({ url, upstream }) {
      callTools(upstream, 'two')
      const result = await runnerOf(url).run(forecaster, WEATHER_QUESTION, { stream: true })
      await result.completed
      expect(result.finalOutput).toContain('Seven degrees')
      expect(resultsOf(upstream, 1)).toEqual({ call_1: '7 degrees', call_2: '9 degrees' })
    },
    async structured({ url, upstream }) {
      upstream.respondWith({ kind: 'answer', text: JSON.stringify(REPORT) })
      const outputType = z.object({ city: z.string(), degrees: z.number() })
      const agent = new Agent({ name: 'Reporter', instructions: 'Report.', model: MODEL, outputType })
      expect((await runnerOf(url).run(agent, WEATHER_QUESTION)).finalOutput).toEqual(REPORT)
      expect(upstream.calls[0]?.body?.['response_format']).toMatchObject({ type: 'json_schema' })
    },
    async images({ url, upstream }) {
      const image = `data:image/png;base64,${PIXEL}`
      const content = [
        { type: 'input_text' as const, text: QUESTION },
        { type: 'input_image' as const, image },
      ]
      await runnerOf(url).run(poet(), [{ role: 'user', content }])
      expect(imagesOf(upstream)).toEqual([image])
    },
    choices: { because: 'There is one response to a request of this interface.' },
    async usage({ url }) {
      const usage = { requests: 1, inputTokens: 12, outputTokens: 9, totalTokens: 21 }
      expect((await runnerOf(url).run(poet(), QUESTION)).state.usage).toMatchObject(usage)
      const streamed = await runnerOf(url).run(poet(), 'Write a line about the sea by day.', { stream: true })
      await streamed.completed
      expect(streamed.state.usage).toMatchObject(usage)
    },
    async abort({ url, upstream }) {
      upstream.respondWith({ kind: 'stall', afterChunks: 2, text: TEXT })
      const controller = new AbortController()
      const result = await runnerOf(url).run(poet(), QUESTION, { stream: true, signal: controller.signal })
      for await (const piece of result.toTextStream()) if (piece !== '') controller.abort()
      await upstream.waitForAborts(1)
    },
    async errors({ url, upstream }) {
      const run = async (runner: Runner, model = MODEL): Promise<unknown> => await runner.run(poet(model), QUESTION)
      await expect(run(runnerOf(url, { apiKey: 'sk-wrong' }))).rejects.toThrow(OpenAI.AuthenticationError)
      await expect(run(runnerOf(url), 'nobody/knows')).rejects.toThrow(OpenAI.NotFoundError)
      upstream.respondWith({ kind: 'status', status: 429, body: { error: { message: 'slow down' } } })
      await expect(run(runnerOf(url))).rejects.toThrow(OpenAI.RateLimitError)
    },
    async retry({ url, upstream }) {
      const waited = limitOnce(upstream, 900)
      await runnerOf(url, { maxRetries: 1 }).run(poet(), QUESTION)
      expect(waited()).toBeGreaterThan(890)
    },
  },
}
