import { trace } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'
import { fromTransition } from 'xstate'
import { afterEach, expect, test } from 'vitest'
import type { ActorRef } from '../../src/actors/actor-ref.ts'
import { createActorSystem } from '../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../src/actors/define-agent.ts'
import type { ActorSystem } from '../../src/actors/system/actor-system.ts'
import { createOpenTelemetryTracer } from '../../src/telemetry/index.ts'
import { SimulatedEnvironment } from '../actors/simulated-environment.ts'

afterEach(() => trace.disable())

function register(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter()
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  return exporter
}

/** Sends what it gets to the next one. */
const relay = defineAgent({
  name: 'relay',
  logic: fromTransition(
    (next: ActorRef | undefined, { type }: { readonly type: string }) => {
      next?.send({ type: `${type}!` })
      return next
    },
    ({ input }: { input: ActorRef | undefined }) => input,
  ),
})

function createChain(): { readonly environment: SimulatedEnvironment; readonly system: ActorSystem; first: ActorRef } {
  const environment = new SimulatedEnvironment()
  const system = createActorSystem({ environment, tracer: createOpenTelemetryTracer() })
  const last = system.spawn(relay, { id: 'last' })
  const middle = system.spawn(relay, { id: 'middle', input: last })
  return { environment, system, first: system.spawn(relay, { id: 'first', input: middle }) }
}

/** Each span below the one that caused it: name, actor, name of the parent. */
function told(spans: readonly ReadableSpan[]): readonly unknown[] {
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]))
  return spans.map(({ name, attributes, parentSpanContext }) => [
    name,
    attributes['kernell.actor.id'],
    attributes['kernell.agent.name'],
    names.get(parentSpanContext?.spanId ?? ''),
  ])
}

const CHAIN = [
  ['handle a', 'first', 'relay', undefined],
  ['handle a!', 'middle', 'relay', 'handle a'],
  ['handle a!!', 'last', 'relay', 'handle a!'],
]

test('the provider of a program sees a span per message, each below the one that caused it', () => {
  const exporter = register()
  const { environment, first } = createChain()
  first.send({ type: 'a' })
  environment.settle()
  const spans = exporter.getFinishedSpans()
  expect(told(spans)).toEqual(CHAIN)
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1)
  first.send({ type: 'b' })
  environment.settle()
  expect(new Set(exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).size).toBe(2)
})

test('a provider that is registered later sees the messages from then on', () => {
  const { environment, system, first } = createChain()
  first.send({ type: 'before' })
  environment.settle()
  expect([system.gate, system.stepObserver]).toEqual([undefined, undefined])
  const exporter = register()
  first.send({ type: 'a' })
  environment.settle()
  expect(told(exporter.getFinishedSpans())).toEqual(CHAIN)
})

test('a system whose inspector came and went before keeps its spans', () => {
  const { environment, system, first } = createChain()
  const inspector = system.inspect(() => {})
  const exporter = register()
  first.send({ type: 'x' })
  environment.settle()
  inspector.unsubscribe()
  exporter.reset()
  first.send({ type: 'a' })
  environment.settle()
  expect(told(exporter.getFinishedSpans())).toEqual(CHAIN)
})
