import type { AnyActorLogic, AnyEventObject, Snapshot } from 'xstate'
import type { AgentDefinition } from '../agent-definition.ts'
import { LOGIC_ENDED, STOPPED, type Behaviour, type Cell } from '../cell/cell.ts'
import { settle } from '../cell/life.ts'

/** Any XState logic, driven through its own functions with the cell as scope. */
export class LogicBehaviour implements Behaviour {
  readonly isSupervisor = false
  readonly logic: AnyActorLogic
  readonly definition: AgentDefinition
  private readonly noTags: Set<string> = new Set()

  constructor(definition: AgentDefinition) {
    this.logic = definition.logic
    this.definition = definition
  }

  initialise(cell: Cell, stored?: Snapshot<unknown>): void {
    const { logic } = this
    // The scope's type differs from XState's in what its logic never sees.
    const scope = cell as never
    const { deferred } = cell.system
    const base = deferred.length
    if (stored === undefined) cell.state = logic.getInitialSnapshot(scope, cell.input)
    else cell.state = logic.restoreSnapshot === undefined ? stored : logic.restoreSnapshot(stored, scope)
    cell.executor = undefined
    this.shareTags(cell.state)
    takeDeferred(cell, base)
    // What a machine's context throws XState keeps in the first snapshot; to whoever spawns it is a refusal of the input.
    const { status, error } = cell.state as Snapshot<unknown>
    if (status === 'error' && stored === undefined && cell.isSupervised) throw error
  }

  start(cell: Cell): void {
    const { system } = cell
    const base = system.deferred.length
    const snapshot = cell.state as Snapshot<unknown>
    if (snapshot.status === 'error') {
      // As in XState: what would have followed a first state that there is not does not follow.
      if (cell.extras !== undefined) cell.extras.deferred = undefined
      system.childFailed(cell, snapshot.error, undefined)
      return
    }
    if (snapshot.status === 'active' && this.logic.start !== undefined) {
      try {
        this.logic.start(snapshot, cell as never)
      } catch (error: unknown) {
        this.setError(cell, error)
      }
    }
    const { extras } = cell
    if (extras?.deferred !== undefined) {
      system.deferred.push(...extras.deferred)
      extras.deferred = undefined
    }
    settle(cell, { type: 'xstate.init', input: cell.input }, base)
  }

  step(cell: Cell, event: AnyEventObject): void {
    const base = cell.system.deferred.length
    const next: Snapshot<unknown> = this.logic.transition(cell.state, event, cell as never)
    cell.executor = undefined
    if (cell.status === STOPPED) return
    cell.state = next
    settle(cell, event, base)
  }

  end(cell: Cell): void {
    const snapshot = cell.state as Snapshot<unknown>
    if (snapshot.status === 'active' && (cell.marks & LOGIC_ENDED) === 0) this.step(cell, { type: 'xstate.stop' })
  }

  snapshotOf(cell: Cell): Snapshot<unknown> {
    return cell.state as Snapshot<unknown>
  }

  persistedSnapshotOf(cell: Cell, options?: unknown): Snapshot<unknown> {
    return this.logic.getPersistedSnapshot(cell.state, options)
  }

  setError(cell: Cell, error: unknown): void {
    cell.state = { ...(cell.state as Snapshot<unknown>), status: 'error', error }
  }

  /** An empty set is a fifth of an idle statechart; XState makes a new one with each snapshot and never adds to it. */
  private shareTags(snapshot: unknown): void {
    const { tags } = snapshot as { tags?: unknown }
    if (tags instanceof Set && tags.size === 0) (snapshot as { tags: unknown }).tags = this.noTags
  }
}

/** Entry actions wait for the start, which may come much later. */
export function takeDeferred(cell: Cell, base: number): void {
  const { deferred } = cell.system
  if (deferred.length > base) cell.more().deferred = deferred.splice(base)
}
