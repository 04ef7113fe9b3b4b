import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { ModelStreamPart } from '../../../src/ports/language-model.ts'
import { startRealGateway, tiersAt } from '../real-node.ts'
import { startUpstreamServer } from '../../fixtures/upstream-server.ts'
import {
  ANSWER,
  createScriptedNode,
  FINISH,
  keyOf,
  partsOf,
  resultOf,
  startGateway,
  streamOf,
  taskIdOf,
} from '../scripted-node.ts'

const clientOf = (url: string, apiKey = 'unused'): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })
const HELLO = { model: 'kernell', input: 'Say hello' }

async function eventsOf(parts: readonly ModelStreamPart[]): Promise<readonly OpenAI.Responses.ResponseStreamEvent[]> {
  const node = createScriptedNode({ routeStream: async (request) => streamOf(taskIdOf(request), partsOf(...parts)) })
  await using running = await startGateway(node)
  const events = []
  for await (const event of await clientOf(running.url).responses.create({ ...HELLO, stream: true })) events.push(event)
  return events
}

describe('a response', () => {
  it('reaches the client whole', async () => {
    await using running = await startGateway(createScriptedNode())
    const { data, request_id } = await clientOf(running.url).responses.create(HELLO).withResponse()
    expect(data).toMatchObject({
      id: `resp_${request_id}`,
      object: 'response',
      status: 'completed',
      model: 'small-2026-01-01',
      output_text: 'Hello there',
      error: null,
      incomplete_details: null,
      parallel_tool_calls: true,
      text: { format: { type: 'text' } },
      tool_choice: 'auto',
      tools: [],
      usage: {
        input_tokens: 7,
        input_tokens_details: { cached_tokens: 2 },
        output_tokens: 3,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 10,
      },
    })
  })

  it.each([
    ['length', 'max_output_tokens'],
    ['content-filter', 'content_filter'],
  ] as const)('that ended by %s is incomplete', async (finishReason, reason) => {
    const node = createScriptedNode({
      route: async (request) => resultOf(taskIdOf(request), { answer: { ...ANSWER, finishReason } }),
    })
    await using running = await startGateway(node)
    const response = await clientOf(running.url).responses.create(HELLO)
    expect([response.status, response.incomplete_details]).toEqual(['incomplete', { reason }])
  })
})

describe('a request for a response', () => {
  it('becomes the task that a chat request would be', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    await clientOf(running.url).responses.create({
      model: 'kernell-cheap',
      instructions: 'Be brief.',
      max_output_tokens: 30,
      temperature: 0.5,
      reasoning: { effort: 'low' },
      parallel_tool_calls: false,
      user: 'u1',
      include: ['message.output_text.logprobs'],
      top_logprobs: 2,
      text: { format: { type: 'json_schema', name: 'seen', schema: { type: 'object' }, strict: true } },
      tools: [{ type: 'function', name: 'look', parameters: { type: 'object' }, strict: false }],
      tool_choice: { type: 'function', name: 'look' },
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is this?' },
            { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
          ],
        },
        { type: 'reasoning', id: 'rs_1', summary: [] },
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'I look.', annotations: [] }],
        },
        { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"at":1}' },
        { type: 'function_call', call_id: 'c2', name: 'look', arguments: '{"at":2}' },
        { type: 'function_call_output', call_id: 'c1', output: 'dark' },
        { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'light' }] },
      ],
    })
    const [asked] = node.requests
    expect(asked?.target).toEqual({ kind: 'route', route: 'cheap' })
    expect(asked?.request).toEqual({
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', url: 'data:image/png;base64,AAAA', detail: 'low' },
          ],
        },
        {
          role: 'assistant',
          content: 'I look.',
          toolCalls: [
            { id: 'c1', name: 'look', arguments: '{"at":1}' },
            { id: 'c2', name: 'look', arguments: '{"at":2}' },
          ],
        },
        { role: 'tool', content: 'dark', toolCallId: 'c1' },
        { role: 'tool', content: 'light', toolCallId: 'c2' },
      ],
      tools: [{ name: 'look', parameters: { type: 'object' }, strict: false }],
      toolChoice: { name: 'look' },
      responseFormat: { type: 'json-schema', name: 'seen', schema: { type: 'object' }, strict: true },
      maxOutputTokens: 30,
      temperature: 0.5,
      logprobs: { top: 2 },
      passThrough: { user: 'u1', reasoning_effort: 'low', parallel_tool_calls: false },
    })
  })

  it.each([
    ['no input', { model: 'kernell' }, 'input'],
    ['no items', { ...HELLO, input: [] }, 'input'],
    ['an item that is kept elsewhere', { ...HELLO, input: [{ type: 'item_reference', id: 'x' }] }, 'input[0].type'],
    [
      'a file',
      { ...HELLO, input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] },
      'input[0].content[0].type',
    ],
    [
      'an image of this machine',
      { ...HELLO, input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'http://127.0.0.1/x' }] }] },
      'input[0].content[0].image_url',
    ],
    [
      'a result of no call',
      { ...HELLO, input: [{ type: 'function_call_output', call_id: 'c', output: 'x' }] },
      'input[0].call_id',
    ],
    ['a tool of the provider', { ...HELLO, tools: [{ type: 'web_search' }] }, 'tools[0].type'],
    ['a conversation', { ...HELLO, conversation: 'conv_1' }, 'conversation'],
    ['a prompt', { ...HELLO, prompt: { id: 'p' } }, 'prompt'],
    ['what is left out in silence', { ...HELLO, truncation: 'auto' }, 'truncation'],
    ['results of searches', { ...HELLO, include: ['web_search_call.results'] }, 'include[0]'],
    ['a stream in the background', { ...HELLO, background: true, stream: true }, 'stream'],
    ['a background that nobody can ask for', { ...HELLO, background: true, store: false }, 'background'],
    ['long metadata', { ...HELLO, metadata: { a: 'x'.repeat(513) } }, 'metadata'],
    ['another model behind it', { ...HELLO, models: ['a'] }, 'models'],
  ])('with %s is refused by name', async (_, body, param) => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const response = await fetch(`${running.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'REQUEST_INVALID', param } }])
    expect(node.requests).toEqual([])
  })
})

describe('a streamed response', () => {
  it('is items one after another between snapshots of the whole', async () => {
    const events = await eventsOf([
      { type: 'text-delta', text: 'I look' },
      { type: 'text-delta', text: ' twice.' },
      { type: 'tool-call-delta', index: 0, id: 'c1', name: 'look', argumentsText: '{"a"' },
      { type: 'tool-call-delta', index: 0, argumentsText: ':1}' },
      { type: 'tool-call-delta', index: 1, id: 'c2', name: 'look', argumentsText: '{}' },
      { type: 'finish', finishReason: 'tool-calls', usage: ANSWER.usage },
    ])
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
    const done = events.filter((event) => event.type === 'response.output_item.done')
    const [last] = events.filter((event) => event.type === 'response.completed')
    expect(last?.response.output).toEqual(done.map(({ item }) => item))
    expect(last?.response.output).toMatchObject([
      { type: 'message', status: 'completed', content: [{ type: 'output_text', text: 'I look twice.' }] },
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"a":1}' },
      { type: 'function_call', call_id: 'c2', name: 'look', arguments: '{}' },
    ])
    expect(last?.response.usage).toMatchObject({ input_tokens: 7, total_tokens: 10 })
  })

  it('that refuses has a part of its own for that', async () => {
    const events = await eventsOf([
      { type: 'text-delta', text: 'Hm. ' },
      { type: 'refusal-delta', text: 'No.' },
      FINISH,
    ])
    expect(events.filter(({ type }) => type.includes('refusal')).map(({ type }) => type)).toEqual([
      'response.refusal.delta',
      'response.refusal.done',
    ])
    const last = events.at(-1)
    expect(last?.type === 'response.completed' && last.response.output).toMatchObject([
      {
        content: [
          { type: 'output_text', text: 'Hm. ' },
          { type: 'refusal', refusal: 'No.' },
        ],
      },
    ])
  })

  it('carries the likelihoods of tokens', async () => {
    const logprobs = [{ token: 'é', logprob: -0.5, bytes: null, top: [] }]
    const events = await eventsOf([{ type: 'text-delta', text: 'é', logprobs }, FINISH])
    const told = { token: 'é', logprob: -0.5, bytes: [195, 169], top_logprobs: [] }
    const seen = events.filter(
      (event) => event.type === 'response.output_text.delta' || event.type === 'response.output_text.done',
    )
    expect(seen.map((event) => event.logprobs)).toEqual([[told], [told]])
  })

  it('that was cut short is incomplete', async () => {
    const events = await eventsOf([
      { type: 'text-delta', text: 'Hel' },
      { type: 'finish', finishReason: 'length', usage: ANSWER.usage },
    ])
    expect(events.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: { incomplete_details: { reason: 'max_output_tokens' }, output: [{ status: 'incomplete' }] },
    })
  })

  it('that breaks off says so, and is kept as failed', async () => {
    const node = createScriptedNode({
      routeStream: async (request) =>
        streamOf(
          taskIdOf(request),
          (async function* (): AsyncGenerator<ModelStreamPart, void> {
            yield { type: 'text-delta', text: 'Hel' }
            throw new CodedError('MODEL_STREAM_TRUNCATED', { message: 'It ended in the middle' })
          })(),
        ),
    })
    await using running = await startGateway(node)
    const client = clientOf(running.url)
    let id = ''
    const read = async (): Promise<void> => {
      for await (const event of await client.responses.create({ ...HELLO, stream: true })) {
        if (event.type === 'response.created') id = event.response.id
        if (event.type === 'response.failed') expect(event.response.error?.message).toContain('ended in the middle')
      }
    }
    await read().catch((error: unknown) => expect(error).toBeInstanceOf(OpenAI.APIError))
    expect(await client.responses.retrieve(id)).toMatchObject({ id, status: 'failed', error: { code: 'server_error' } })
  })
})

describe('a response that is kept', () => {
  it('is gone on from, without its instructions, after a restart of the gateway too', async () => {
    const toolCalls = [{ id: 'c1', name: 'look', arguments: '{}' }]
    const node = createScriptedNode({
      route: async (request) => resultOf(taskIdOf(request), { answer: { ...ANSWER, text: '', toolCalls } }),
    })
    const tools = [{ type: 'function' as const, name: 'look', parameters: {}, strict: false }]
    let id = ''
    {
      await using running = await startGateway(node)
      id = (await clientOf(running.url).responses.create({ ...HELLO, tools, instructions: 'Once' })).id
    }
    await using running = await startGateway(node)
    const client = clientOf(running.url)
    const next = await client.responses.create({
      model: 'kernell',
      previous_response_id: id,
      instructions: 'Twice',
      input: [{ type: 'function_call_output', call_id: 'c1', output: 'dark' }],
    })
    expect(next.previous_response_id).toBe(id)
    expect(node.requests.at(-1)?.request.messages).toEqual([
      { role: 'system', content: 'Twice' },
      { role: 'user', content: 'Say hello' },
      { role: 'assistant', content: null, toolCalls },
      { role: 'tool', content: 'dark', toolCallId: 'c1' },
    ])
    const items = []
    for await (const item of client.responses.inputItems.list(id)) items.push(item)
    expect(items).toMatchObject([{ role: 'user', content: [{ type: 'input_text', text: 'Say hello' }] }])
  })

  it('is of its tenant alone, and gone when deleted or not stored', async () => {
    const keys = [keyOf('sk-a', { id: 'a', tenant: 'a' }), keyOf('sk-b', { id: 'b', tenant: 'b' })]
    await using running = await startGateway(createScriptedNode({ keys }))
    const [mine, theirs] = [clientOf(running.url, 'sk-a'), clientOf(running.url, 'sk-b')]
    const { id } = await mine.responses.create(HELLO)
    expect((await mine.responses.retrieve(id)).id).toBe(id)
    const unknown = { status: 404, code: 'DOCUMENT_UNKNOWN' }
    await expect(theirs.responses.retrieve(id)).rejects.toMatchObject(unknown)
    await expect(theirs.responses.delete(id)).rejects.toMatchObject(unknown)
    await expect(theirs.responses.create({ ...HELLO, previous_response_id: id })).rejects.toMatchObject({
      ...unknown,
      param: 'previous_response_id',
    })
    await mine.responses.delete(id)
    await expect(mine.responses.retrieve(id)).rejects.toMatchObject(unknown)
    const unstored = await mine.responses.create({ ...HELLO, store: false })
    await expect(mine.responses.retrieve(unstored.id)).rejects.toMatchObject(unknown)
  })
})

/** Answers nothing until the gate is opened. */
function createGatedNode() {
  const gate = Promise.withResolvers<void>()
  const node = createScriptedNode({
    route: async (request) => {
      await gate.promise
      return resultOf(taskIdOf(request))
    },
  })
  return { gate, node }
}

describe('a response in the background', () => {
  it('is there when it has ended, and its failure too', async () => {
    const { gate, node } = createGatedNode()
    await using running = await startGateway(node)
    const client = clientOf(running.url)
    const queued = await client.responses.create({ ...HELLO, background: true })
    expect(queued.status).toBe('queued')
    gate.resolve()
    const ended = await endOf(client, queued.id)
    expect([ended.status, ended.output_text]).toEqual(['completed', 'Hello there'])
    await expect(client.responses.cancel(queued.id)).rejects.toMatchObject({
      status: 409,
      code: 'DOCUMENT_STATE_REFUSED',
    })
  })

  it('beyond those that a gateway works on at one time is refused, not queued', async () => {
    const { gate, node } = createGatedNode()
    await using running = await startGateway(node)
    const client = clientOf(running.url)
    const create = async (): Promise<OpenAI.Responses.Response> =>
      await client.responses.create({ ...HELLO, background: true })
    const all = await Promise.allSettled(Array.from({ length: 70 }, create))
    const queued = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
    gate.resolve()
    expect([queued.length, refused.length]).toEqual([64, 6])
    for (const error of refused)
      expect(error).toMatchObject({
        status: 429,
        message: expect.stringMatching(/^429 64 responses .* or without `background`\.$/) as string,
      })
    for (const { id } of queued) expect((await endOf(client, id)).status).toBe('completed')
    expect((await endOf(client, (await create()).id)).status).toBe('completed')
  })

  it('can be cancelled, which ends the call to the model', async () => {
    await using upstream = await startUpstreamServer({ behaviour: { kind: 'hang' } })
    await using running = await startRealGateway(tiersAt({ cheap: upstream.baseUrl }))
    const client = clientOf(running.url)
    const { id } = await client.responses.create({ ...HELLO, model: 'kernell-cheap', background: true })
    await upstream.waitForCalls(1)
    expect((await client.responses.cancel(id)).status).toBe('cancelled')
    await upstream.waitForAborts(1)
    expect([(await client.responses.retrieve(id)).status, (await client.responses.cancel(id)).status]).toEqual([
      'cancelled',
      'cancelled',
    ])
    expect(running.failures).toEqual([])
  })

  it('that the node did not live to see the end of has failed', async () => {
    const node = createScriptedNode({
      route: async (_, signal) =>
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    })
    let id = ''
    {
      await using running = await startGateway(node)
      id = (await clientOf(running.url).responses.create({ ...HELLO, background: true })).id
    }
    await using running = await startGateway(node)
    expect(await clientOf(running.url).responses.retrieve(id)).toMatchObject({ status: 'failed' })
  })
})

async function endOf(client: OpenAI, id: string): Promise<OpenAI.Responses.Response> {
  for (;;) {
    const response = await client.responses.retrieve(id)
    if (response.status !== 'queued' && response.status !== 'in_progress') return response
  }
}
