import type { AnyActorLogic, AnyEventObject, Snapshot } from 'xstate'
import { defineAgent } from '../define-agent.ts'
import type { AgentDefinition } from '../agent-definition.ts'
import type { Behaviour, Cell } from '../cell/cell.ts'

/** What is used of the object that XState constructs inside `spawnChild`, `invoke` and the `spawn` of `assign`. */
export interface XStateActor {
  readonly id: string
  readonly sessionId: string
  readonly logic: AnyActorLogic
  readonly _parent: unknown
  readonly system: unknown
  readonly _processingStatus: number
  _send(event: AnyEventObject): void
  _stop(): void
  getSnapshot(): Snapshot<unknown>
  getPersistedSnapshot(options?: unknown): Snapshot<unknown>
  /** The cell that drives it, from its start or its first message on. */
  kernellCell?: Cell
}

const RUNNING_IN_XSTATE = 1

/**
 * A child that XState constructed. Its own code makes its steps; when, in which order and within which bounds is up to
 * its cell, which has the place of any other in the run queue and in the tree.
 */
export class AdoptedBehaviour implements Behaviour {
  readonly isSupervisor = false
  readonly logic: AnyActorLogic
  readonly definition: AgentDefinition = ADOPTED_DEFINITION
  readonly actor: XStateActor
  /** Its messages wait until its start is over. */
  isStarting = false

  constructor(actor: XStateActor) {
    this.actor = actor
    this.logic = actor.logic
  }

  initialise(): void {}

  start(): void {}

  step(_cell: Cell, event: AnyEventObject): void {
    this.actor._send(event)
  }

  end(): void {
    if (this.actor._processingStatus === RUNNING_IN_XSTATE) this.actor._stop()
  }

  snapshotOf(): Snapshot<unknown> {
    return this.actor.getSnapshot()
  }

  persistedSnapshotOf(_cell: Cell, options?: unknown): Snapshot<unknown> {
    return this.actor.getPersistedSnapshot(options)
  }

  setError(): void {}
}

const ADOPTED_DEFINITION: AgentDefinition = defineAgent({
  name: 'xstate-child',
  logic: { transition: (state: never) => state } as never,
})
