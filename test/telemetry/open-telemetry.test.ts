import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterEach, describe, expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { NO_OP_SPAN } from '../../src/ports/tracer.ts'
import { createOpenTelemetryTracer } from '../../src/telemetry/open-telemetry-tracer.ts'
import { startOtlpExport } from '../../src/telemetry/otlp-export.ts'

afterEach(() => trace.disable())

function register(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter()
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  return exporter
}

test('without an SDK every span is the one that does nothing', () => {
  const tracer = createOpenTelemetryTracer()
  expect(tracer.isRecording).toBe(false)
  expect(tracer.startSpan('a')).toBe(NO_OP_SPAN)
  expect(tracer.startSpan('b', { traceparent: '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01' })).toBe(
    NO_OP_SPAN,
  )
})

describe('with an SDK, even one that came later', () => {
  test('spans carry attributes, parents and the trace of the caller', () => {
    const tracer = createOpenTelemetryTracer()
    const exporter = register()
    const root = tracer.startSpan('task', { traceparent: '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01' })
    const child = tracer.startSpan('chat gpt', root)
    child.setAttribute('gen_ai.request.model', 'gpt')
    child.end()
    root.end()
    root.end()
    const [first, second] = exporter.getFinishedSpans()
    expect(root.traceId).toBe('0123456789abcdef0123456789abcdef')
    expect(second?.parentSpanContext?.spanId).toBe('0123456789abcdef')
    expect(first?.parentSpanContext?.spanId).toBe(second?.spanContext().spanId)
    expect(first?.attributes).toEqual({ 'gen_ai.request.model': 'gpt' })
    expect(exporter.getFinishedSpans()).toHaveLength(2)
  })

  test.each([
    '',
    'x',
    'ff-0123456789abcdef0123456789abcdef-0123456789abcdef-01',
    `00-${'0'.repeat(32)}-0123456789abcdef-01`,
  ])('the traceparent %j starts a trace of its own', (traceparent) => {
    const exporter = register()
    createOpenTelemetryTracer().startSpan('task', { traceparent }).end()
    expect(exporter.getFinishedSpans()[0]?.parentSpanContext).toBeUndefined()
  })

  test('an error leaves its code and never its message', () => {
    const exporter = register()
    const span = createOpenTelemetryTracer().startSpan('task')
    span.recordError(new CodedError('STORE_LOCKED', { message: 'a secret task' }))
    span.end()
    const [finished] = exporter.getFinishedSpans()
    expect(finished?.attributes).toEqual({ 'error.type': 'STORE_LOCKED' })
    expect(JSON.stringify([finished?.events, finished?.status])).not.toContain('secret')
  })
})

test('spans are exported to a collector over OTLP', async () => {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString())
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const exporting = await startOtlpExport({ url: `http://127.0.0.1:${port}/v1/traces`, serviceName: 'node-1' })
  createOpenTelemetryTracer().startSpan('chat gpt').end()
  await exporting.stop()
  await exporting.stop()
  server.close()
  expect(bodies.join()).toContain('chat gpt')
  expect(bodies.join()).toContain('node-1')
  expect(createOpenTelemetryTracer().isRecording).toBe(false)
})
