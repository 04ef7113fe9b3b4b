import type { ActorRef } from '../actor-ref.ts'
import type { AgentDefinition, SpawnOptions } from '../agent-definition.ts'
import type { Behaviour, Cell } from '../cell/cell.ts'

/** What a composition adds to a system: durable actors, other threads. */
export interface SystemExtension {
  /** Resolves when messages to durable and distant actors are taken. */
  readonly ready: Promise<void>
  /** A reference to an actor that does not live on this thread; `undefined`: it is to live here. */
  place(definition: AgentDefinition, options: SpawnOptions): ActorRef | undefined
  /** An actor of another thread. */
  find(id: string): ActorRef | undefined
  /** Wraps the behaviour of an actor that is to live here, below `parent`. */
  wrap(definition: AgentDefinition, behaviour: Behaviour, parent: Cell): Behaviour
  /**
   * Resolves, or rejects, when what is under way for the actors of this thread has come to an end: being opened, being
   * stored. `undefined` when nothing is. Absent: nothing ever is.
   */
  settling?(): Promise<void> | undefined
  /**
   * Runs when the actors of this thread have ended.
   *
   * @param drainLeftMs  What is left of the time in which messages that wait are still handled; 0 and more.
   */
  stop(drainLeftMs: number): Promise<void>
}
