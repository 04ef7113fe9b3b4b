import { connect } from 'node:net'
import { once } from 'node:events'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { ModelStreamPart } from '../../src/ports/language-model.ts'
import { createScriptedNode, FINISH, partsOf, resultOf, startGateway, streamOf, taskIdOf } from './scripted-node.ts'

const HELLO = [{ role: 'user' as const, content: 'Say hello' }]
const clientOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 })
const post = async (url: string, body: unknown): Promise<Response> =>
  await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

/** The data of every event, parsed, `[DONE]` as it is. */
async function eventsOf(response: Response): Promise<unknown[]> {
  const events = (await response.text()).split('\n\n').filter((event) => event !== '')
  return events.map((event) => {
    const data = event.replace(/^(?:event: \w+\n)?data: /, '')
    return data === '[DONE]' ? data : (JSON.parse(data) as unknown)
  })
}

describe('a streamed answer', () => {
  it('is a role chunk, deltas, the finish reason with the figures of the task, and the end', async () => {
    await using running = await startGateway(createScriptedNode())
    const response = await post(running.url, { model: 'kernell', messages: HELLO, stream: true })
    const id = `chatcmpl-${response.headers.get('x-request-id')}`
    const shape = {
      id,
      object: 'chat.completion.chunk',
      model: 'openai/small',
      system_fingerprint: null,
      created: expect.any(Number) as number,
    }
    const choice = (delta: unknown, finish: string | null = null): unknown => ({
      ...shape,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    })
    expect(await eventsOf(response)).toEqual([
      choice({ role: 'assistant', content: '', refusal: null }),
      choice({ content: 'Hello' }),
      choice({ content: ' there' }),
      {
        ...(choice({}, 'stop') as object),
        kernell: {
          task_id: response.headers.get('x-request-id'),
          route: 'cheap',
          tier: 'cheap_api',
          model: 'openai/small',
          provider: 'openai',
          cache: 'miss',
          cost_usd: 0.00125,
          premium_cost_usd: 0.025,
          is_cost_estimated: false,
          latency_ms: 12,
          attempts: 0,
          is_accepted: true,
        },
      },
      '[DONE]',
    ])
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('x-kernell-buffered')).toBe('false')
    expect(response.headers.get('x-kernell-cost-usd')).toBeNull()
  })

  it('ends with a usage chunk when the client asks for one', async () => {
    await using running = await startGateway(createScriptedNode())
    const events = (await eventsOf(
      await post(running.url, {
        model: 'kernell',
        messages: HELLO,
        stream: true,
        stream_options: { include_usage: true },
      }),
    )) as {
      usage?: unknown
      choices?: unknown[]
      kernell?: unknown
    }[]
    expect(events.at(-2)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
      kernell: { cost_usd: 0.00125 },
    })
    expect(events.slice(0, -2).map((event) => event.usage)).toEqual([null, null, null, null])
  })

  it('is assembled by the openai client, tool calls included', async () => {
    const parts: ModelStreamPart[] = [
      { type: 'text-delta', text: 'Looking. ' },
      { type: 'tool-call-delta', index: 0, id: 'c1', name: 'look', argumentsText: '' },
      { type: 'tool-call-delta', index: 0, argumentsText: '{"at":' },
      { type: 'tool-call-delta', index: 0, argumentsText: '"cat"}' },
      { ...FINISH, finishReason: 'tool-calls' } as ModelStreamPart,
    ]
    await using running = await startGateway(
      createScriptedNode({ routeStream: async (request) => streamOf(taskIdOf(request), partsOf(...parts)) }),
    )
    const stream = clientOf(running.url).chat.completions.stream({ model: 'kernell', messages: HELLO })
    const completion = await stream.finalChatCompletion()
    expect(completion.choices[0]?.message).toMatchObject({
      content: 'Looking. ',
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"cat"}' } }],
    })
    expect(completion.choices[0]?.finish_reason).toBe('tool_calls')
  })

  it('says that it was held back until it was accepted', async () => {
    const node = createScriptedNode({
      routeStream: async (request) =>
        streamOf(taskIdOf(request), partsOf(FINISH), { isBuffered: true, cache: 'exact' }),
    })
    await using running = await startGateway(node)
    const response = await post(running.url, { model: 'kernell', messages: HELLO, stream: true })
    expect([response.headers.get('x-kernell-buffered'), response.headers.get('x-kernell-cache')]).toEqual([
      'true',
      'exact',
    ])
    await response.text()
  })

  it('does not wait for figures that come late', async () => {
    const node = createScriptedNode({
      routeStream: async (request) =>
        streamOf(taskIdOf(request), partsOf(FINISH), { result: new Promise(() => undefined) }),
    })
    await using running = await startGateway(node, { limits: { resultWaitMs: 1 } })
    const events = await eventsOf(await post(running.url, { model: 'kernell', messages: HELLO, stream: true }))
    expect(events.at(-2)).toMatchObject({ kernell: { cost_usd: null, is_cost_pending: true } })
  })

  it('reaches the client part by part', async () => {
    const gate = Promise.withResolvers<void>()
    async function* parts(): AsyncGenerator<ModelStreamPart, void> {
      yield { type: 'text-delta', text: 'first' }
      await gate.promise
      yield FINISH
    }
    await using running = await startGateway(
      createScriptedNode({ routeStream: async (request) => streamOf(taskIdOf(request), parts()) }),
    )
    const seen: (string | null | undefined)[] = []
    for await (const chunk of await clientOf(running.url).chat.completions.create({
      model: 'kernell',
      messages: HELLO,
      stream: true,
    })) {
      seen.push(chunk.choices[0]?.delta.content)
      if (seen.length === 2) gate.resolve()
    }
    expect(seen).toEqual(['', 'first', undefined])
  })
})

describe('a stream that fails', () => {
  it('before the first byte is an ordinary error', async () => {
    const node = createScriptedNode({
      routeStream: async () => await Promise.reject(new CodedError('ROUTER_ALL_FAILED', { message: 'All failed' })),
    })
    await using running = await startGateway(node)
    const asking = clientOf(running.url).chat.completions.create({ model: 'kernell', messages: HELLO, stream: true })
    await expect(asking).rejects.toMatchObject({ status: 502, code: 'ROUTER_ALL_FAILED' })
  })

  it('at its very first part is an ordinary error too', async () => {
    async function* parts(): AsyncGenerator<ModelStreamPart, void> {
      yield* partsOf()
      throw new CodedError('ROUTER_ALL_FAILED', { message: 'All failed' })
    }
    await using running = await startGateway(
      createScriptedNode({ routeStream: async (request) => streamOf(taskIdOf(request), parts()) }),
    )
    expect((await post(running.url, { model: 'kernell', messages: HELLO, stream: true })).status).toBe(502)
  })

  it('after the first byte ends with an error event and no [DONE]', async () => {
    async function* parts(): AsyncGenerator<ModelStreamPart, void> {
      yield { type: 'text-delta', text: 'half of' }
      throw new CodedError('MODEL_STREAM_TRUNCATED', { message: 'The provider stopped' })
    }
    const node = createScriptedNode({
      routeStream: async (request) =>
        streamOf(taskIdOf(request), parts(), { result: Promise.reject(new Error('gone')) }),
    })
    await using running = await startGateway(node)
    const text = await (await post(running.url, { model: 'kernell', messages: HELLO, stream: true })).text()
    expect(text.split('\n\n').at(-2)).toMatch(
      /^event: error\ndata: \{"error":\{"message":"The provider stopped\..*"code":"MODEL_STREAM_TRUNCATED"\}\}$/,
    )
    expect(text).not.toContain('[DONE]')
    expect(running.failures).toHaveLength(1)

    const seen: unknown[] = []
    const reading = (async () => {
      for await (const chunk of await clientOf(running.url).chat.completions.create({
        model: 'kernell',
        messages: HELLO,
        stream: true,
      }))
        seen.push(chunk)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'MODEL_STREAM_TRUNCATED' })
    expect(seen).toHaveLength(2)
  })
})

describe('a reader that leaves or lags', () => {
  it('stops the work when it disconnects before the answer', async () => {
    const started = Promise.withResolvers<AbortSignal>()
    const node = createScriptedNode({
      route: async (_request, signal) => {
        started.resolve(signal)
        await once(signal, 'abort')
        throw signal.reason
      },
    })
    await using running = await startGateway(node)
    const controller = new AbortController()
    const asking = clientOf(running.url).chat.completions.create(
      { model: 'kernell', messages: HELLO },
      { signal: controller.signal },
    )
    const signal = await started.promise
    controller.abort()
    await expect(asking).rejects.toBeInstanceOf(OpenAI.APIUserAbortError)
    if (!signal.aborted) await once(signal, 'abort')
    expect(signal.reason).toMatchObject({ code: 'REQUEST_ABORTED' })
    expect(running.failures).toEqual([])
  })

  it('stops the model when it disconnects in the middle of a stream', async () => {
    const left = Promise.withResolvers<void>()
    const node = createScriptedNode({
      routeStream: async (request, signal) => {
        async function* parts(): AsyncGenerator<ModelStreamPart, void> {
          try {
            yield { type: 'text-delta', text: 'first' }
            if (!signal.aborted) await once(signal, 'abort')
            throw signal.reason
          } finally {
            left.resolve()
          }
        }
        return streamOf(taskIdOf(request), parts())
      },
    })
    await using running = await startGateway(node)
    for await (const chunk of await clientOf(running.url).chat.completions.create({
      model: 'kernell',
      messages: HELLO,
      stream: true,
    })) {
      if (chunk.choices[0]?.delta.content === 'first') break
    }
    await left.promise
    expect(running.failures).toEqual([])
  })

  it('is waited for when it does not read, so that memory does not grow', async () => {
    let given = 0
    const text = 'x'.repeat(16 * 1024)
    const stalled = Promise.withResolvers<void>()
    async function* parts(): AsyncGenerator<ModelStreamPart, void> {
      for (; given < 10_000; given += 1) {
        if (given === 100) stalled.resolve()
        yield { type: 'text-delta', text }
      }
    }
    await using running = await startGateway(
      createScriptedNode({ routeStream: async (request) => streamOf(taskIdOf(request), parts()) }),
    )
    const socket = connect(Number(new URL(running.url).port), '127.0.0.1')
    const body = JSON.stringify({ model: 'kernell', messages: HELLO, stream: true })
    socket.pause()
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    await stalled.promise
    await settleTurns(200)
    // 160 MB were ready; what was taken is what fits the buffers between the two.
    expect(given).toBeLessThan(2_000)
    socket.destroy()
  })

  it('gets the result of a task that finished although the figures failed', async () => {
    const node = createScriptedNode({
      routeStream: async (request) =>
        streamOf(taskIdOf(request), partsOf({ type: 'text-delta', text: 'a' }, FINISH), {
          result: Promise.resolve(resultOf(taskIdOf(request), { costNanos: undefined })),
        }),
    })
    await using running = await startGateway(node)
    const events = await eventsOf(await post(running.url, { model: 'kernell', messages: HELLO, stream: true }))
    expect(events.at(-2)).toMatchObject({ kernell: { cost_usd: null } })
  })
})

async function settleTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
