import { expect, it } from 'vitest'
import type { Amount } from '../../src/base/money.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { createModelPolicyAdviser } from '../../src/models/model-policy-adviser.ts'
import type { LanguageModel } from '../../src/ports/language-model.ts'

const model: LanguageModel = {
  modelId: 'near/small',
  provider: 'near',
  doGenerate: async () => ({
    text: '{"route":"cheap","confidence":0.8,"needs_decomposition":false,"risk":"low"}',
    toolCalls: [],
    finishReason: 'stop',
    usage: { tokensIn: 100, tokensOut: 20, cachedTokensIn: 0, isEstimated: false },
  }),
  doStream() {
    throw new Error('nobody streams advice')
  },
}

it.each([2n as Amount, undefined])('advice costs what its model costs, priced or not: %s a token', async (price) => {
  const adviser = createModelPolicyAdviser({
    model,
    costOf: ({ tokensIn, tokensOut }) =>
      price === undefined ? undefined : ((price * BigInt(tokensIn + tokensOut)) as Amount),
    clock: { now: () => timestampFromMs(0), monotonicMs: () => 5, timeoutSignal: () => new AbortController().signal },
  })
  const { overhead } = await adviser.advise({ prompt: 'hi' })
  expect(overhead).toEqual({
    purpose: 'policy',
    model: 'near/small',
    tokensIn: 100,
    tokensOut: 20,
    costNanos: price === undefined ? undefined : 240n,
    latencyMs: 0,
  })
})
