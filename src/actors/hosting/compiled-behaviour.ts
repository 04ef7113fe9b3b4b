import type { AnyActorLogic, AnyEventObject, AnyMachineSnapshot, Snapshot } from 'xstate'
import type { AgentDefinition } from '../agent-definition.ts'
import { STOPPED, WHOLE, type Behaviour, type Cell } from '../cell/cell.ts'
import { runActions, settle } from '../cell/life.ts'
import { NOT_COMPILED, type CompiledMachine } from '../compile/compiled-machine.ts'
import { LogicBehaviour, takeDeferred } from './logic-behaviour.ts'

/**
 * A machine run from its tables: the cell keeps the bare context and the index of the state, and a snapshot is made
 * when somebody looks. What tables do not know (children, events that XState keeps for itself, inspection of single
 * microsteps) is left to XState's own code, for this step or from then on.
 */
export class CompiledBehaviour implements Behaviour {
  readonly isSupervisor = false
  readonly logic: AnyActorLogic
  readonly definition: AgentDefinition
  readonly compiled: CompiledMachine
  readonly hosted: LogicBehaviour

  constructor(definition: AgentDefinition, compiled: CompiledMachine) {
    this.logic = definition.logic
    this.definition = definition
    this.compiled = compiled
    this.hosted = new LogicBehaviour(definition)
  }

  initialise(cell: Cell, stored?: Snapshot<unknown>): void {
    if (stored === undefined && !cell.system.isInspected) this.initialiseCompiled(cell)
    else {
      this.hosted.initialise(cell, stored)
      this.takeBack(cell)
    }
  }

  start(cell: Cell): void {
    // Nothing follows a first state that has no entry actions, and nobody looks.
    if (cell.extras === undefined && !cell.system.isInspected && !this.isFinal(cell)) return
    this.snapshotOf(cell)
    this.hosted.start(cell)
    this.takeBack(cell)
  }

  step(cell: Cell, event: AnyEventObject): void {
    const { compiled } = this
    const { system } = cell
    if (system.isInspected) {
      this.hostStep(cell, event)
      return
    }
    const isWhole = (cell.marks & WHOLE) !== 0
    const before = isWhole ? (cell.state as AnyMachineSnapshot).context : (cell.state as AnyMachineSnapshot['context'])
    const base = system.deferred.length
    compiled.context = before
    const next = compiled.step(cell.stateIndex, event, cell)
    if (next === NOT_COMPILED) {
      this.hostStep(cell, event)
      return
    }
    if (cell.status === STOPPED) return
    if (compiled.children !== undefined) {
      this.leaveTables(cell, next)
      settle(cell, event, base)
      return
    }
    if (compiled.isChanged) {
      cell.stateIndex = next
      cell.state = compiled.context
      cell.marks &= ~WHOLE
    }
    if (compiled.finals[next] === true) this.setDone(cell, compiled.output)
    else if (cell.extras?.observers === undefined) {
      // Most steps end here, without a snapshot that somebody would keep until the next one.
      runActions(cell, base)
      if (cell.status === STOPPED || ((cell.marks & WHOLE) === 0 && cell.extras?.observers === undefined)) return
    }
    this.snapshotOf(cell)
    settle(cell, event, base)
  }

  end(cell: Cell): void {
    this.snapshotOf(cell)
    this.hosted.end(cell)
  }

  snapshotOf(cell: Cell): Snapshot<unknown> {
    if ((cell.marks & WHOLE) === 0) {
      const context = cell.state as AnyMachineSnapshot['context']
      cell.state = this.compiled.snapshotOf({ stateIndex: cell.stateIndex, context })
      cell.marks |= WHOLE
    }
    return cell.state as Snapshot<unknown>
  }

  persistedSnapshotOf(cell: Cell, options?: unknown): Snapshot<unknown> {
    return this.logic.getPersistedSnapshot(this.snapshotOf(cell), options)
  }

  setError(cell: Cell, error: unknown): void {
    cell.state = { ...this.snapshotOf(cell), status: 'error', error }
  }

  private initialiseCompiled(cell: Cell): void {
    const { compiled } = this
    const base = cell.system.deferred.length
    const index = compiled.initial(cell.input, cell)
    cell.marks &= ~WHOLE
    if (index === NOT_COMPILED) {
      cell.state = compiled.failed
      cell.marks |= WHOLE
    } else if (compiled.children === undefined) {
      cell.stateIndex = index
      cell.state = compiled.context
      if (this.isFinal(cell)) this.setDone(cell, compiled.output)
    } else {
      const { context, children } = compiled
      cell.state = compiled.snapshotOf({ stateIndex: index, context, children })
      cell.behaviour = this.hosted
    }
    takeDeferred(cell, base)
  }

  private isFinal(cell: Cell): boolean {
    return (cell.marks & WHOLE) !== 0
      ? (cell.state as Snapshot<unknown>).status !== 'active'
      : this.compiled.finals[cell.stateIndex] === true
  }

  private setDone(cell: Cell, output: unknown): void {
    const context = cell.state as AnyMachineSnapshot['context']
    cell.state = this.compiled.snapshotOf({ stateIndex: cell.stateIndex, context, status: 'done', output })
    cell.marks |= WHOLE
  }

  /** One step by XState's own code. */
  private hostStep(cell: Cell, event: AnyEventObject): void {
    this.snapshotOf(cell)
    this.hosted.step(cell, event)
    this.takeBack(cell)
  }

  /** After XState's code: on with the tables where they know the state, otherwise the cell stays with XState's code. */
  private takeBack(cell: Cell): void {
    cell.marks |= WHOLE
    const snapshot = cell.state as AnyMachineSnapshot
    if (cell.status === STOPPED || snapshot.status !== 'active') return
    const index = this.compiled.indexOf(snapshot)
    if (index === NOT_COMPILED) cell.behaviour = this.hosted
    else cell.stateIndex = index
  }

  /** The step spawned children: from now on the cell is hosted. */
  private leaveTables(cell: Cell, stateIndex: number): void {
    const { context, children, finals, output } = this.compiled
    const isDone = finals[stateIndex] === true
    const end = isDone ? ({ status: 'done', output } as const) : {}
    cell.state = this.compiled.snapshotOf({ stateIndex, context, children, ...end })
    cell.marks |= WHOLE
    cell.behaviour = this.hosted
  }
}
