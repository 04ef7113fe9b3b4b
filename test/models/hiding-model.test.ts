import { describe, expect, it } from 'vitest'
import { createHidingModel } from '../../src/models/hiding-model.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, ModelStreamPart } from '../../src/ports/language-model.ts'
import { PLANTED } from '../fixtures/planted-secrets.ts'

const USAGE = { tokensIn: 1, tokensOut: 1, cachedTokensIn: 0, isEstimated: false }
const TEXT = 'write to jane@example.com, password=hunter2"horse'

/** Says back what it was told, in pieces of three characters. */
function echoModel(heard: ModelRequest[]): LanguageModel {
  const said = (request: ModelRequest): string =>
    request.messages.map(({ content }) => (typeof content === 'string' ? content : JSON.stringify(content))).join('|')
  return {
    modelId: 'echo',
    provider: 'test',
    async doGenerate(request): Promise<ModelAnswer> {
      heard.push(request)
      const text = said(request)
      const toolCalls = [{ id: '1', name: 'send', arguments: JSON.stringify({ text }) }]
      return await Promise.resolve({ text, toolCalls, finishReason: 'stop', usage: USAGE })
    },
    async *doStream(request): AsyncGenerator<ModelStreamPart> {
      heard.push(request)
      const text = said(request)
      const argumentsText = JSON.stringify({ text })
      for (let at = 0; at < argumentsText.length; at += 3) {
        if (at < text.length) yield { type: 'text-delta', text: text.slice(at, at + 3) }
        yield { type: 'tool-call-delta', index: 0, argumentsText: argumentsText.slice(at, at + 3) }
      }
      yield { type: 'finish', finishReason: 'stop', usage: USAGE }
      await Promise.resolve()
    },
  }
}

async function read(
  parts: AsyncIterable<ModelStreamPart>,
): Promise<{ text: string; argumentsText: string; last: string }> {
  const out = { text: '', argumentsText: '', last: '' }
  for await (const part of parts) {
    if (part.type === 'text-delta') out.text += part.text
    if (part.type === 'tool-call-delta') out.argumentsText += part.argumentsText
    out.last = part.type
  }
  return out
}

describe('a model outside', () => {
  it('is told no secret that is cut over two parts of a message', async () => {
    const heard: ModelRequest[] = []
    const content = ['the key is sk-proj-aB3dE', '5fG7hJ9kL1mN3pQ5 ok'].map((text) => ({ type: 'text' as const, text }))
    await createHidingModel(echoModel(heard)).doGenerate({ messages: [{ role: 'user', content }] })
    expect(heard[0]?.messages[0]?.content).toEqual([
      { type: 'text', text: 'the key is <kernell-api-key-1>' },
      { type: 'text', text: ' ok' },
    ])
  })

  it('is told no secret, and its answer has them again, whole and in pieces', async () => {
    const heard: ModelRequest[] = []
    const model = createHidingModel(echoModel(heard))
    const request: ModelRequest = { messages: [{ role: 'user', content: TEXT }] }
    const answer = await model.doGenerate(request)
    expect(answer.text).toBe(TEXT)
    expect(JSON.parse(answer.toolCalls[0]?.arguments ?? '')).toEqual({ text: TEXT })
    const streamed = await read(model.doStream(request))
    expect(streamed.text).toBe(TEXT)
    expect(JSON.parse(streamed.argumentsText)).toEqual({ text: TEXT })
    expect(streamed.last).toBe('finish')
    expect(JSON.stringify(heard)).not.toMatch(/jane|hunter2/)
    expect(heard).toHaveLength(2)
  })

  it('is told none in any place of a request', async () => {
    const secret = PLANTED['api-key']?.[0]?.secret ?? ''
    expect(secret).not.toBe('')
    const heard: ModelRequest[] = []
    await createHidingModel(echoModel(heard)).doGenerate({
      messages: [
        { role: 'system', content: secret },
        { role: 'developer', content: secret },
        { role: 'user', content: [{ type: 'text', text: secret }], name: secret },
        { role: 'assistant', content: secret, toolCalls: [{ id: '1', name: 'x', arguments: `{"key":"${secret}"}` }] },
        { role: 'tool', content: secret, toolCallId: '1' },
      ],
      tools: [{ name: 'x', description: secret, parameters: { type: 'object', default: { key: [secret] } } }],
      stop: [secret],
      passThrough: { user: secret, metadata: { deep: [secret] } },
    })
    expect(JSON.stringify(heard)).not.toContain(secret)
  })

  it('gets a request without secrets as it is', async () => {
    const heard: ModelRequest[] = []
    const request: ModelRequest = { messages: [{ role: 'user', content: 'What is <kernell-email-1>?' }] }
    expect((await createHidingModel(echoModel(heard)).doGenerate(request)).text).toBe('What is <kernell-email-1>?')
    expect(heard).toEqual([request])
  })
})
