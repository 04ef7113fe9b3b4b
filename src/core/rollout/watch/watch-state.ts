import { NO_TOTALS, type ArmTotals } from './arm-totals.ts'
import { NEW_BET, type Bet } from './bet.ts'
import { NEW_FEEDBACK, type FeedbackWatch } from './feedback-watch.ts'
import type { WatchReference } from './watch-reference.ts'
import { NO_SUMS, type Point, type PointSums, type WatchScale } from './watch-points.ts'

export type SloName = 'quality' | 'feedback' | 'errors' | 'cost' | 'latency' | 'drift'
export type Limited = Exclude<SloName, 'feedback'>
export type Compared = Exclude<Limited, 'drift'>

/**
 * The canary's requests against the control's. A request of the canary waits until enough requests of the control came after the one before
 * it; the difference to their mean is bet on. Where the canary has more requests than the control it is the other way round.
 *
 * ```text
 * canary    x . . . . . . . x . . . . . . . . . x      waiting: x
 * control   . o o o o o o o . o o o o o o o o o .      block:   o o o o o o
 * ```
 */
export type WatchState = {
  readonly canary: ArmTotals
  readonly control: ArmTotals
  /** The arm whose requests wait. */
  readonly waits: 'candidate' | 'incumbent'
  readonly waiting: readonly Point[]
  readonly block: PointSums
  /** What counts as 1; set from what the incumbent did lately and from the control's requests so far, anew each time that these have doubled. */
  readonly scale: WatchScale | null
  readonly againstControl: Readonly<Record<Compared, Bet>>
  readonly againstLimit: Readonly<Record<Limited, Bet>>
  readonly feedback: FeedbackWatch
  /** Set when no control is left to compare with. */
  readonly reference: WatchReference | null
}

export const NEW_WATCH: WatchState = {
  canary: NO_TOTALS,
  control: NO_TOTALS,
  waits: 'candidate',
  waiting: [],
  block: NO_SUMS,
  scale: null,
  againstControl: { quality: NEW_BET, errors: NEW_BET, cost: NEW_BET, latency: NEW_BET },
  againstLimit: { quality: NEW_BET, errors: NEW_BET, cost: NEW_BET, latency: NEW_BET, drift: NEW_BET },
  feedback: NEW_FEEDBACK,
  reference: null,
}
