import { trace } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'
import { afterEach, describe, expect, it } from 'vitest'
import { fromTransition } from 'xstate'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import { createSystemEnvironment } from '../../../src/actors/system/system-environment.ts'
import { observeQuiet } from '../../../src/actors/threads/quiet-environment.ts'
import { ThreadExtension } from '../../../src/actors/threads/thread-extension.ts'
import { createActorSystem } from '../../../src/node/actors/create-actor-system.ts'
import type { FinishedSpan, Tracer } from '../../../src/ports/tracer.ts'
import { createOpenTelemetryTracer, adoptedSpanOf } from '../../../src/telemetry/index.ts'
import { recorder, sender } from './thread-agents.ts'

afterEach(() => trace.disable())

type Traced = {
  readonly system: ActorSystem
  readonly exporter: InMemorySpanExporter
  /** Resolved once so many spans have come from the workers. */
  readonly adopted: (count: number) => Promise<void>
}

/** As on a platform without the memory that rings need. */
function byPorts(tracer: Tracer): ActorSystem {
  const { environment, isQuiet } = observeQuiet(createSystemEnvironment())
  const adoptSpan = (span: FinishedSpan): void => tracer.adopt?.(span)
  const threads = new ThreadExtension({ threads: 2, isQuiet, usesSharedMemory: false, adoptSpan })
  // What fails in a test is told by the test.
  const system = new ActorSystem({
    environment: { ...environment, reportError: () => {} },
    isInline: false,
    extension: threads,
    tracer,
  })
  threads.attach(system)
  return system
}

async function start(usesSharedMemory: boolean): Promise<Traced> {
  const exporter = new InMemorySpanExporter()
  const processor = new SimpleSpanProcessor(exporter)
  const resource = resourceFromAttributes({ 'service.name': 'tested' })
  trace.setGlobalTracerProvider(new BasicTracerProvider({ resource, spanProcessors: [processor] }))
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  let count = 0
  const tracer = createOpenTelemetryTracer({
    adopt(span) {
      const readable = adoptedSpanOf(span, resource)
      if (readable !== undefined) processor.onEnd(readable)
      count += 1
      for (const each of waiting) if (each.count <= count) each.resolve()
    },
  })
  const system = usesSharedMemory ? createActorSystem({ threads: 2, tracer }) : byPorts(tracer)
  await system.ready
  return {
    system,
    exporter,
    adopted: async (wanted) =>
      await new Promise((resolve) => {
        if (wanted <= count) resolve()
        else waiting.push({ count: wanted, resolve })
      }),
  }
}

/** Of this thread: passes on what it was made with, and tells when it was told something. */
const local = defineAgent({
  name: 'local',
  logic: fromTransition(
    (
      state: { readonly to?: ActorRef; readonly event?: { type: string }; readonly onNote?: () => void },
      event: { type: string },
    ) => {
      if (event.type === 'start' && state.event !== undefined) state.to?.send(state.event)
      if (event.type === 'note') state.onNote?.()
      return state
    },
    ({ input }: { input: { to?: ActorRef; event?: { type: string }; onNote?: () => void } }) => input,
  ),
})

/** Name, actor and the actor of the parent. */
function told(spans: readonly ReadableSpan[]): readonly unknown[] {
  const actorOf = ({ attributes }: ReadableSpan): unknown => attributes['kernell.actor.id']
  const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]))
  return spans
    .map((span) => {
      const parent = byId.get(span.parentSpanContext?.spanId ?? '')
      return [span.name, actorOf(span), parent && actorOf(parent)]
    })
    .toSorted((one, other) => (String(one) < String(other) ? -1 : 1))
}

describe.each([
  ['by rings', true],
  ['by ports', false],
])('a trace over worker threads, %s', (_name, usesSharedMemory) => {
  it('goes with each message, and comes back: spans of workers are children of what sent to them', async () => {
    const { system, exporter, adopted } = await start(usesSharedMemory)
    const noted = Promise.withResolvers<void>()
    const last = system.spawn(local, { id: 'last', input: { onNote: () => noted.resolve() } })
    const one = system.spawn(sender, { id: 'one', placement: { worker: 1 } })
    const two = system.spawn(sender, { id: 'two', placement: { worker: 2 } })
    const back = { type: 'send', to: last, event: { type: 'note' } }
    const first = system.spawn(local, {
      id: 'first',
      input: { to: one, event: { type: 'send', to: two, event: back } as never },
    })
    first.send({ type: 'start' })
    await noted.promise
    await adopted(2)
    const spans = exporter.getFinishedSpans()
    expect(told(spans)).toEqual([
      ['handle note', 'last', 'two'],
      ['handle send', 'one', 'first'],
      ['handle send', 'two', 'one'],
      ['handle start', 'first', undefined],
    ])
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1)
    expect(spans.every(({ resource }) => resource.attributes['service.name'] === 'tested')).toBe(true)
    const times = spans.map(
      ({ startTime, endTime }) => endTime[0] * 1e9 + endTime[1] - startTime[0] * 1e9 - startTime[1],
    )
    expect(times.every((ns) => ns >= 0 && ns < 60e9)).toBe(true)
    await system.stop()
  })

  it('has the error of a step there, by its class, and nothing of what was said', async () => {
    const { system, exporter, adopted } = await start(usesSharedMemory)
    const far = system.spawn(recorder, { id: 'far', placement: { worker: 1 } })
    const first = system.spawn(local, {
      id: 'first',
      input: { to: far, event: { type: 'boom', value: 'a secret' } as never },
    })
    first.send({ type: 'start' })
    await adopted(1)
    const span = exporter.getFinishedSpans().find(({ name }) => name === 'handle boom')
    expect(span).toMatchObject({
      status: { code: 2 },
      attributes: { 'error.type': 'Error', 'kernell.actor.id': 'far' },
    })
    expect(JSON.stringify(span?.attributes)).not.toContain('secret')
    await system.stop()
  })

  it('does not begin on a worker: what nobody traces has no spans there', async () => {
    const { system, exporter, adopted } = await start(usesSharedMemory)
    const far = system.spawn(recorder, { id: 'far', placement: { worker: 1 } })
    // From outside of any actor.
    far.send({ type: 'note', value: 1 })
    const first = system.spawn(local, { id: 'first', input: { to: far, event: { type: 'note', value: 2 } as never } })
    first.send({ type: 'start' })
    await adopted(1)
    expect(await far.ask({ type: 'recall' })).toMatchObject({ heard: [1, 2] })
    expect(exporter.getFinishedSpans().filter(({ name }) => name === 'handle note').length).toBe(1)
    await system.stop()
  })
})

describe('without anybody who takes spans of other threads', () => {
  it('messages go as they are, and nothing is made there', async () => {
    const exporter = new InMemorySpanExporter()
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
    const system = createActorSystem({ threads: { count: 1 }, tracer: createOpenTelemetryTracer() })
    const far = system.spawn(recorder, { id: 'far', placement: { worker: 1 } })
    const first = system.spawn(local, { id: 'first', input: { to: far, event: { type: 'note', value: 1 } as never } })
    first.send({ type: 'start' })
    await expect.poll(async () => await far.ask({ type: 'recall' }), { timeout: 15_000 }).toMatchObject({ heard: [1] })
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['handle start'])
    await system.stop()
  })
})
