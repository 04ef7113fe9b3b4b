import * as conventions from '@opentelemetry/semantic-conventions/incubating'
import { expect, test } from 'vitest'
import { ERROR_TYPE, GEN_AI, GEN_AI_METRICS, genAiProviderOf } from '../../src/base/gen-ai-conventions.ts'

const known = new Set<unknown>(Object.values(conventions))

test('every name that is recorded is one of the conventions', () => {
  const names = [...Object.values(GEN_AI), ...Object.values(GEN_AI_METRICS), ERROR_TYPE]
  expect(names.filter((name) => !known.has(name))).toEqual([])
})

test('providers have the names of the conventions where those have one, else their own', () => {
  const providers = ['openai', 'anthropic', 'google', 'mistral', 'xai', 'groq', 'deepseek'].map(genAiProviderOf)
  expect(providers.filter((name) => !known.has(name))).toEqual([])
  expect(genAiProviderOf('ollama')).toBe('ollama')
})
