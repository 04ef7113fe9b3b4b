import { assign, createMachine, fromTransition, sendParent, setup, type InspectionEvent } from 'xstate'
import { describe, expect, it } from 'vitest'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import type { AttributeValue, Span, Tracer } from '../../../src/ports/tracer.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

type RecordedSpan = Span & {
  readonly name: string
  readonly parent: RecordedSpan | undefined
  readonly attributes: Record<string, AttributeValue>
  error: unknown
  isEnded: boolean
}

class RecordingTracer implements Tracer {
  readonly isRecording = true
  readonly spans: RecordedSpan[] = []

  startSpan(name: string, parent?: unknown): Span {
    const attributes: Record<string, AttributeValue> = {}
    const span: RecordedSpan = {
      name,
      parent: parent as RecordedSpan | undefined,
      attributes,
      error: undefined,
      isEnded: false,
      isRecording: true,
      traceId: undefined,
      context: undefined,
      setAttribute: (key, value) => void (attributes[key] = value),
      recordError: (error) => {
        span.error = error
      },
      end: () => {
        span.isEnded = true
      },
    }
    this.spans.push(span)
    return span
  }
}

describe('a traced system', () => {
  it('gives each message a span below that of the message which caused it', () => {
    const environment = new SimulatedEnvironment()
    const tracer = new RecordingTracer()
    const system = createActorSystem({ environment, tracer })
    const relay = defineAgent({
      name: 'relay',
      logic: fromTransition((to: ActorRef | undefined, event: { type: string; to?: ActorRef }) => {
        if (event.type === 'to') return event.to
        to?.send({ type: `${event.type}!` })
        if (event.type === 'boom!') throw new Error('broken')
        return to
      }, undefined),
    })
    const last = system.spawn(relay, { id: 'last' })
    const first = system.spawn(relay, { id: 'first' })
    first.send({ type: 'to', to: last })
    first.send({ type: 'boom' })
    environment.settle()
    expect(
      tracer.spans.map(({ name, parent, attributes, isEnded }) => [
        name,
        parent?.name,
        attributes['kernell.actor.id'],
        isEnded,
      ]),
    ).toEqual([
      ['handle to', undefined, 'first', true],
      ['handle boom', undefined, 'first', true],
      ['handle boom!', 'handle boom', 'last', true],
    ])
    expect(tracer.spans[2]?.error).toMatchObject({ message: 'broken' })
  })

  it('has no gate and no observer when the tracer does not record', () => {
    const system = createActorSystem({ environment: new SimulatedEnvironment() })
    expect([system.gate, system.stepObserver]).toEqual([undefined, undefined])
  })
})

describe('an inspected system', () => {
  it('is not harmed by an inspector that throws', () => {
    const environment = new SimulatedEnvironment()
    const system = createActorSystem({ environment })
    const failures: unknown[] = []
    system.onSupervision((event) => void failures.push(event))
    const kinds: string[] = []
    system.inspect(() => {
      throw new Error('inspector')
    })
    system.inspect(({ type }) => void kinds.push(type))
    const counting = defineAgent({ name: 'c', logic: fromTransition((count: number) => count + 1, 0) })
    const ref = system.spawn(counting, { id: 'c' })
    ref.send({ type: 'add' })
    environment.settle()
    expect(ref.getSnapshot()).toMatchObject({ context: 1 })
    expect(failures).toEqual([])
    expect(kinds).toContain('@xstate.snapshot')
    expect(environment.errors.length).toBe(kinds.length)
  })

  it('speaks the protocol of the XState inspector for any agent, its children included', () => {
    const environment = new SimulatedEnvironment()
    const system = createActorSystem({ environment })
    const seen: InspectionEvent[] = []
    const subscription = system.inspect((event) => void seen.push(event))
    const child = createMachine({ entry: sendParent({ type: 'hello' }) })
    const machine = setup({ actors: { child } }).createMachine({
      context: { heard: 0 },
      invoke: { src: 'child', id: 'child' },
      on: { hello: { actions: assign({ heard: ({ context }) => context.heard + 1 }) } },
    })
    const ref = system.spawn(defineAgent({ name: 'm', logic: machine }), { id: 'm' })
    environment.settle()
    expect(ref.getSnapshot()).toMatchObject({ context: { heard: 1 } })
    const kinds = seen.map(({ type }) => type)
    for (const kind of ['@xstate.actor', '@xstate.event', '@xstate.snapshot', '@xstate.microstep', '@xstate.action']) {
      expect(kinds).toContain(kind)
    }
    expect(seen.filter(({ type }) => type === '@xstate.actor')).toHaveLength(2)
    const before = seen.length
    subscription.unsubscribe()
    ref.send({ type: 'hello' })
    environment.settle()
    expect(seen).toHaveLength(before)
    expect(system.gate).toBeUndefined()
  })
})
