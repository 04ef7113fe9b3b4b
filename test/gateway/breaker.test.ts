import { describe, expect, it } from 'vitest'
import { createBreakingModel } from '../../src/models/breaking-model.ts'
import { CodedError } from '../../src/base/errors.ts'
import type { LanguageModel, ModelAnswer } from '../../src/ports/language-model.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from './real-node.ts'

const ask = async (url: string, content: string, model = 'kernell-cheap'): Promise<Response> =>
  await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }] }),
  })

describe('a provider that fails again and again', () => {
  it('is left alone after ten failures, while another model answers, and the caller is told when to come back', async () => {
    await using thrifty = await startUpstreamServer({ behaviour: { kind: 'status', status: 500, body: 'broken' } })
    await using grand = await startUpstreamServer({ behaviour: { kind: 'answer', text: 'The sea is wide and blue.' } })
    await using running = await startRealGateway(tiersAt({ cheap: thrifty.baseUrl, premium: grand.baseUrl }))
    for (let count = 0; count < 14; count += 1)
      expect((await ask(running.url, `Write line ${count} about the sea.`)).status).toBe(200)
    expect([thrifty.callCount, grand.callCount]).toEqual([10, 14])
    const alone = await ask(running.url, 'Write a line about rain.', 'thrifty/thrifty-1')
    expect(alone.status).toBe(502)
    expect(Number(alone.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await alone.text()).toContain('MODEL_CIRCUIT_OPEN')
    expect(thrifty.callCount).toBe(10)
  })

  it('is called again when it is well: no lost trial keeps it away', async () => {
    let nowMs = 0
    let calls = 0
    let behaviour: 'fail' | 'hang' | 'answer' = 'fail'
    const answer = {
      text: 'well',
      toolCalls: [],
      finishReason: 'stop',
      usage: { tokensIn: 1, tokensOut: 1, cachedTokensIn: 0, isEstimated: false },
    } as const
    const service: LanguageModel = {
      modelId: 'm',
      provider: 'p',
      async doGenerate(): Promise<ModelAnswer> {
        calls += 1
        if (behaviour === 'hang') return await new Promise(() => undefined)
        if (behaviour === 'fail') throw new CodedError('MODEL_SERVER_ERROR', { message: 'broken' })
        return await Promise.resolve(answer)
      },
      async *doStream() {
        yield { type: 'text-delta', text: 'w' }
        yield { type: 'finish', finishReason: 'stop', usage: answer.usage }
        await Promise.resolve()
      },
    }
    const rules = { failuresMax: 2, openMs: 100, openMsMax: 100, trialMs: 50 }
    const model = createBreakingModel(service, { clock: { monotonicMs: () => nowMs }, rules })
    const request = { messages: [{ role: 'user', content: 'a' }] } as const
    for (const _ of [1, 2])
      await expect(model.doGenerate(request)).rejects.toMatchObject({ code: 'MODEL_SERVER_ERROR' })
    await expect(model.doGenerate(request)).rejects.toMatchObject({
      code: 'MODEL_CIRCUIT_OPEN',
      details: { retryAfterMs: 100 },
    })
    nowMs = 100
    behaviour = 'hang'
    model.doGenerate(request).catch(() => undefined)
    await expect(model.doGenerate(request)).rejects.toMatchObject({ code: 'MODEL_CIRCUIT_OPEN' })
    nowMs = 150
    behaviour = 'answer'
    expect(await model.doGenerate(request)).toBe(answer)
    expect(await model.doGenerate(request)).toBe(answer)
    expect(calls).toBe(5)
    for await (const part of model.doStream(request)) if (part.type === 'text-delta') break
    expect(await model.doGenerate(request)).toBe(answer)
  })
})
