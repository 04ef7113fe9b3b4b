import { fromTransition } from 'xstate'
import type { ActorRef } from '../actors/actor-ref.ts'
import { defineAgent } from '../actors/define-agent.ts'
import type { ActorSystem } from '../actors/system/actor-system.ts'
import { CodedError } from '../base/errors.ts'
import type { TaskOutcome } from '../core/routing/task-outcome.ts'
import type { Timers } from '../ports/timers.ts'
import type { TelemetryPipeline } from '../telemetry/telemetry-pipeline.ts'

export type TelemetryWriterComponents = {
  readonly actors: ActorSystem
  readonly timers: Timers
}

type WriterMessage =
  | { readonly type: 'task-recorded'; readonly outcome: TaskOutcome }
  | { readonly type: 'flush'; readonly resolve: () => void; readonly reject: (error: unknown) => void }
  /** The pipeline's own time to write has come. */
  | { readonly type: 'write-due'; readonly write: () => void }
  | { readonly type: 'xstate.stop' }

/** Records that may wait for their turn; they do for a moment only. */
const MAILBOX_BOUND = 65_536

/**
 * A pipeline behind the actor `telemetry`: whoever records has sent a message and goes on, and a record over which the
 * pipeline fails is lost without the others. What does not get in is counted as dropped.
 *
 * @param open  Makes the pipeline over timers whose callbacks are turns of the actor.
 */
export function createTelemetryWriter(
  components: TelemetryWriterComponents,
  open: (timers: Timers) => TelemetryPipeline,
): TelemetryPipeline {
  return new ActorTelemetry(components, open)
}

class ActorTelemetry implements TelemetryPipeline {
  readonly #pipeline: TelemetryPipeline
  readonly #actor: ActorRef
  #lost = 0

  constructor({ actors, timers }: TelemetryWriterComponents, open: (timers: Timers) => TelemetryPipeline) {
    this.#pipeline = open({
      schedule: (delayMs, callback) =>
        timers.schedule(delayMs, () => {
          // The last writes are those of `stop`.
          this.#actor.send({ type: 'write-due', write: callback })
        }),
    })
    const logic = fromTransition((context: undefined, message: WriterMessage) => {
      this.#handle(message)
      return context
    }, undefined)
    const definition = defineAgent({
      name: 'telemetry',
      logic,
      restart: 'permanent',
      mailbox: { bound: MAILBOX_BOUND },
    })
    this.#actor = actors.spawn(definition, { id: 'telemetry' })
  }

  get flushIntervalMs(): number {
    return this.#pipeline.flushIntervalMs
  }

  get queuedCount(): number {
    return this.#pipeline.queuedCount
  }

  get storedCount(): number {
    return this.#pipeline.storedCount
  }

  get droppedCount(): number {
    return this.#pipeline.droppedCount + this.#lost
  }

  record(outcome: TaskOutcome): void {
    if (!this.#actor.send({ type: 'task-recorded', outcome })) this.#lost += 1
  }

  countPending(): void {
    this.#pipeline.countPending()
  }

  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#actor.send({ type: 'flush', resolve, reject })) return
      reject(new CodedError('ACTOR_STOPPED', { message: 'The writer of telemetry has ended' }))
    })
  }

  async start(): Promise<void> {
    await this.#pipeline.start()
  }

  async stop(): Promise<void> {
    // Records that were sent are in the pipeline before it stops.
    await this.#actor.stop({ drain: true })
    await this.#pipeline.stop()
  }

  #handle(message: WriterMessage): void {
    switch (message.type) {
      case 'task-recorded':
        this.#take(message.outcome)
        return
      case 'flush':
        this.#pipeline.flush().then(message.resolve, message.reject)
        return
      case 'write-due':
        message.write()
        return
      case 'xstate.stop':
    }
  }

  #take(outcome: TaskOutcome): void {
    try {
      this.#pipeline.record(outcome)
    } catch (error: unknown) {
      this.#lost += 1
      throw error
    }
  }
}
