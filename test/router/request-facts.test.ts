import { describe, expect, it } from 'vitest'
import { estimateTokens } from '../../src/core/models/estimate-tokens.ts'
import type { ModelRequest } from '../../src/ports/language-model.ts'
import { factsOf } from '../../src/router/request-facts.ts'

const bare: ModelRequest = { messages: [{ role: 'user', content: 'Which harbour is deeper?' }] }
const tokensOf = (request: ModelRequest): number => factsOf(request, false).tokensIn
const extra = (request: Partial<ModelRequest>): number => tokensOf({ ...bare, ...request }) - tokensOf(bare)

const SCHEMA = { type: 'object', properties: { harbour: { type: 'string' }, depth: { type: 'number' } } }

describe('the estimate of input tokens', () => {
  it('counts definitions of tools', () => {
    const tools = [{ name: 'measure', description: 'Measures how deep a harbour is.', parameters: SCHEMA }]
    expect(extra({ tools })).toBe(estimateTokens(JSON.stringify(tools)))
  })

  it('counts the schema that the answer has to keep', () => {
    expect(extra({ responseFormat: { type: 'json-schema', name: 'depth', schema: SCHEMA } })).toBe(
      estimateTokens(JSON.stringify(SCHEMA)),
    )
  })

  it('counts the calls that an assistant made', () => {
    const toolCalls = [{ id: 'c1', name: 'measure', arguments: JSON.stringify({ harbour: 'x'.repeat(9_000) }) }]
    const messages = [...bare.messages, { role: 'assistant', content: null, toolCalls } as const]
    expect(extra({ messages })).toBeGreaterThan(1_000)
  })

  it('counts every image as the largest published figure', () => {
    const image = { type: 'image', url: 'https://example.com/a.png' } as const
    const text = { type: 'text', text: 'Which harbour is deeper?' } as const
    expect(extra({ messages: [{ role: 'user', content: [text, image, image] }] })).toBe(3_200)
  })
})
