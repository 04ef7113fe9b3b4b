import type { AnyActorLogic, AnyEventObject, Snapshot } from 'xstate'
import { fromTransition } from 'xstate'
import type { AgentDefinition } from '../agent-definition.ts'
import { LOGIC_ENDED, WHOLE, type Behaviour, type Cell } from '../cell/cell.ts'
import { notifyNext } from '../delivery/observers.ts'

type Reducer = (context: unknown, event: AnyEventObject, scope: Cell) => unknown

/**
 * `fromTransition` logic without its wrapping: the cell keeps the bare context, and a snapshot is made when somebody looks.
 * XState copies the whole snapshot for each event instead.
 */
export class ReducerBehaviour implements Behaviour {
  readonly isSupervisor = false
  readonly logic: AnyActorLogic
  readonly definition: AgentDefinition
  readonly reduce: Reducer

  constructor(definition: AgentDefinition, reduce: Reducer) {
    this.logic = definition.logic
    this.definition = definition
    this.reduce = reduce
  }

  initialise(cell: Cell, stored?: Snapshot<unknown>): void {
    // The scope's type differs from XState's in what its logic never sees.
    const snapshot = stored ?? this.logic.getInitialSnapshot(cell as never, cell.input)
    const isPlain = snapshot.status === 'active'
    cell.state = isPlain ? (snapshot as { readonly context?: unknown }).context : snapshot
    cell.marks = isPlain ? cell.marks & ~WHOLE : cell.marks | WHOLE
  }

  start(cell: Cell): void {
    if (cell.extras !== undefined) notifyNext(cell, this.snapshotOf(cell))
    const { system } = cell
    if (system.isInspected) {
      const event = { type: 'xstate.init', input: cell.input }
      const snapshot = this.snapshotOf(cell)
      system._sendInspectionEvent({ type: '@xstate.snapshot', actorRef: cell, event, snapshot })
    }
  }

  step(cell: Cell, event: AnyEventObject): void {
    const context = (cell.marks & WHOLE) === 0 ? cell.state : (cell.state as { readonly context: unknown }).context
    cell.state = this.reduce(context, event, cell)
    cell.marks &= ~WHOLE
    if (cell.extras?.observers !== undefined || cell.system.isInspected) this.publish(cell, event)
  }

  end(cell: Cell): void {
    if ((cell.marks & LOGIC_ENDED) !== 0) return
    // XState gives its stop to the logic as an event, and logic may rely on it.
    this.step(cell, STOP_EVENT)
  }

  snapshotOf(cell: Cell): Snapshot<unknown> {
    if ((cell.marks & WHOLE) === 0) {
      cell.state = { status: 'active', output: undefined, error: undefined, context: cell.state }
      cell.marks |= WHOLE
    }
    return cell.state as Snapshot<unknown>
  }

  persistedSnapshotOf(cell: Cell): Snapshot<unknown> {
    return this.snapshotOf(cell)
  }

  setError(cell: Cell, error: unknown): void {
    cell.state = { ...this.snapshotOf(cell), status: 'error', error }
  }

  private publish(cell: Cell, event: AnyEventObject): void {
    const { system } = cell
    const snapshot = this.snapshotOf(cell)
    notifyNext(cell, snapshot)
    if (system.isInspected) {
      system._sendInspectionEvent({ type: '@xstate.snapshot', actorRef: cell, event, snapshot })
    }
  }
}

const STOP_EVENT: AnyEventObject = Object.freeze({ type: 'xstate.stop' })

/** The members of logic that `fromTransition` makes, with the text of those that are XState's own functions. */
const MEMBERS = textOfMembers(fromTransition((context: unknown) => context, undefined))

/**
 * The reducer of logic that is what `fromTransition` made; `undefined` for any other logic. XState does not mark its logic
 * and makes its functions anew each time, so all members are compared with those of a sample: the same names, and for each
 * but the reducer the same text. What has a member more, or one of its own (a `start`, a persisted form, a step around
 * XState's), is hosted as general logic, and so is the logic of a version of XState that works otherwise. `config` and the
 * reducer that `transition` holds are taken to come from the same call: nothing but a step could tell.
 */
export function reducerOf(logic: AnyActorLogic): Reducer | undefined {
  const { config } = logic as { readonly config?: unknown }
  if (typeof config !== 'function' || Object.getPrototypeOf(logic) !== Object.prototype) return undefined
  const members = textOfMembers(logic)
  if (members.size !== MEMBERS.size) return undefined
  for (const [name, text] of MEMBERS) if (members.get(name) !== text) return undefined
  return config as Reducer
}

function textOfMembers(logic: object): Map<string | symbol, string> {
  const texts = new Map<string | symbol, string>()
  for (const name of Reflect.ownKeys(logic)) {
    const value: unknown = Object.getOwnPropertyDescriptor(logic, name)?.value
    texts.set(name, name === 'config' || typeof value !== 'function' ? typeof value : String(value))
  }
  return texts
}
