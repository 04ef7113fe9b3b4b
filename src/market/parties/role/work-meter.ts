import { METER_UNITS_MAX } from '../../../core/metering/meter.ts'
import type { TaskCounts } from '../selling/read-meter.ts'
import { TASK_UNIT } from '../accounts/statements.ts'
import type { Clock } from '../../../ports/clock.ts'

/** Units that every piece of work is counted by: how often it was done, what went in and came out, and how long it took. */
export const WORK_UNITS = { task: TASK_UNIT, input: 'bytes.in', output: 'bytes.out', time: 'milliseconds' } as const
/** A word, as messages have it. */
export const METER_UNIT = /^[a-z][a-z0-9._/-]{0,63}$/
const OWN_UNITS: readonly string[] = Object.values(WORK_UNITS)

/** Counts what one piece of work uses, while it runs. */
export class WorkMeter {
  private readonly clock: Pick<Clock, 'monotonicMs'>
  private readonly startedMs: number
  private readonly counted = new Map<string, bigint>()

  constructor(clock: Pick<Clock, 'monotonicMs'>, inputBytes: number) {
    this.clock = clock
    this.startedMs = clock.monotonicMs()
    this.counted.set(WORK_UNITS.input, BigInt(inputBytes))
  }

  /** More of a unit of the worker's own. Throws `RangeError` for one of those that are counted here, what is no word, a negative quantity, or too many units. */
  count(unit: string, quantity: bigint): void {
    if (!METER_UNIT.test(unit)) throw new RangeError('A unit is a word such as tokens.out')
    if (OWN_UNITS.includes(unit)) throw new RangeError(`${unit} is counted by the node`)
    if (quantity < 0n) throw new RangeError('A meter counts upward')
    if (!this.counted.has(unit) && this.counted.size >= METER_UNITS_MAX - OWN_UNITS.length)
      throw new RangeError(`${METER_UNITS_MAX} units are the most`)
    this.counted.set(unit, (this.counted.get(unit) ?? 0n) + quantity)
  }

  /** So far; with the bytes of a result once there is one. */
  read(resultBytes?: number): TaskCounts {
    const spentMs = Math.max(0, Math.ceil(this.clock.monotonicMs() - this.startedMs))
    const counts = new Map(this.counted).set(WORK_UNITS.time, BigInt(spentMs))
    if (resultBytes === undefined) return counts
    return counts.set(WORK_UNITS.output, BigInt(resultBytes)).set(WORK_UNITS.task, 1n)
  }
}
