import { trace } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from 'vitest'
import type { ConfigDocument } from '../../src/node/config/config-document.ts'
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../fixtures/otlp-receiver.ts'
import { startUpstreamServer, type UpstreamServer } from '../fixtures/upstream-server.ts'
import { startRealGateway, tiersAt } from './real-node.ts'

afterEach(() => trace.disable())

const SECRET = 'The password of the vault is hunter2, and the task is a secret: name a river.'
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'
const TRACEPARENT = `00-${TRACE}-${CALLER}-01`

type Asked = { readonly headers?: Record<string, string>; readonly body?: Record<string, unknown> }

/** Serves one node until `ask` is done; then everything that it had to send has arrived. */
async function serveTraced(
  document: ConfigDocument,
  receiver: OtlpReceiver,
  ask: (post: (asked: Asked) => Promise<Response>) => Promise<void>,
): Promise<void> {
  const telemetry = { otlpEndpoint: receiver.url, ...document.telemetry }
  await using running = await startRealGateway({ ...document, telemetry })
  await ask(
    async ({ headers, body }) =>
      await fetch(`${running.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({
          model: 'kernell-cheap',
          messages: [{ role: 'user', content: SECRET }],
          ...body,
        }),
      }),
  )
}

const thrifty = async (text = 'The Rhine.'): Promise<UpstreamServer> =>
  await startUpstreamServer({
    models: ['thrifty-1'],
    behaviour: { kind: 'answer', text, usage: { input: 21, output: 4 } },
  })

/** Each span with the name of its parent. */
function treeOf(spans: readonly ReceivedSpan[]): readonly string[] {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]))
  return spans.map(
    ({ name, kind, parentSpanId }) => `${kind} ${name} < ${names.get(parentSpanId ?? '') ?? parentSpanId}`,
  )
}

function spanNamed(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.find((span) => span.name === name)
  if (found === undefined) throw new Error(`no span ${name} among ${spans.map((span) => span.name).join(', ')}`)
  return found
}

describe('the trace of a request', () => {
  it('goes on from its caller, and is a span of the gateway with the steps of the task below', async () => {
    await using receiver = await startOtlpReceiver()
    await using upstream = await thrifty()
    await serveTraced(tiersAt({ cheap: upstream.baseUrl }), receiver, async (post) => {
      const response = await post({ headers: { traceparent: TRACEPARENT, tracestate: 'vendor=1' } })
      expect(response.status).toBe(200)
      await response.text()
    })
    const spans = receiver.spans().filter(({ traceId }) => traceId === TRACE)
    expect(treeOf(spans).toSorted()).toEqual([
      'client chat thrifty-1 < route',
      'internal cache < route',
      'internal decide < route',
      'internal route < POST /v1/chat/completions',
      'internal verify < route',
      `server POST /v1/chat/completions < ${CALLER}`,
    ])
    expect(new Set(spans.map(({ traceState }) => traceState))).toEqual(new Set(['vendor=1']))
    expect(spanNamed(spans, 'POST /v1/chat/completions').attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/chat/completions',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'kernell.request.id': expect.any(String),
    })
    expect(spanNamed(spans, 'chat thrifty-1').attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'thrifty',
      'gen_ai.request.model': 'thrifty-1',
      'gen_ai.response.model': expect.any(String),
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 21,
      'gen_ai.usage.output_tokens': 4,
      'kernell.tier': 'cheap_api',
      'kernell.cost_usd': expect.any(Number),
    })
    expect(spanNamed(spans, 'cache').attributes).toEqual({ 'kernell.cache': 'miss' })
    expect(spanNamed(spans, 'decide').attributes).toMatchObject({
      'kernell.route': 'cheap',
      'kernell.plan': ['thrifty/thrifty-1'],
    })
    expect(spanNamed(spans, 'verify').attributes).toMatchObject({ 'kernell.verification.accepted': true })
    expect(receiver.resources().every((resource) => resource['service.name'] === 'kernell-os')).toBe(true)
    expect(spans.some(({ isError }) => isError)).toBe(false)
  })

  it('has the span of a streamed call, with the time to its first content', async () => {
    await using receiver = await startOtlpReceiver()
    await using upstream = await thrifty()
    await serveTraced(tiersAt({ cheap: upstream.baseUrl }), receiver, async (post) => {
      await (await post({ body: { stream: true, max_tokens: 64, temperature: 0.5 } })).text()
    })
    const spans = receiver.spans()
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
    expect(spanNamed(spans, 'chat thrifty-1').attributes).toMatchObject({
      'gen_ai.request.stream': true,
      'gen_ai.request.max_tokens': 64,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.response.time_to_first_chunk': expect.any(Number),
      'gen_ai.usage.output_tokens': 4,
    })
  })

  it('says of a failed call why, and never in the words of anybody', async () => {
    await using receiver = await startOtlpReceiver()
    await using upstream = await startUpstreamServer({
      models: ['thrifty-1'],
      behaviour: { kind: 'status', status: 500, body: { error: { message: `cannot do: ${SECRET}` } } },
    })
    await serveTraced(tiersAt({ cheap: upstream.baseUrl }), receiver, async (post) => {
      expect((await post({})).status).toBe(502)
    })
    const spans = receiver.spans()
    expect(spanNamed(spans, 'chat thrifty-1')).toMatchObject({
      isError: true,
      attributes: { 'error.type': 'MODEL_SERVER_ERROR' },
    })
    expect(spanNamed(spans, 'route')).toMatchObject({ isError: true })
    expect(spanNamed(spans, 'POST /v1/chat/completions')).toMatchObject({
      isError: true,
      attributes: { 'http.response.status_code': 502, 'error.type': '502' },
    })
    expect(receiver.text()).not.toContain('hunter2')
  })

  it('that its caller did not sample has no parts here', async () => {
    await using receiver = await startOtlpReceiver()
    await using upstream = await thrifty()
    await serveTraced(tiersAt({ cheap: upstream.baseUrl }), receiver, async (post) => {
      await (await post({ headers: { traceparent: `00-${TRACE}-${CALLER}-00` } })).text()
    })
    expect(receiver.spans()).toEqual([])
  })
})

describe('providers', () => {
  it.each([false, true])('learn of the trace only where that is configured: %s', async (propagateTrace) => {
    await using receiver = await startOtlpReceiver()
    await using upstream = await thrifty()
    const document = tiersAt({ cheap: upstream.baseUrl })
    const providers = Object.fromEntries(
      Object.entries(document.providers ?? {}).map(([name, provider]) => [name, { ...provider, propagateTrace }]),
    )
    await serveTraced({ ...document, providers }, receiver, async (post) => {
      await (await post({ headers: { traceparent: TRACEPARENT, tracestate: 'vendor=1' } })).text()
    })
    const { spanId } = spanNamed(receiver.spans(), 'chat thrifty-1')
    const { traceparent, tracestate } = upstream.calls[0]?.headers ?? {}
    expect([traceparent, tracestate]).toEqual(
      propagateTrace ? [`00-${TRACE}-${spanId}-01`, 'vendor=1'] : [undefined, undefined],
    )
  })
})

describe('content', () => {
  it('is not in spans', async () => {
    await using receiver = await startOtlpReceiver()
    await using upstream = await thrifty('A secret answer.')
    await serveTraced(tiersAt({ cheap: upstream.baseUrl }), receiver, async (post) => {
      await (await post({})).text()
    })
    expect(receiver.text()).not.toContain('hunter2')
    expect(receiver.text()).not.toContain('secret answer')
    expect(receiver.text()).not.toContain('gen_ai.input.messages')
  })

  it('is in spans of model calls where the operator wants it, without what is known as a secret', async () => {
    await using receiver = await startOtlpReceiver()
    await using upstream = await thrifty('The Rhine.')
    const key = `sk-${'a1B2'.repeat(12)}`
    const telemetry = { traceContent: true }
    await serveTraced({ ...tiersAt({ cheap: upstream.baseUrl }), telemetry }, receiver, async (post) => {
      await (
        await post({ body: { messages: [{ role: 'user', content: `Name a river. OPENAI_API_KEY=${key}` }] } })
      ).text()
    })
    const { attributes } = spanNamed(receiver.spans(), 'chat thrifty-1')
    expect(attributes['gen_ai.input.messages']).toContain('Name a river')
    expect(JSON.parse(String(attributes['gen_ai.output.messages']))).toEqual([
      { role: 'assistant', parts: [{ type: 'text', content: 'The Rhine.' }], finish_reason: 'stop' },
    ])
    expect(receiver.text()).not.toContain(key)
  })
})

describe('metrics by OTLP', () => {
  it('are those of the conventions, with the boundaries that they ask for', async () => {
    await using receiver = await startOtlpReceiver()
    await using upstream = await thrifty()
    await serveTraced(tiersAt({ cheap: upstream.baseUrl }), receiver, async (post) => {
      await (await post({})).text()
      await (await post({ body: { stream: true, messages: [{ role: 'user', content: 'Name a lake.' }] } })).text()
    })
    const metrics = new Map(receiver.metrics().map((metric) => [metric.name, metric]))
    const call = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'thrifty',
      'gen_ai.request.model': 'thrifty/thrifty-1',
      'gen_ai.response.model': expect.any(String),
    }
    expect(metrics.get('gen_ai.client.operation.duration')).toMatchObject({
      unit: 's',
      points: [
        {
          attributes: call,
          count: 2,
          boundaries: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
        },
      ],
    })
    const tokens = metrics.get('gen_ai.client.token.usage')
    expect(tokens?.unit).toBe('{token}')
    expect(tokens?.points.map(({ attributes, sum }) => [attributes['gen_ai.token.type'], sum]).toSorted()).toEqual([
      ['input', 42],
      ['output', 8],
    ])
    expect(metrics.get('gen_ai.client.operation.time_to_first_chunk')?.points).toMatchObject([
      { attributes: call, count: 1 },
    ])
    expect(metrics.get('gen_ai.server.time_to_first_token')?.points).toMatchObject([
      {
        attributes: { 'gen_ai.provider.name': 'kernell-os' },
        count: 1,
        boundaries: expect.arrayContaining([0.001, 7.5]),
      },
    ])
    expect(metrics.get('gen_ai.server.request.duration')?.points).toMatchObject([{ count: 2 }])
  })

  it("are the node's own ones too, as Prometheus has them", async () => {
    await using receiver = await startOtlpReceiver()
    await using upstream = await thrifty()
    await serveTraced(tiersAt({ cheap: upstream.baseUrl }), receiver, async (post) => {
      await (await post({})).text()
    })
    const metrics = new Map(receiver.metrics().map((metric) => [metric.name, metric]))
    expect(metrics.get('kernell_tasks_total')?.points).toMatchObject([
      { attributes: { tier: 'cheap_api', route: 'cheap' }, value: 1 },
    ])
    const duration = metrics.get('kernell_task_duration_seconds')?.points[0]
    expect(duration?.count).toBe(1)
    expect(duration?.buckets?.reduce((sum, count) => sum + count, 0)).toBe(1)
    expect(duration?.buckets).toHaveLength((duration?.boundaries?.length ?? 0) + 1)
  })

  it('are not sent where only traces are wanted', async () => {
    await using receiver = await startOtlpReceiver()
    await using upstream = await thrifty()
    const telemetry = { otlpSignals: ['traces'] as const }
    await serveTraced({ ...tiersAt({ cheap: upstream.baseUrl }), telemetry }, receiver, async (post) => {
      await (await post({})).text()
    })
    expect(receiver.metrics()).toEqual([])
    expect(receiver.spans().length).toBeGreaterThan(3)
  })
})
