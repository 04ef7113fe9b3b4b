import type { AnyEventObject } from 'xstate'
import type { Cell, CellHost, ScopeAction } from '../../cell/cell.ts'
import { emitEvent } from '../../delivery/observers.ts'
import type { TurnGate } from './turn-gate.ts'

/**
 * The scope that XState's logic is given in a durable actor. The cell is its own scope elsewhere; here what the logic defers
 * belongs to the turn, and what it emits waits until that is stored.
 */
export class DurableScope {
  readonly self: Cell
  readonly id: string
  readonly sessionId: string
  readonly system: CellHost
  readonly logger: (...parts: unknown[]) => void
  readonly defer: (task: () => void) => void
  readonly emit: (event: AnyEventObject) => void
  readonly stopChild: (child: unknown) => void
  /** XState's code puts its own in its place while it makes a step. */
  actionExecutor: (action: ScopeAction) => void
  readonly #deferred: (() => void)[] = []
  readonly #execute: (action: ScopeAction) => void

  constructor(cell: Cell, gate: TurnGate) {
    const { system } = cell
    this.self = cell
    this.id = cell.id
    this.sessionId = cell.sessionId
    this.system = system
    this.logger = (...parts) => cell.logger(...parts)
    this.defer = (task) => void this.#deferred.push(task)
    this.emit = (event) => {
      const { current } = gate
      if (current === undefined) emitEvent(cell, event)
      else current.turn.holdBack(() => emitEvent(cell, event))
    }
    this.stopChild = (child) => system.stopChild(cell, child)
    this.#execute = (action) => {
      // What the first state brings with it waits for the turn that the start is.
      if (gate.current?.cell === cell) runAction(cell, action)
      else this.#deferred.push(() => runAction(cell, action))
    }
    this.actionExecutor = this.#execute
  }

  /** A step is over, whatever came of it. */
  reset(): void {
    this.actionExecutor = this.#execute
  }

  /** Forgets what was deferred. */
  clear(): void {
    this.#deferred.length = 0
  }

  /** Runs what was deferred, what that defers itself included. */
  runDeferred(): void {
    try {
      for (let index = 0; index < this.#deferred.length; index += 1) this.#deferred[index]?.()
    } finally {
      this.#deferred.length = 0
    }
  }
}

function runAction(cell: Cell, { type, params, info, exec }: ScopeAction): void {
  if (cell.system.isInspected) {
    cell.system._sendInspectionEvent({ type: '@xstate.action', actorRef: cell, action: { type, params } })
  }
  exec?.(info, params)
}
