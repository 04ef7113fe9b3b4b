import type { Violation } from '../checks/check-book.ts'
import type { FaultKind, PlannedFault } from '../faults/fault-plan.ts'
import type { MetricValue } from '../scenario/scenario.ts'
import type { HandledPart, SignatureKind } from '../scenario/stage.ts'
import type { MetricSeries } from './series.ts'

/** What a run was and what came of it. */
export type RunReport = {
  readonly scenario: string
  readonly seed: number
  readonly options: unknown
  readonly signatures: SignatureKind
  /** Messages handled, timers fired, and whatever else happened by itself. */
  readonly events: number
  readonly virtualMs: number
  readonly agents: number
  /** 64 hexadecimal digits; equal for equal runs on every machine. */
  readonly hash: string
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  readonly plan: readonly PlannedFault[]
  readonly checks: Readonly<Record<string, number>>
  readonly handled: Readonly<Record<HandledPart, number>>
  /** Violations; of them the first ones are listed. */
  readonly violationsFound: number
  readonly violations: readonly Violation[]
  readonly metrics: Readonly<Record<string, MetricValue>>
  /** Quantities over virtual time: how many events had happened, then what the scenario gives. */
  readonly series: readonly MetricSeries[]
  /** Events between two looks of the scenario's checkers. */
  readonly lookEvery: number
  /** Whether it was ended before its end. */
  readonly isCut: boolean
}
