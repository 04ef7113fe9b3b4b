import type { AnyEventObject } from 'xstate'
import type { Span, TraceParent, Tracer } from '../../ports/tracer.ts'
import type { Cell, StepObserver } from '../cell/cell.ts'

/**
 * A span per message that an actor handles, below the span of the message that made it be sent: a trace is the tree of
 * what one message from outside set going, over all actors. Attributes name the actor and the type of the event, never
 * its content.
 */
export class MessageTracer implements StepObserver {
  readonly #tracer: Tracer
  /** During which span an event was sent. An event that is sent twice belongs to the later sender. */
  readonly #senders = new WeakMap<AnyEventObject, Span | TraceParent>()
  readonly #isFirst: boolean
  #current: Span | undefined

  /** @param isFirst  Of the thread that exports; spans of others go there. */
  constructor(tracer: Tracer, isFirst = true) {
    this.#tracer = tracer
    this.#isFirst = isFirst
  }

  sent(event: AnyEventObject): void {
    if (this.#current !== undefined && typeof event === 'object' && event !== null)
      this.#senders.set(event, this.#current)
  }

  get context(): TraceParent | undefined {
    // Without anybody who takes the spans of another thread, none are made there.
    return this.#tracer.adopt === undefined && this.#isFirst ? undefined : this.#current?.context
  }

  came(event: AnyEventObject, context: TraceParent): void {
    this.#senders.set(event, context)
  }

  step(cell: Cell, event: AnyEventObject): void {
    const span = this.#tracer.startSpan(`handle ${event.type}`, this.#senders.get(event))
    if (span.isRecording) {
      span.setAttribute('kernell.actor.id', cell.id)
      span.setAttribute('kernell.agent.name', cell.behaviour.definition.name)
      span.setAttribute('messaging.operation.type', 'process')
    }
    const outer = this.#current
    this.#current = span
    try {
      cell.behaviour.step(cell, event)
    } catch (error: unknown) {
      span.recordError(error)
      throw error
    } finally {
      this.#current = outer
      span.end()
    }
  }
}
