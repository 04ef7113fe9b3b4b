import type { ZodType } from 'zod'
import type { JsonValue } from '../../base/canonical-json.ts'
import type { PlannedFault } from '../faults/fault-plan.ts'
import type { MetricSeries } from '../run/series.ts'
import type { Stage } from './stage.ts'

/**
 * A way to play a world: who is there, what they want, what may go wrong. One per file; yours as ours.
 *
 * ```ts
 * import { defineScenario } from 'kernell-os/simulation'
 * import { z } from 'zod'
 *
 * export default defineScenario({
 *   name: 'one-timer',
 *   summary: 'A process that waits for a second',
 *   schema: z.strictObject({ agents: z.int().min(1).max(10).default(1) }),
 *   open: async ({ world }) => {
 *     let fired = 0
 *     world.createProcess('alone').timers.schedule(1_000, () => (fired += 1))
 *     return { playMs: 2_000, convergeMs: 0, isSettled: () => fired === 1, finish: async () => ({ metrics: { fired }, state: { fired } }) }
 *   },
 * })
 * ```
 */
export type Scenario<Options = unknown> = {
  readonly name: string
  /** One line, for lists. */
  readonly summary: string
  /** Options with their limits and defaults. `agents`, `nodes` and `steps`, where there, have flags of their own. */
  readonly schema: ZodType<Options>
  /** Builds the world; it may wait for what happens in it. */
  open(stage: Stage, options: Options): Promise<Play>
}

/** A world that is ready to be played. */
export type Play = {
  /** Virtual milliseconds during which faults happen, from the end of `open`. */
  readonly playMs: number
  /** Within so many virtual milliseconds behind the faults everything must be settled. */
  readonly convergeMs: number
  /** What is to go wrong, in the order of time. Absent: nothing. */
  readonly plan?: readonly PlannedFault[]
  /** Makes a fault happen; calls `stage.countFault` where it befell somebody. */
  readonly inject?: (fault: PlannedFault) => void
  /** Takes away what it made happen. */
  readonly relieve?: (fault: PlannedFault) => void
  /** All faults end: links, disks and models are good, machines are up or come up. */
  readonly calm?: () => void
  /** Looked at between events during the play: invariants that hold at every moment. */
  readonly watch?: () => void
  /** How many events lie between two looks of `watch`. Default 64. */
  readonly watchEvery?: number
  /** Whether everything that was begun has come to its end. */
  readonly isSettled: () => boolean
  /** The last checks, and what came of it all. It may wait for what happens in the world. */
  readonly finish: () => Promise<PlayEnd>
}

/**
 * What `finish` of a play resolves to. Metrics that are no object, or a state that is `undefined`, are refused with
 * `SIMULATION_SCENARIO_INVALID`; where there is no state it is null.
 */
export type PlayEnd = {
  readonly metrics: Readonly<Record<string, MetricValue>>
  /** Final state of every actor, store and ledger: part of the run's hash. */
  readonly state: JsonValue
  /** Quantities over virtual time, for pictures: 32 at most, each thinned to 2,000 points. No part of the hash. */
  readonly series?: readonly MetricSeries[]
}

/** A figure of a run as its report shows it: a number, a text, or lists and tables of them. All of them are part of the hash of the run. */
export type MetricValue = number | string | null | readonly MetricValue[] | { readonly [name: string]: MetricValue }

/** Says the type of a scenario's options once. */
export function defineScenario<Options>(scenario: Scenario<Options>): Scenario<Options> {
  return scenario
}
