import type { AnyActorLogic, AnyEventObject, Snapshot } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import type { AgentDefinition } from '../agent-definition.ts'
import type { Behaviour, Cell } from '../cell/cell.ts'

/** The lease that an actor of another machine acts under. */
export type Fence = {
  readonly mayAct: () => boolean
  /** It may not: everything under this lease is to end, as soon as the step under way is over. */
  readonly onOver: () => void
}

/**
 * Another behaviour, looked after at each step: an actor that is placed here acts only while its home counts on it. A process that was stopped and wakes
 * up has its lease behind it, and must not handle one message more.
 */
export class FencedBehaviour implements Behaviour {
  readonly isSupervisor: boolean
  readonly logic: AnyActorLogic
  readonly definition: AgentDefinition
  readonly fence: Fence
  private readonly inner: Behaviour
  private stored: unknown

  /** @param stored  A snapshot that it goes on from, once. */
  constructor(inner: Behaviour, fence: Fence, stored?: unknown) {
    this.inner = inner
    this.fence = fence
    this.stored = stored
    this.isSupervisor = inner.isSupervisor
    this.logic = inner.logic
    this.definition = inner.definition
  }

  initialise(cell: Cell, stored?: Snapshot<unknown>): void {
    this.check(cell)
    const given = stored ?? (this.stored as Snapshot<unknown> | undefined)
    this.stored = undefined
    this.inner.initialise(cell, given)
  }

  start(cell: Cell): void {
    this.check(cell)
    this.inner.start(cell)
  }

  step(cell: Cell, event: AnyEventObject): void {
    if (this.fence.mayAct()) {
      this.inner.step(cell, event)
      return
    }
    cell.system.deadLetters.put(cell, event, 'node-lost')
    this.fence.onOver()
  }

  end(cell: Cell): void {
    this.inner.end(cell)
  }

  snapshotOf(cell: Cell): Snapshot<unknown> {
    return this.inner.snapshotOf(cell)
  }

  persistedSnapshotOf(cell: Cell, options?: unknown): Snapshot<unknown> {
    return this.inner.persistedSnapshotOf(cell, options)
  }

  setError(cell: Cell, error: unknown): void {
    this.inner.setError(cell, error)
  }

  private check(cell: Cell): void {
    if (this.fence.mayAct()) return
    this.fence.onOver()
    const message = `Actor ${cell.id} may not act here any more: its home has given it to another machine`
    throw new CodedError('ACTOR_NODE_LOST', { message })
  }
}
