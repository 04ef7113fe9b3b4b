import { fromTransition, type AnyActorLogic, type Snapshot } from 'xstate'
import type { RestartIntensityLimit } from '../../core/supervision/restart-intensity.ts'
import type { RestartStrategy } from '../../core/supervision/restart-plan.ts'
import type { AgentDefinition } from '../agent-definition.ts'
import type { Behaviour, Cell } from '../cell/cell.ts'
import { defineAgent } from '../define-agent.ts'

export type SupervisorInit = {
  readonly strategy: RestartStrategy
  readonly intensity: RestartIntensityLimit
  /** True: each child has an intensity of its own, and the supervisor never fails (the system's own). */
  readonly isPerChild: boolean
}

/** An inner node of the tree that takes no messages: it decides what becomes of its children. See `supervise.ts`. */
export class SupervisorBehaviour implements Behaviour, SupervisorInit {
  readonly isSupervisor = true
  readonly logic: AnyActorLogic = SUPERVISOR_LOGIC
  readonly definition: AgentDefinition = SUPERVISOR
  readonly strategy: RestartStrategy
  readonly intensity: RestartIntensityLimit
  readonly isPerChild: boolean

  constructor({ strategy, intensity, isPerChild }: SupervisorInit) {
    this.strategy = strategy
    this.intensity = intensity
    this.isPerChild = isPerChild
  }

  initialise(cell: Cell): void {
    cell.state = ACTIVE
  }

  start(): void {}

  step(): void {}

  end(): void {}

  snapshotOf(cell: Cell): Snapshot<unknown> {
    return cell.state as Snapshot<unknown>
  }

  persistedSnapshotOf(): Snapshot<unknown> {
    return ACTIVE
  }

  setError(cell: Cell, error: unknown): void {
    cell.state = { ...ACTIVE, status: 'error', error }
  }
}

const ACTIVE: Snapshot<unknown> = Object.freeze({ status: 'active', output: undefined, error: undefined })
const SUPERVISOR_LOGIC = fromTransition(() => undefined, undefined)
const SUPERVISOR: AgentDefinition = defineAgent({ name: 'supervisor', logic: SUPERVISOR_LOGIC, restart: 'permanent' })
