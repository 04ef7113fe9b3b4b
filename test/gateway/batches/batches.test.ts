import OpenAI, { toFile } from 'openai'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { RouteRequest, RouteResult } from '../../../src/ports/router.ts'
import { startUpstreamServer } from '../../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from '../real-node.ts'
import {
  ANSWER,
  createScriptedNode,
  keyOf,
  resultOf,
  startGateway,
  taskIdOf,
  type ScriptedNode,
  type ScriptedNodeInit,
} from '../scripted-node.ts'

const clientOf = (url: string, apiKey = 'unused'): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })
const CHAT = '/v1/chat/completions' as const

type Line = {
  readonly custom_id: string
  readonly response: {
    status_code: number
    body: { choices?: { message: { content: string } }[]; error?: { code: string } }
  } | null
  readonly error: { code: string } | null
}

const taskOf = (id: string, content = id): object => ({
  custom_id: id,
  method: 'POST',
  url: CHAT,
  body: { model: 'kernell', messages: [{ role: 'user', content }] },
})

const upload = async (client: OpenAI, lines: readonly unknown[]): Promise<OpenAI.FileObject> =>
  await client.files.create({
    file: await toFile(
      Buffer.from(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')),
      'tasks.jsonl',
    ),
    purpose: 'batch',
  })

async function start(
  client: OpenAI,
  lines: readonly unknown[],
  headers: Record<string, string> = {},
): Promise<OpenAI.Batch> {
  const { id } = await upload(client, lines)
  return await client.batches.create({ input_file_id: id, endpoint: CHAT, completion_window: '24h' }, { headers })
}

async function endOf(client: OpenAI, id: string): Promise<OpenAI.Batch> {
  for (;;) {
    const batch = await client.batches.retrieve(id)
    if (['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) return batch
  }
}

async function linesOf(client: OpenAI, id: string | null | undefined): Promise<readonly Line[]> {
  if (id === null || id === undefined) return []
  const text = await (await client.files.content(id)).text()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

const promptOf = ({ request }: RouteRequest): string => JSON.stringify(request.messages.at(-1)?.content).slice(1, -1)
const answered = (request: RouteRequest): RouteResult =>
  resultOf(taskIdOf(request), { answer: { ...ANSWER, text: `re: ${promptOf(request)}` } })

/** A node whose tasks wait until they are let go on. */
function createWaitingNode(init: ScriptedNodeInit = {}): ScriptedNode & {
  readonly release: (prompt: string) => void
  readonly begun: (count: number) => Promise<void>
} {
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const gateOf = (prompt: string): PromiseWithResolvers<void> => {
    const gate = gates.get(prompt) ?? Promise.withResolvers<void>()
    gates.set(prompt, gate)
    return gate
  }
  const waiters: { readonly count: number; readonly resolve: () => void }[] = []
  const node = createScriptedNode({
    ...init,
    route: async (request, signal) => {
      for (const waiter of waiters) if (node.requests.length >= waiter.count) waiter.resolve()
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new CodedError('REQUEST_ABORTED', { message: 'Gone' })))
      })
      await Promise.race([gateOf(promptOf(request)).promise, aborted])
      return answered(request)
    },
  })
  return Object.assign(node, {
    release: (prompt: string) => gateOf(prompt).resolve(),
    begun: async (count: number) => {
      if (node.requests.length >= count) return
      await new Promise<void>((resolve) => waiters.push({ count, resolve }))
    },
  })
}

describe('a batch', () => {
  it('is done by the router, and its results are a file in the order in which they ended', async () => {
    const node = createWaitingNode()
    await using running = await startGateway(node)
    const client = clientOf(running.url)
    const batch = await start(client, [taskOf('a'), '', taskOf('b'), taskOf('c')], { 'x-kernell-cache': 'off' })
    expect([batch.request_counts, batch.endpoint]).toEqual([{ total: 3, completed: 0, failed: 0 }, CHAT])
    await node.begun(3)
    for (const id of ['c', 'a', 'b']) {
      node.release(id)
      while ((await client.batches.retrieve(batch.id)).request_counts?.completed === ['c', 'a', 'b'].indexOf(id))
        continue
    }
    const ended = await endOf(client, batch.id)
    expect([ended.status, ended.request_counts, ended.error_file_id]).toEqual([
      'completed',
      { total: 3, completed: 3, failed: 0 },
      null,
    ])
    const lines = await linesOf(client, ended.output_file_id)
    expect(lines.map((line) => [line.custom_id, line.response?.body.choices?.[0]?.message.content])).toEqual([
      ['c', 're: c'],
      ['a', 're: a'],
      ['b', 're: b'],
    ])
    expect(node.requests.map(({ controls }) => controls.cache)).toEqual(['off', 'off', 'off'])
    expect(new Set(node.requests.map(({ taskId }) => taskId)).size).toBe(3)
  })

  it('has no more tasks under way than the limit', async () => {
    const node = createWaitingNode()
    await using running = await startGateway(node, { limits: { batchConcurrency: 2 } })
    const client = clientOf(running.url)
    const { id } = await start(
      client,
      ['a', 'b', 'c'].map((name) => taskOf(name)),
    )
    await node.begun(2)
    expect(node.requests).toHaveLength(2)
    for (const name of ['a', 'b', 'c']) node.release(name)
    expect((await endOf(client, id)).status).toBe('completed')
    expect(node.requests).toHaveLength(3)
  })

  it('tells of tasks that failed in a file of their own, and tries again what may pass', async () => {
    let limits = 0
    const node = createScriptedNode({
      route: async (request) => {
        if (promptOf(request) === 'limited' && limits++ < 1)
          throw new CodedError('MODEL_RATE_LIMITED', { message: 'Slow down', details: { retryAfterMs: 1 } })
        if (promptOf(request) === 'poor') throw new CodedError('BUDGET_EXCEEDED', { message: 'No room' })
        return await Promise.resolve(answered(request))
      },
    })
    await using running = await startGateway(node)
    const client = clientOf(running.url)
    const bad = { ...taskOf('bad'), body: { model: 'kernell', messages: [], stream: false } }
    const streamed = {
      ...taskOf('streamed'),
      body: { model: 'kernell', messages: [{ role: 'user', content: 'x' }], stream: true },
    }
    const { id } = await start(client, [taskOf('limited'), taskOf('poor'), bad, streamed])
    const ended = await endOf(client, id)
    expect([ended.status, ended.request_counts]).toEqual(['completed', { total: 4, completed: 1, failed: 3 }])
    expect((await linesOf(client, ended.output_file_id)).map(({ custom_id }) => custom_id)).toEqual(['limited'])
    const failures = await linesOf(client, ended.error_file_id)
    const told = new Map(
      failures.map((line) => [line.custom_id, [line.response?.status_code, line.response?.body.error?.code]]),
    )
    expect(Object.fromEntries(told)).toEqual({
      bad: [400, 'REQUEST_INVALID'],
      poor: [429, 'insufficient_quota'],
      streamed: [400, 'REQUEST_INVALID'],
    })
  })

  it('asks for responses, messages and embeddings too', async () => {
    await using running = await startGateway(createScriptedNode())
    const client = clientOf(running.url)
    const bodies = {
      '/v1/responses': { model: 'kernell', input: 'Hello' },
      '/v1/messages': { model: 'kernell', max_tokens: 5, messages: [{ role: 'user', content: 'Hello' }] },
      '/v1/embeddings': { model: 'kernell', input: 'Hello' },
    }
    for (const [url, body] of Object.entries(bodies)) {
      const { id } = await upload(client, [{ custom_id: 'a', method: 'POST', url, body }])
      const batch = await client.batches.create({ input_file_id: id, endpoint: url as never, completion_window: '24h' })
      const ended = await endOf(client, batch.id)
      expect([url, (await linesOf(client, ended.output_file_id))[0]?.response?.status_code]).toEqual([url, 200])
    }
  })

  it('goes on after a restart, and does what has ended not again', async () => {
    const first = createWaitingNode()
    let id = ''
    {
      await using running = await startGateway(first)
      const client = clientOf(running.url)
      ;({ id } = await start(
        client,
        ['a', 'b', 'c'].map((name) => taskOf(name)),
      ))
      await first.begun(3)
      first.release('b')
      while ((await client.batches.retrieve(id)).request_counts?.completed !== 1) continue
    }
    const second = createScriptedNode({ route: async (request) => await Promise.resolve(answered(request)) })
    await using running = await startGateway({ ...second, documents: first.documents })
    const client = clientOf(running.url)
    const ended = await endOf(client, id)
    const lines = await linesOf(client, ended.output_file_id)
    expect([ended.status, lines.map(({ custom_id }) => custom_id)[0], lines.length]).toEqual(['completed', 'b', 3])
    expect(second.requests.map(promptOf).toSorted()).toEqual(['a', 'c'])
    expect((await first.documents.list('default' as never, 'batch-line')).length).toBe(0)
  })

  it('that is cancelled ends its calls, and keeps what is done', async () => {
    await using upstream = await startUpstreamServer({
      behaviour: (call) =>
        JSON.stringify(call.body).includes('sea')
          ? { kind: 'answer', text: 'The sea hums at night, and the lamp turns.' }
          : { kind: 'hang' },
    })
    await using running = await startRealGateway(tiersAt({ cheap: upstream.baseUrl }))
    const client = clientOf(running.url)
    const cheap = (id: string, content: string): object => ({
      ...taskOf(id),
      body: { model: 'kernell-cheap', messages: [{ role: 'user', content }] },
    })
    const { id } = await start(client, [
      cheap('a', 'Write a line about the sea.'),
      cheap('b', 'Write a line about hills.'),
    ])
    await upstream.waitForCalls(2)
    while ((await client.batches.retrieve(id)).request_counts?.completed !== 1) continue
    const cancelled = await client.batches.cancel(id)
    await upstream.waitForAborts(1)
    expect(cancelled.status).toBe('cancelled')
    expect((await linesOf(client, cancelled.output_file_id)).map(({ custom_id }) => custom_id)).toEqual(['a'])
    expect(await linesOf(client, cancelled.error_file_id)).toMatchObject([
      { custom_id: 'b', response: null, error: { code: 'batch_cancelled' } },
    ])
    await expect(client.batches.cancel(id)).rejects.toMatchObject({ status: 409, code: 'DOCUMENT_STATE_REFUSED' })
    expect(running.failures).toEqual([])
  })

  it('that takes too long expires', async () => {
    const node = createWaitingNode()
    await using running = await startGateway(node, { limits: { batchWindowMs: 1 } })
    const client = clientOf(running.url)
    const { id } = await start(client, [taskOf('a')])
    const ended = await endOf(client, id)
    expect([ended.status, (await linesOf(client, ended.error_file_id))[0]?.error?.code]).toEqual([
      'expired',
      'batch_expired',
    ])
  })

  it('of a tenant whose documents are purged does not come back', async () => {
    const node = createWaitingNode()
    await using running = await startGateway(node)
    const client = clientOf(running.url)
    const { id } = await start(client, [taskOf('a')])
    await node.begun(1)
    await node.documents.purge({ kind: 'all' })
    node.release('a')
    await expect(endOf(client, id)).rejects.toMatchObject({ status: 404 })
    expect(await node.documents.list('default' as never, 'batch-line')).toEqual([])
    expect(running.failures).toEqual([])
  })

  it('whose file has faults has failed, and nothing of it is done', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const client = clientOf(running.url)
    const { status, errors } = await start(client, [
      taskOf('a'),
      '{"custom_id"',
      taskOf('a'),
      { ...taskOf('b'), method: 'GET' },
      { ...taskOf('c'), url: '/v1/embeddings' },
      { ...taskOf('d'), body: [] },
      { ...taskOf(''), custom_id: 7 },
    ])
    expect([status, errors?.data?.map(({ code, line }) => [line, code])]).toEqual([
      'failed',
      [
        [2, 'invalid_json_line'],
        [3, 'duplicate_custom_id'],
        [4, 'invalid_method'],
        [5, 'mismatched_url'],
        [6, 'missing_body'],
        [7, 'invalid_custom_id'],
      ],
    ])
    expect((await start(client, ['', ' '])).errors?.data?.[0]?.code).toBe('empty_file')
    expect(node.requests).toEqual([])
  })

  it.each([
    ['another endpoint', { endpoint: '/v1/completions' }, 'endpoint'],
    ['another window', { completion_window: '1h' }, 'completion_window'],
    ['no file', { input_file_id: '' }, 'input_file_id'],
  ])('with %s is refused', async (_, wrong, param) => {
    await using running = await startGateway(createScriptedNode())
    const body = { input_file_id: 'file-x', endpoint: CHAT, completion_window: '24h' as const, ...wrong }
    await expect(clientOf(running.url).batches.create(body as never)).rejects.toMatchObject({ status: 400, param })
  })
})

describe('files and batches', () => {
  it('are listed newest first, in pages', async () => {
    await using running = await startGateway(createScriptedNode())
    const client = clientOf(running.url)
    const ids: string[] = []
    for (let count = 0; count < 3; count += 1) ids.unshift((await start(client, [taskOf('a')])).id)
    const listed: string[] = []
    for await (const { id } of client.batches.list({ limit: 2 })) listed.push(id)
    expect(listed).toEqual(ids)
    const files = []
    for await (const file of client.files.list({ purpose: 'batch' })) files.push(file.filename)
    expect(files).toEqual(['tasks.jsonl', 'tasks.jsonl', 'tasks.jsonl'])
    await expect(client.batches.list({ after: 'batch_none' })).rejects.toMatchObject({ status: 400, param: 'after' })
  })

  it('are of their tenant alone', async () => {
    const keys = [keyOf('sk-a', { id: 'a', tenant: 'a' }), keyOf('sk-b', { id: 'b', tenant: 'b' })]
    await using running = await startGateway(createScriptedNode({ keys }))
    const [mine, theirs] = [clientOf(running.url, 'sk-a'), clientOf(running.url, 'sk-b')]
    const file = await upload(mine, [taskOf('a')])
    const unknown = { status: 404, code: 'DOCUMENT_UNKNOWN' }
    await expect(theirs.files.retrieve(file.id)).rejects.toMatchObject(unknown)
    await expect(theirs.files.content(file.id)).rejects.toMatchObject(unknown)
    await expect(theirs.files.delete(file.id)).rejects.toMatchObject(unknown)
    const create = { input_file_id: file.id, endpoint: CHAT, completion_window: '24h' as const }
    await expect(theirs.batches.create(create)).rejects.toMatchObject(unknown)
    const batch = await mine.batches.create(create)
    await expect(theirs.batches.retrieve(batch.id)).rejects.toMatchObject(unknown)
    await expect(theirs.batches.cancel(batch.id)).rejects.toMatchObject(unknown)
    expect(await mine.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true })
    await expect(mine.files.retrieve(file.id)).rejects.toMatchObject(unknown)
  })

  it('take forms alone, of a bounded length, with what is expected in them', async () => {
    await using running = await startGateway(createScriptedNode({ server: { bodyBytesMax: 1_000 } }))
    const client = clientOf(running.url)
    const post = async (body: string | FormData, headers: Record<string, string> = {}): Promise<unknown> => {
      const response = await fetch(`${running.url}/v1/files`, { method: 'POST', body, headers })
      const { error } = (await response.json()) as { error: { code: string; param: string | null } }
      return [response.status, error.code, error.param]
    }
    const form = (...members: readonly (readonly [string, string | Blob])[]): FormData => {
      const made = new FormData()
      for (const [name, value] of members) made.append(name, value)
      return made
    }
    expect(await post('{}', { 'content-type': 'application/json' })).toEqual([415, 'GATEWAY_MEDIA_TYPE', null])
    expect(await post('--x\r\nnonsense', { 'content-type': 'multipart/form-data; boundary=x' })).toEqual([
      400,
      'REQUEST_INVALID',
      null,
    ])
    expect(await post(form(['purpose', 'fine-tune'], ['file', new Blob(['x'])]))).toEqual([
      400,
      'REQUEST_INVALID',
      'purpose',
    ])
    expect(await post(form(['purpose', 'batch'], ['file', 'text']))).toEqual([400, 'REQUEST_INVALID', 'file'])
    expect(await post(form(['purpose', 'batch'], ['file', new Blob(['x'])], ['expires_after[seconds]', '5']))).toEqual([
      400,
      'REQUEST_INVALID',
      'expires_after.seconds',
    ])
    await expect(upload(client, ['x'.repeat(1_100)])).rejects.toMatchObject({ status: 413 })
  })
})
