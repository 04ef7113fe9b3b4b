import type { Tracer } from '../../ports/tracer.ts'
import type { RestartIntensityLimit } from '../../core/supervision/restart-intensity.ts'
import type { RestartStrategy } from '../../core/supervision/restart-plan.ts'
import type { ActorRef } from '../actor-ref.ts'
import type { StepObserver } from '../cell/cell.ts'
import type { XStateClock } from '../cell/cell-extras.ts'
import type { ActorEnvironment } from '../environment.ts'
import type { SystemExtension } from './system-extension.ts'
import type { NumberSource } from './xstate-contract.ts'

export type ActorSystemInit = {
  readonly environment: ActorEnvironment
  /** True: sends from outside a turn drain to quiescence before they return. */
  readonly isInline: boolean
  /** Replaces the clock that XState's logic is given. */
  readonly clock?: XStateClock
  readonly logger?: (...parts: unknown[]) => void
  readonly deadLettersMax?: number
  /** Name of this machine in addresses. Default `local`. */
  readonly nodeName?: string
  /** Default: numbers of its own, from 0. */
  readonly numbers?: NumberSource
  /** Index of this thread in addresses. Default 0. */
  readonly workerIndex?: number
  readonly extension?: SystemExtension
  /** A span per message. Absent: no cost; not recording: looked at once per slice of turns. */
  readonly tracer?: Tracer
  /** Sees each message and makes the steps, in place of a tracer's spans. Absent: no cost. */
  readonly stepObserver?: StepObserver
}

/** How long the end of a system may take for the sake of messages that wait. */
export type StopOptions = {
  /**
   * How long messages that wait are still handled, in milliseconds. Default 2,000; 0 drops them. Worker threads have half a
   * second more, then they are ended.
   */
  readonly drainMs?: number
}

/** A supervisor to be started: which of the actors below it start again when one fails, how often, and below whom it is itself. */
export type SuperviseOptions = {
  /** As that of an actor. */
  readonly id?: string
  readonly strategy: RestartStrategy
  /** More restarts than this, and the supervisor fails itself. Default 3 within 5,000 ms. */
  readonly intensity?: RestartIntensityLimit
  /** The one above it. Absent: the system's own. */
  readonly supervisor?: ActorRef
}
