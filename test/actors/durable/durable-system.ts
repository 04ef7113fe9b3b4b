import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import type { AgentDefinition } from '../../../src/actors/agent-definition.ts'
import { durableActors } from '../../../src/actors/durable/durable-actors.ts'
import type { DurableActors } from '../../../src/actors/durable/durable-actors.ts'
import { DurableExtension } from '../../../src/actors/durable/durable-extension.ts'
import type { DurableStoreInit } from '../../../src/actors/durable/store/durable-store.ts'
import type { SupervisionEvent } from '../../../src/actors/supervision/supervision-event.ts'
import { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { ControlledLog } from './controlled-log.ts'
import { ManualEnvironment } from './manual-environment.ts'

export type DurableSystemInit = {
  readonly log?: EventLog
  readonly environment?: ManualEnvironment
  readonly store?: DurableStoreInit
  /** What the opening of the journal waits for. */
  readonly opens?: Promise<void>
}

/** A real actor system over a journal in memory, whose process can die. */
export class DurableSystem {
  readonly environment: ManualEnvironment
  readonly log: EventLog
  readonly system: ActorSystem
  readonly extension: DurableExtension
  readonly durable: DurableActors
  readonly supervision: SupervisionEvent[] = []
  /** How often the journal was closed. */
  closed = 0

  constructor({
    log = createMemoryEventLog(),
    environment = new ManualEnvironment(),
    store,
    opens,
  }: DurableSystemInit = {}) {
    this.environment = environment
    this.log = log
    const openLog = async (): Promise<EventLog> => {
      await opens
      return log
    }
    const closeLog = async (): Promise<void> => {
      this.closed += 1
      await Promise.resolve()
    }
    this.extension = new DurableExtension({ openLog, closeLog, environment, ...(store !== undefined && { store }) })
    this.system = new ActorSystem({ environment, isInline: false, extension: this.extension })
    this.extension.attach(this.system)
    this.durable = durableActors(this.system)
    this.system.onSupervision((event) => this.supervision.push(event))
  }

  spawn(definition: AgentDefinition, id: string, input?: unknown): ActorRef {
    return this.system.spawn(definition, { id, input })
  }

  /** An actor that was spawned. */
  spawnedOr(id: string): ActorRef {
    const ref = this.system.get(id)
    if (ref === undefined) throw new Error(`No actor ${id}`)
    return ref
  }

  async settle(): Promise<void> {
    await this.environment.settle()
  }

  /** The process dies, without being told; another one starts on what it left. */
  async crash(init: DurableSystemInit = {}): Promise<DurableSystem> {
    await this.settle()
    const log = this.log instanceof ControlledLog ? this.log.inner : this.log
    this.environment.kill()
    return new DurableSystem({ log, environment: new ManualEnvironment(this.environment.clock.now()), ...init })
  }

  /** Waits for something while the world goes on. */
  async during<Value>(promise: Promise<Value>): Promise<Value> {
    const [value] = await Promise.all([promise, this.settle()])
    return value
  }
}
