import { describe, expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { LanguageModel, ModelRequest, ModelStreamPart } from '../../src/ports/language-model.ts'
import type { Timers } from '../../src/ports/timers.ts'
import { answerOfParts, partsOfAnswer } from '../../src/testing/answer-parts.ts'
import { LANGUAGE_MODEL_CASES } from '../../src/testing/conformance/language-model-cases.ts'
import { createRecordedModel, createRecordingModel, hashModelRequest } from '../../src/testing/recorded-model.ts'
import { createScriptedModel } from '../../src/testing/scripted-model.ts'
import { collectParts } from '../fixtures/collect-parts.ts'

const ask = (content: string): ModelRequest => ({ messages: [{ role: 'user', content }] })
const REQUEST = ask('What is the answer?')
const FAILURE = new CodedError('MODEL_SERVER_ERROR', { message: 'down', details: { status: 500 } })

test('the suite of the port has the cases that every adapter runs', () => {
  expect(LANGUAGE_MODEL_CASES.length).toBe(12)
  expect(new Set(LANGUAGE_MODEL_CASES.map((item) => item.name)).size).toBe(12)
})

describe('a scripted model keeps the promises of the port', () => {
  test.each(LANGUAGE_MODEL_CASES)('$name', async ({ run }) => {
    const model = createScriptedModel({ replies: 'A scripted answer.' })
    await run({ model, request: REQUEST, failing: createScriptedModel({ replies: { kind: 'throw', error: FAILURE } }) })
  })
})

describe('a recorded model keeps the promises of the port', () => {
  test.each(LANGUAGE_MODEL_CASES)('$name', async ({ run }) => {
    const lines: string[] = []
    const recording = createRecordingModel({
      model: createScriptedModel({ replies: 'A recorded answer.' }),
      append: (line) => void lines.push(line),
    })
    await recording.doGenerate(REQUEST)
    const model = createRecordedModel({ modelId: 'scripted', provider: 'scripted', lines })
    await run({
      model,
      request: REQUEST,
      failing: createRecordedModel({ modelId: 'scripted', provider: 'x', lines: [] }),
    })
  })
})

describe('a scripted model', () => {
  test('answers by list and remembers frozen copies of what it was asked', async () => {
    const model = createScriptedModel({ replies: ['one', { kind: 'answer', text: 'two', finishReason: 'length' }] })
    expect((await model.doGenerate(ask('a'))).text).toBe('one')
    expect(await model.doGenerate(ask('b'))).toMatchObject({ text: 'two', finishReason: 'length' })
    await expect(model.doGenerate(ask('c'))).rejects.toThrow(RangeError)
    expect(model.calls).toEqual([ask('a'), ask('b'), ask('c')])
    expect(Object.isFrozen(model.calls[0]?.messages[0])).toBe(true)
  })

  test('answers by function of the request', async () => {
    const model = createScriptedModel({ replies: (request, index) => `${index}:${request.messages.length}` })
    expect((await model.doGenerate(REQUEST)).text).toBe('0:1')
    expect((await model.doGenerate(REQUEST)).text).toBe('1:1')
  })

  test('throws, refuses, truncates and calls tools as it is told', async () => {
    const toolCalls = [{ id: 'c', name: 'look', arguments: '{}' }]
    const model = createScriptedModel({
      replies: [
        { kind: 'throw', error: FAILURE },
        { kind: 'refuse', refusal: 'No.' },
        { kind: 'answer', toolCalls },
        { kind: 'truncate', text: 'abcdef', afterPieces: 1 },
        { kind: 'truncate', text: 'abcdef', afterPieces: 1 },
      ],
    })
    await expect(model.doGenerate(REQUEST)).rejects.toBe(FAILURE)
    expect(await model.doGenerate(REQUEST)).toMatchObject({ text: '', refusal: 'No.' })
    expect(await model.doGenerate(REQUEST)).toMatchObject({ toolCalls, finishReason: 'tool-calls' })
    await expect(model.doGenerate(REQUEST)).rejects.toMatchObject({ code: 'MODEL_STREAM_TRUNCATED' })
    const parts: ModelStreamPart[] = []
    const reading = (async () => {
      for await (const part of model.doStream(REQUEST)) parts.push(part)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'MODEL_STREAM_TRUNCATED' })
    expect(parts).toEqual([{ type: 'text-delta', text: 'ab' }])
  })

  test('waits on the timers it was given, and stops waiting when the caller aborts', async () => {
    const due: (() => void)[] = []
    let cancelled = 0
    const timers: Timers = {
      schedule: (_delayMs, callback) => {
        due.push(callback)
        return { cancel: () => void cancelled++ }
      },
    }
    const model = createScriptedModel({ replies: { kind: 'answer', text: 'late', delayMs: 50 }, timers })
    const answer = model.doGenerate(REQUEST)
    await Promise.resolve()
    due[0]?.()
    expect((await answer).text).toBe('late')
    const controller = new AbortController()
    const aborted = model.doGenerate(REQUEST, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    expect([cancelled, model.abandonedCount]).toEqual([2, 1])
  })

  test('hangs until the caller aborts', async () => {
    const controller = new AbortController()
    const answer = createScriptedModel({ replies: { kind: 'hang' } }).doGenerate(REQUEST, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(answer).rejects.toThrow('enough')
  })

  test('counts the callers who leave its stream', async () => {
    const model = createScriptedModel({ replies: 'abc' })
    for await (const _part of model.doStream(REQUEST)) break
    await collectParts(model.doStream(REQUEST))
    expect(model.abandonedCount).toBe(1)
  })
})

describe('a recording', () => {
  const record = async (
    model: LanguageModel,
    calls: (recording: LanguageModel) => Promise<unknown>,
  ): Promise<string[]> => {
    const lines: string[] = []
    await calls(createRecordingModel({ model, append: (line) => void lines.push(line) }))
    return lines
  }

  test('replays streams as whole answers and back, in order, the last one for ever', async () => {
    const lines = await record(createScriptedModel({ replies: ['one', 'two'] }), async (recording) => {
      await collectParts(recording.doStream(REQUEST))
      await recording.doGenerate(REQUEST)
    })
    const model = createRecordedModel({ modelId: 'scripted', provider: 'scripted', lines: [...lines, ''] })
    expect((await model.doGenerate(REQUEST)).text).toBe('one')
    expect(answerOfParts(await collectParts(model.doStream(REQUEST))).text).toBe('two')
    expect((await model.doGenerate(REQUEST)).text).toBe('two')
  })

  test('replays failures with their code', async () => {
    const lines = await record(
      createScriptedModel({ replies: { kind: 'throw', error: FAILURE } }),
      async (recording) => {
        await expect(recording.doGenerate(REQUEST)).rejects.toBe(FAILURE)
      },
    )
    const model = createRecordedModel({ modelId: 'scripted', provider: 'scripted', lines })
    await expect(model.doGenerate(REQUEST)).rejects.toMatchObject({ code: 'MODEL_SERVER_ERROR', message: 'down' })
  })

  test('does not hold calls that the caller left', async () => {
    const lines = await record(createScriptedModel({ replies: 'abc' }), async (recording) => {
      for await (const _part of recording.doStream(REQUEST)) break
    })
    expect(lines).toEqual([])
  })

  test('names a request that it does not have', async () => {
    const model = createRecordedModel({ modelId: 'm', provider: 'p', lines: [] })
    await expect(model.doGenerate(REQUEST)).rejects.toMatchObject({
      code: 'MODEL_RECORDING_MISSING',
      details: { requestHash: hashModelRequest('m', REQUEST) },
    })
  })

  test('finds a request whatever the order of its members', () => {
    const left = { messages: [], temperature: 1, seed: 2 }
    const right = { seed: 2, temperature: 1, messages: [] }
    expect(hashModelRequest('m', left)).toBe(hashModelRequest('m', right))
    expect(hashModelRequest('m', left)).not.toBe(hashModelRequest('n', left))
  })
})

test('an answer and its parts are two forms of one thing', () => {
  const answer = {
    text: 'Hello there',
    toolCalls: [{ id: 'c', name: 'look', arguments: '{"a":1}' }],
    finishReason: 'tool-calls',
    usage: { tokensIn: 1, tokensOut: 2, cachedTokensIn: 0, isEstimated: false },
    refusal: 'no',
    servedModel: 'm',
  } as const
  for (const pieces of [1, 2, 5, 100]) expect(answerOfParts(partsOfAnswer(answer, pieces))).toEqual(answer)
  expect(() => answerOfParts([{ type: 'text-delta', text: 'x' }])).toThrow(TypeError)
})
