import { createOpenAICompatible, type OpenAICompatibleProvider } from '@ai-sdk/openai-compatible'
import { APICallError, generateText, isStepCount, jsonSchema, Output, streamText, tool } from 'ai'
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

function providerOf(url: string, apiKey = KEY): OpenAICompatibleProvider {
  const baseURL = `${url}/v1`
  return createOpenAICompatible({
    name: 'kernell',
    baseURL,
    apiKey,
    includeUsage: true,
    supportsStructuredOutputs: true,
  })
}

const weather = tool({
  description: 'How warm it is',
  inputSchema: jsonSchema<{ city: string }>({ ...CITY_SCHEMA, required: [...CITY_SCHEMA.required] }),
  execute: async ({ city }) => await Promise.resolve(degreesIn(city)),
})

export const AI_SDK: ClientCases = {
  client: 'ai with @ai-sdk/openai-compatible',
  package: 'ai',
  interface: '/v1/chat/completions',
  cases: {
    async answer({ url }) {
      const result = await generateText({ model: providerOf(url)(MODEL), prompt: QUESTION, maxRetries: 0 })
      expect([result.text, result.finishReason]).toEqual([TEXT, 'stop'])
    },
    async stream({ url }) {
      const result = streamText({ model: providerOf(url)(MODEL), prompt: QUESTION, maxRetries: 0 })
      let text = ''
      for await (const piece of result.textStream) text += piece
      expect([text, await result.finishReason]).toEqual([TEXT, 'stop'])
    },
    async tools({ url, upstream }) {
      callTools(upstream, 'one')
      const model = providerOf(url)(MODEL)
      const asked = { model, prompt: WEATHER_QUESTION, tools: { weather }, maxRetries: 0 }
      const result = await generateText({ ...asked, stopWhen: isStepCount(3) })
      expect(result.text).toContain('Seven degrees')
      expect(resultsOf(upstream, 1)).toEqual({ call_1: '7 degrees' })
    },
    async parallel({ url, upstream }) {
      callTools(upstream, 'two')
      const model = providerOf(url)(MODEL)
      const asked = { model, prompt: WEATHER_QUESTION, tools: { weather }, maxRetries: 0 }
      const result = streamText({ ...asked, stopWhen: isStepCount(3) })
      expect(await result.text).toContain('Seven degrees')
      expect(resultsOf(upstream, 1)).toEqual({ call_1: '7 degrees', call_2: '9 degrees' })
    },
    async structured({ url, upstream }) {
      upstream.respondWith({ kind: 'answer', text: JSON.stringify(REPORT) })
      const schema = jsonSchema<typeof REPORT>({ ...REPORT_SCHEMA, required: [...REPORT_SCHEMA.required] })
      const model = providerOf(url)(MODEL)
      const asked = { model, prompt: WEATHER_QUESTION, maxRetries: 0 }
      const result = await generateText({ ...asked, output: Output.object({ schema }) })
      expect(result.output).toEqual(REPORT)
      expect(upstream.calls[0]?.body?.['response_format']).toMatchObject({ type: 'json_schema' })
    },
    async images({ url, upstream }) {
      const content = [
        { type: 'text' as const, text: QUESTION },
        { type: 'file' as const, data: PIXEL, mediaType: 'image/png' },
      ]
      await generateText({ model: providerOf(url)(MODEL), messages: [{ role: 'user', content }], maxRetries: 0 })
      expect(imagesOf(upstream)).toEqual([`data:image/png;base64,${PIXEL}`])
    },
    choices: { because: 'The client reads the first answer only.' },
    async usage({ url }) {
      const usage = { inputTokens: 12, outputTokens: 9, totalTokens: 21 }
      const model = providerOf(url)(MODEL)
      expect((await generateText({ model, prompt: QUESTION, maxRetries: 0 })).usage).toMatchObject(usage)
      const streamed = streamText({ model, prompt: 'Write a line about the sea by day.', maxRetries: 0 })
      await streamed.consumeStream()
      expect(await streamed.usage).toMatchObject(usage)
    },
    async abort({ url, upstream }) {
      upstream.respondWith({ kind: 'stall', afterChunks: 2, text: TEXT })
      const controller = new AbortController()
      const result = streamText({
        model: providerOf(url)(MODEL),
        prompt: QUESTION,
        maxRetries: 0,
        abortSignal: controller.signal,
      })
      for await (const piece of result.textStream) if (piece !== '') controller.abort()
      await upstream.waitForAborts(1)
    },
    async errors({ url, upstream }) {
      const failureOf = async (provider: OpenAICompatibleProvider, model = MODEL): Promise<unknown> => {
        const error: unknown = await generateText({ model: provider(model), prompt: QUESTION, maxRetries: 0 }).catch(
          (failure: unknown) => failure,
        )
        return APICallError.isInstance(error) && [error.statusCode, error.isRetryable]
      }
      const provider = providerOf(url)
      expect(await failureOf(providerOf(url, 'sk-wrong'))).toEqual([401, false])
      expect(await failureOf(provider, 'nobody/knows')).toEqual([404, false])
      upstream.respondWith({ kind: 'status', status: 429, body: { error: { message: 'slow down' } } })
      expect(await failureOf(provider)).toEqual([429, true])
      upstream.respondWith({ kind: 'status', status: 500, body: { error: { message: 'oops' } } })
      expect(await failureOf(provider)).toEqual([502, true])
    },
    async retry({ url, upstream }) {
      const waited = limitOnce(upstream, 300)
      await generateText({ model: providerOf(url)(MODEL), prompt: QUESTION, maxRetries: 1 })
      expect(waited()).toBeGreaterThan(290)
      // Without the header it waits for two seconds.
      expect(waited()).toBeLessThan(1_900)
    },
  },
}
